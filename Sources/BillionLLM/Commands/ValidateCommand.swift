import Basics
import Experiments

/// Checks manifests and nothing else.
enum ValidateCommand: Command {
    static let specification = CommandSpecification(
        name: "validate", summary: "check manifests; every mistake is shown with its place",
        operands: "FILE...", operandCount: 1...1000,
        examples: [
            "billion validate experiments/quickstart.yaml", "billion validate experiments/*.yaml",
        ])

    static func run(_ arguments: Arguments) throws -> ExitStatus {
        var isFine = true
        for file in arguments.operands {
            do throws(ManifestError) {
                let plan = try Plan(
                    manifest: Manifest.load(path: file), catalog: Project.catalog)
                let count = plan.cells.count
                Console.print("\(file): fine, \(count) \(count == 1 ? "job" : "jobs")")
            } catch {
                Console.error("\(error)")
                isFine = false
            }
        }
        return isFine ? .success : .usage
    }
}
