import Basics
import Experiments

/// Prints the JSON Schema of manifests, for editors.
enum SchemaCommand: Command {
    static let specification = CommandSpecification(
        name: "schema", summary: "the JSON Schema of manifests, for editors",
        examples: [
            "billion schema", "billion schema > experiments/manifest.schema.json",
        ])

    static func run(_ arguments: Arguments) throws -> ExitStatus {
        Console.write(try ManifestSchema(Project.catalog).text)
        return .success
    }
}
