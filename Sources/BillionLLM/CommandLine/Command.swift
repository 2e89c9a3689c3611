/// One subcommand: its place in the table of commands and what it does.
protocol Command {
    static var specification: CommandSpecification { get }
    /// Does the work and returns the exit status. Thrown errors are printed, with status 2.
    static func run(_ arguments: Arguments) throws -> ExitStatus
}

/// What a command ends with.
enum ExitStatus: Int32 {
    case success = 0
    /// It ran, and something in it did not succeed: a failed job, a report that differs.
    case failure = 1
    /// The command line, a manifest or a file was wrong; nothing was done.
    case usage = 2
    /// Stopped by the user.
    case interrupted = 130
}

/// How a command is called; help and parsing are made from it.
struct CommandSpecification {
    var name: String
    var summary: String
    /// Positional arguments as help shows them: `FILE...`.
    var operands = ""
    /// How many positional arguments there may be.
    var operandCount: ClosedRange<Int> = 0...0
    var options: [Option] = []
    var examples: [String] = []
    /// Commands that the program calls itself are not listed.
    var isHidden = false

    /// Words that say what is done, of operands such as `list | pull|verify MODEL...`.
    var actions: [String] {
        operands.split(separator: " ").split(separator: "|").compactMap(\.first)
            .flatMap { $0.split(separator: "|") }.map(String.init)
            .filter { $0.allSatisfy { $0.isLowercase } }
    }

    struct Option {
        /// Without the dashes.
        var name: String
        /// What the value is called in help; nil for a switch.
        var value: String?
        var summary: String
        var repeats = false

        init(_ name: String, _ value: String? = nil, _ summary: String, repeats: Bool = false) {
            self.name = name
            self.value = value
            self.summary = summary
            self.repeats = repeats
        }
    }
}

/// A mistake on the command line, in one sentence.
struct UsageError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
