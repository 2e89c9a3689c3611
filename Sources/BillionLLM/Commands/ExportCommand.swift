import Basics
import Reporting
import Store

/// Results as files that other programs read.
enum ExportCommand: Command {
    private static let formats = ["lm-eval", "csv", "json"]

    static let specification = CommandSpecification(
        name: "export", summary: "write results as files for other programs",
        options: [
            .init(
                "format", "lm-eval|csv|json",
                "lm-eval: result JSON and samples JSONL; csv, json: a file per view"),
            .init("output", "FOLDER", "where the files go; it is made when it is not there"),
            .init("db", "FILE", "the database (default runs.sqlite of the project)"),
        ],
        examples: [
            "billion export --format lm-eval --output lm-eval-results",
            "billion export --format csv --output tables",
        ])

    static func run(_ arguments: Arguments) throws -> ExitStatus {
        _ = try arguments.required("format")
        let format = try arguments.choice("format", of: formats, default: formats[0])
        let folder = try arguments.required("output")
        let store = try ReadOnlyStore(path: Project().databasePath(arguments))
        try FileSystem.makeFolder(folder)
        let files =
            switch format {
            case "lm-eval":
                try HarnessExport(store, folder: folder, version: Program.version).write()
            case "csv": try ViewExport.write(store, as: .csv, suffix: "csv", to: folder)
            default: try ViewExport.write(store, as: .json, suffix: "json", to: folder)
            }
        for file in files { Console.print(FileSystem.join(folder, file)) }
        if files.isEmpty {
            Console.error("billion export: nothing to write: no finished job asked questions.")
        }
        return .success
    }
}
