import Basics
import Hub
import Reporting
import Store

/// Two models, quantizations, runs or jobs against each other, with what a test says.
enum CompareCommand: Command {
    static let specification = CommandSpecification(
        name: "compare", summary: "two models, runs or jobs against each other, with a test",
        operands: "A B", operandCount: 2...2,
        options: [
            .init("db", "FILE", "the database (default runs.sqlite of the project)"),
            .init("json", nil, "one JSON object: parts with questions and metrics"),
        ],
        examples: [
            "billion compare smollm2-135m-instruct:q8_0 smollm2-135m-instruct:q4_0",
            "billion compare 3 7",
        ])

    static func run(_ arguments: Arguments) throws -> ExitStatus {
        let (a, b) = (try side(arguments.operands[0]), try side(arguments.operands[1]))
        guard a != b else {
            throw UsageError("both sides are \(a.description): name two different things.")
        }
        let store = try ReadOnlyStore(path: Project().databasePath(arguments))
        var snapshot = try store.snapshot()
        // An older run's attempts may not be the newest.
        for case .run(let id) in [a, b] { snapshot.add(try store.snapshot(.run(id))) }
        let comparison = try Comparison(a, b, in: snapshot)
        Console.print(
            arguments.has("json") ? try JSON.text(comparison.json) : comparison.text)
        return .success
    }

    /// An alias of the catalog is as good as the name that is stored.
    private static func side(_ text: String) throws -> ComparedSide {
        let side = try ComparedSide(text)
        guard case .model(let name, let quantization) = side,
            let model = ModelCatalog.model(named: name)
        else { return side }
        return .model(model.name, quantization: quantization)
    }
}
