import Basics
import Testing

/// The real python3 behind any shim, or nil: tests that unpack or serve need it.
package let realPython: String? = {
    let outcome = try? Subprocess(
        "python3", ["-c", "import sys, zipfile, http.server; print(sys.executable)"]
    ).run()
    guard let outcome, outcome.succeeded else { return nil }
    return outcome.outputText.split(separator: "\n").first.map(String.init)
}()

package let needsPython: Comment = "python3 is not here"
