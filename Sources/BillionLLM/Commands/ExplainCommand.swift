import Basics
import Experiments
import Tasks

/// Says what a key of a manifest means, from the tables that manifests are checked against.
enum ExplainCommand: Command {
    static let specification = CommandSpecification(
        name: "explain", summary: "what a key or task of a manifest means, its type and default",
        operands: "[KEY...]", operandCount: 0...100,
        examples: [
            "billion explain num_fewshot", "billion explain models.path", "billion explain speed",
        ])

    static func run(_ arguments: Arguments) throws -> ExitStatus {
        let reference = ManifestReference(Project.catalog)
        guard !arguments.operands.isEmpty else {
            Console.print(lines(reference.entries).joined(separator: "\n"))
            return .success
        }
        for (index, name) in arguments.operands.enumerated() {
            let entries = reference.entries(named: name)
            let task = TaskRegistry.all.first { $0.kind == name }
            guard task != nil || !entries.isEmpty else {
                throw UsageError(
                    "no key of a manifest is called '\(name)'."
                        + Suggestion.sentence(
                            for: name.split(separator: ".").last.map(String.init) ?? name,
                            among: reference.names))
            }
            if index > 0 { Console.print("") }
            if let task { Console.print("task \(task.kind): \(task.summary)") }
            Console.print(lines(entries).joined(separator: "\n"))
        }
        return .success
    }

    private static func lines(_ entries: [ManifestReference.Entry]) -> [String] {
        entries.flatMap { entry in
            let value =
                entry.isRequired
                ? "required" : entry.defaultValue.map { "default \($0)" }
            return [
                "\(entry.path): \(entry.summary)",
                "    \(entry.wanted)" + (value.map { "; \($0)" } ?? ""),
            ]
        }
    }
}
