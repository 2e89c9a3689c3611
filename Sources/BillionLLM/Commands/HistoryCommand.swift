import Basics
import Hub
import Reporting
import Store

/// How a measurement went from run to run.
enum HistoryCommand: Command {
    static let specification = CommandSpecification(
        name: "history", summary: "show how the figures of a cell went from run to run",
        operands: "[CELL...]", operandCount: 0...4,
        options: [
            .init("metric", "NAME", "only this figure; may be repeated", repeats: true),
            .init("db", "FILE", "the database (default runs.sqlite of the project)"),
        ],
        examples: [
            "billion history smollm2 q8_0 speed", "billion history smollm2 --metric tg64",
        ])

    static func run(_ arguments: Arguments) throws -> ExitStatus {
        let store = try ReadOnlyStore(path: Project().databasePath(arguments))
        var entries = try store.history()
        for word in arguments.operands.flatMap({ $0.split(separator: " ").map(String.init) }) {
            // An alias of the catalog is as good as the name that is stored.
            let name = ModelCatalog.model(named: word)?.name ?? word
            let known = Set(entries.flatMap(\.measurement.names))
            guard known.contains(name) || known.contains(word) else {
                throw UsageError(
                    "nothing that was measured is called '\(word)'."
                        + Suggestion.sentence(for: word, among: known.sorted()))
            }
            entries = entries.filter {
                $0.measurement.names.contains(name) || $0.measurement.names.contains(word)
            }
        }
        let metrics = arguments.strings("metric")
        for metric in metrics where !entries.contains(where: { $0.metric.name == metric }) {
            throw UsageError(
                "no figure is called '\(metric)'."
                    + Suggestion.sentence(
                        for: metric, among: Set(entries.map(\.metric.name)).sorted()))
        }
        if !metrics.isEmpty { entries = entries.filter { metrics.contains($0.metric.name) } }
        let tables = HistoryTable.all(entries)
        if tables.isEmpty { Console.error("Nothing has been measured yet.") }
        for (index, table) in tables.enumerated() {
            if index > 0 { Console.print("") }
            Console.print("\(table.measurement.title), \(table.measurement.host)")
            for line in TextTable.lines(table.rows) { Console.print("  " + line) }
        }
        return .success
    }
}
