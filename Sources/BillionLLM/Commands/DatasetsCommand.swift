import Basics
import Tasks

/// The datasets that are known, and where they are.
enum DatasetsCommand: Command {
    static let specification = CommandSpecification(
        name: "datasets", summary: "list the datasets that tasks can use here",
        operands: "list", operandCount: 1...1, examples: ["billion datasets list"])

    static func run(_ arguments: Arguments) throws -> ExitStatus {
        guard arguments.operands[0] == "list" else {
            throw UsageError(
                "unknown action '\(arguments.operands[0])'."
                    + Suggestion.sentence(for: arguments.operands[0], among: ["list"]))
        }
        var rows = [["NAME", "QUESTIONS", "SUBJECTS", "PLACE", "DIGEST", "WHAT"]]
        var problems: [String] = []
        for entry in try Project().datasets.list() {
            let what = entry.summary ?? ""
            switch entry.state {
            case .present(let location, let subjects, let questions, let digest):
                rows.append([
                    entry.name, String(questions), String(subjects), location.label,
                    String(digest.prefix(12)), what,
                ])
            case .unreadable(let location, let error):
                rows.append([entry.name, "-", "-", location.label, "unreadable", what])
                problems.append("\(error)")
            case .absent:
                rows.append([entry.name, "-", "-", "not here", "-", what])
            }
        }
        Console.print(TextTable.lines(rows).joined(separator: "\n"))
        for problem in problems { Console.error("billion datasets: \(problem)") }
        return problems.isEmpty ? .success : .usage
    }
}
