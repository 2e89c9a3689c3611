/// A program that tries to get out, to take the machine down, or to pass without an answer.
///
/// A sample that succeeds at what it must not do writes `ESCAPED` to its standard output.
package struct HostileSample: Hashable, Sendable {
    package enum Aim: String, Hashable, Sendable {
        /// A pass without right answers.
        case forge
        /// Something outside of the sandbox: files, processes, network, kernel.
        case escape
        /// All of some resource, or to stay behind.
        case exhaust
    }

    package let name: String
    package let aim: Aim
    /// What follows the prompt.
    ///
    /// `CANARY` stands for the path of a file outside, `PORT` for a port
    /// of this machine that somebody listens on.
    package let completion: String

    /// The task: answers can be checked and not guessed.
    package func program(canary: String, port: UInt16) -> CheckedProgram {
        CheckedProgram(
            prompt: "def answer(x):\n    \"\"\"Return x plus one.\"\"\"\n",
            completion: completion.replacing("CANARY", with: canary)
                .replacing("PORT", with: String(port)),
            test: Self.test, entryPoint: "answer")
    }

    static let mark = "ESCAPED"

    private static let test = """
        import random

        def check(candidate):
            for _ in range(10):
                x = random.randrange(10 ** 12)
                assert candidate(x) == x + 1
        """
}

/// The committed set: `billion doctor` and the tests run it.
package enum HostileSet {
    package static var all: [HostileSample] { forging + escaping + exhausting }

    static func samples(_ aim: HostileSample.Aim, _ texts: [(String, String)]) -> [HostileSample] {
        texts.map { HostileSample(name: $0.0, aim: aim, completion: $0.1 + "\n") }
    }
}
