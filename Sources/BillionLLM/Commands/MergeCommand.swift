import Basics
import Store

/// Joins databases.
enum MergeCommand: Command {
    static let specification = CommandSpecification(
        name: "merge", summary: "take over the runs of other databases; again changes nothing",
        operands: "FILE...", operandCount: 1...100_000,
        options: [.init("db", "FILE", "the database (default runs.sqlite of the project)")],
        examples: ["billion merge cells/*.sqlite", "billion merge night.sqlite --db all.sqlite"])

    static func run(_ arguments: Arguments) throws -> ExitStatus {
        let store = try RunStore(path: Project().databasePath(arguments))
        var sum = MergeSummary()
        var failed = 0
        for file in arguments.operands {
            do {
                let one = try store.merge(file)
                sum.runs += one.runs
                sum.attempts += one.attempts
                sum.known += one.known
                if one.unfinished > 0 {
                    Console.error(
                        "\(file): \(one.unfinished) still running; merge it again later.")
                }
            } catch {
                // What is wrong with one file keeps nobody from the others.
                Console.error("billion merge: \(error)")
                failed += 1
            }
        }
        try store.close()
        Console.error(
            "\(arguments.operands.count - failed) files: \(sum.runs) new runs, \(sum.attempts) new "
                + "attempts, \(sum.known) were here already.")
        return failed == 0 ? .success : .failure
    }
}
