import Basics
import TestSupport
import Testing

/// Tables on a pseudo-terminal of 80 columns: cut to fit, without colours; whole when piped.
@Suite(.enabled(if: realPython != nil, needsPython))
struct TerminalTableTests {
    private struct Outcome: Decodable {
        var output: String
        var status: Int
    }

    @Test(arguments: [[:], ["TERM": "dumb"], ["NO_COLOR": "1"], ["COLUMNS": "60"]])
    func theyFitTheWindow(setting: [String: String]) throws {
        let project = try ProjectFolder()
        let environment = project.tool.environment.merging(["TERM": "xterm"]) { $1 }
            .merging(setting) { $1 }
        let words = [
            Fixtures.path("terminal.py"), CommandLineTool.executable, "models", "list",
        ]
        let result = try Subprocess(
            realPython ?? "python3", words, environment: environment,
            input: .bytes(Array("[]".utf8)),
            timeLimit: .seconds(100)
        ).run()
        let outcome = try JSON.decode(Outcome.self, from: result.outputText)
        let shown = outcome.output.split(whereSeparator: \.isNewline)
        let width = setting["COLUMNS"].flatMap { Int($0) } ?? 80
        #expect(shown.count > 10 && outcome.status == 0)
        #expect(shown.allSatisfy { $0.count <= width }, "\(outcome.output)")
        #expect(shown.contains { $0.contains("…") })
        #expect(!outcome.output.contains("\u{1B}"))

        let piped = try project.run("models", "list")
        #expect(piped.lines.count == shown.count)
        #expect(!piped.output.contains("…") && piped.lines.contains { $0.count > 80 })
    }
}
