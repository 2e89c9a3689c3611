/// What came of a program, in the words of the reference harness.
package enum Verdict: Hashable, Sendable {
    case passed
    case timedOut
    /// An exception reached the top, of the program or of a test; its text.
    case failed(String)
    /// The program's process ended before it had answered (`os._exit`, a crash, out of memory).
    case vanished

    package var isPass: Bool { self == .passed }

    /// `passed`, `timed out` or `failed: ...`.
    ///
    /// The harness says `timed out` of everything that gave no result.
    package var text: String {
        switch self {
        case .passed: "passed"
        case .timedOut, .vanished: "timed out"
        case .failed(let text): "failed: " + text
        }
    }
}

/// A program and the tests that it should pass, in the parts that HumanEval's layout has.
///
/// The reference harness runs their concatenation: prompt, completion, a line break, test, a line
/// break, call.
package struct CheckedProgram: Hashable, Sendable, Encodable {
    /// The beginning of the program, by the author of the tests.
    package var prompt: String
    /// The rest of it, by whoever is tested.
    package var completion: String
    /// Python text that defines `check(candidate)`.
    package var test: String
    /// The name of the function under test.
    package var entryPoint: String

    package init(prompt: String, completion: String, test: String, entryPoint: String) {
        self.prompt = prompt
        self.completion = completion
        self.test = test
        self.entryPoint = entryPoint
    }

    /// What sets the tests off.
    package var call: String { "check(\(entryPoint))" }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(prompt, forKey: .prompt)
        try container.encode(completion, forKey: .completion)
        try container.encode(test, forKey: .test)
        try container.encode(entryPoint, forKey: .entryPoint)
        try container.encode(call, forKey: .call)
    }

    private enum Key: String, CodingKey {
        case prompt, completion, test, call
        case entryPoint = "entry_point"
    }
}

package struct CheckOutcome: Sendable {
    package let verdict: Verdict
    /// From the start of the tests to the verdict.
    package let duration: Duration
    /// From fork to the first line of an interpreter, the judge's.
    package let startDuration: Duration
    /// The beginning of what the candidate wrote to its own standard descriptors.
    package let output: [UInt8]
}
