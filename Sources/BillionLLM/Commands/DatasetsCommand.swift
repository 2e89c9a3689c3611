import Basics
import Hub
import Tasks

/// The datasets that are known, where they are, and how they get here.
enum DatasetsCommand: Command {
    static let specification = CommandSpecification(
        name: "datasets", summary: "list and pull the datasets that tasks can use here",
        operands: "list | pull NAME...", operandCount: 1...100,
        options: [
            .init("from", "PATH", "pull: take it from this file, folder or tar archive")
        ],
        examples: [
            "billion datasets list", "billion datasets pull humaneval",
            "billion datasets pull mmlu --from data.tar",
        ])

    static func run(_ arguments: Arguments) throws -> ExitStatus {
        let names = Array(arguments.operands.dropFirst())
        switch arguments.operands[0] {
        case "list":
            guard names.isEmpty else { throw UsageError("unexpected argument '\(names[0])'.") }
            return try list()
        case "pull":
            guard !names.isEmpty else { throw UsageError("pull needs a NAME.") }
            guard names.count == 1 || !arguments.has("from") else {
                throw UsageError("--from is for one NAME.")
            }
            for name in names { try pull(name, from: arguments.string("from")) }
            return .success
        case let action:
            throw UsageError(
                "unknown action '\(action)'."
                    + Suggestion.sentence(for: action, among: ["list", "pull"]))
        }
    }

    private static func pull(_ name: String, from origin: String?) throws {
        let store = DatasetStore(paths: try Paths())
        let line = ProgressLine()
        defer { line.clear() }
        let dataset = try DatasetStore.dataset(named: name)
        let path = try store.pull(dataset, from: origin) { $0.show(name, on: line) }
        line.clear()
        Console.print(path)
    }

    private static func list() throws -> ExitStatus {
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
        let locator = HumanEvalLocator(folders: try Project().datasets.searchFolders)
        for (name, what) in HumanEvalLocator.known {
            guard let path = try? locator.locate(name) else {
                rows.append([name, "-", "-", "not here", "-", what])
                continue
            }
            do {
                let count = try HumanEvalProblem.load(path: path).count
                let digest = try HumanEvalProblem.digest(of: path)
                rows.append([
                    name, String(count), "-", locator.label(of: name), String(digest.prefix(12)),
                    what,
                ])
            } catch {
                rows.append([name, "-", "-", locator.label(of: name), "unreadable", what])
                problems.append("\(error)")
            }
        }
        Console.print(TextTable.lines(rows).joined(separator: "\n"))
        for problem in problems { Console.error("billion datasets: \(problem)") }
        return problems.isEmpty ? .success : .usage
    }
}
