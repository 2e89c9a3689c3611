import Reporting
import Store

/// Asks the database one question.
enum QueryCommand: Command {
    static let specification = CommandSpecification(
        name: "query", summary: "run one SQL statement on the results; nothing can be changed",
        operands: "\"SELECT ...\"", operandCount: 1...1,
        options: [
            .init("db", "FILE", "the database (default runs.sqlite of the project)"),
            .init("json", nil, "a JSON array of objects"),
            .init("csv", nil, "comma-separated values (RFC 4180)"),
        ],
        examples: [
            "billion query \"SELECT * FROM leaderboard\"",
            "billion query \"SELECT metric, value, unit FROM results WHERE task = 'speed'\" --csv",
        ])

    static func run(_ arguments: Arguments) throws -> ExitStatus {
        guard !(arguments.has("json") && arguments.has("csv")) else {
            throw UsageError("--json and --csv exclude each other.")
        }
        let output: QueryOutput =
            arguments.has("json") ? .json : arguments.has("csv") ? .csv : .table
        let store = try ReadOnlyStore(path: Project().databasePath(arguments))
        Console.write(output.render(try store.query(arguments.operands[0])))
        return .success
    }
}
