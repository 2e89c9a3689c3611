import Basics
import Experiments
import Reporting
import Store

/// Holds results against rules; for scripts that must stop when something got worse.
enum GateCommand: Command {
    static let specification = CommandSpecification(
        name: "gate", summary: "check results against rules; exit 3 when one is broken",
        operands: "RULES.yaml", operandCount: 1...1,
        options: [
            .init("db", "FILE", "the database (default runs.sqlite of the project)"),
            .init(
                "baseline", "FILE",
                "the database to compare with (default: the measurement before, in the same one)"),
        ],
        examples: [
            "billion gate rules.yaml", "billion gate rules.yaml --baseline main.sqlite",
        ])

    static func run(_ arguments: Arguments) throws -> ExitStatus {
        let rules = try GateFile.load(path: arguments.operands[0])
        let history = try ReadOnlyStore(path: Project().databasePath(arguments)).history()
        let baseline = try arguments.string("baseline").map {
            try ReadOnlyStore(path: $0).history()
        }
        let findings = try Gate(history: history, baseline: baseline).findings(rules)
        let rows = findings.map { [$0.outcome.rawValue, $0.rule.text, $0.title, $0.reason] }
        for line in TextTable.lines(rows) { Console.print(line) }
        let tripped = findings.count { $0.outcome == .tripped }
        let undecided = findings.count { $0.outcome == .undecided }
        if tripped > 0 || (undecided > 0 && rules.undecidedTrips) {
            Console.error("The gate is shut: \(tripped) broken, \(undecided) undecided.")
            return .gateTripped
        }
        Console.error("The gate is open: none broken, \(undecided) undecided.")
        return .success
    }
}
