import Basics
import Reporting
import Store

/// Writes the report from the database, or checks that it is the database's.
enum ReportCommand: Command {
    static let specification = CommandSpecification(
        name: "report", summary: "write COMPARISON.md from the database alone",
        options: [
            .init("db", "FILE", "the database (default runs.sqlite of the project)"),
            .init(
                "output", "FILE",
                "where to write (default COMPARISON.md of the project; - is stdout)"),
            .init("check", nil, "write nothing; exit 1 when the file differs from the database"),
        ],
        examples: ["billion report", "billion report --check"])

    static func run(_ arguments: Arguments) throws -> ExitStatus {
        let project = try Project()
        let store = try ReadOnlyStore(path: project.databasePath(arguments))
        let text = try Report(store).markdown()
        let path = try outputPath(arguments, project: project)
        if arguments.has("check") {
            guard path != "-" else {
                throw UsageError("--check compares with a file: name it with --output FILE.")
            }
            let command = writingCommand(arguments)
            guard FileSystem.exists(path) else {
                Console.error("\(path): there is no such file.\nWrite it with: \(command)")
                return .failure
            }
            let written = try FileSystem.read(path)
            guard let difference = Report.difference(written: written, expected: text) else {
                Console.error("\(path): as the database says.")
                return .success
            }
            Console.error("\(path): \(difference)\nWrite it again with: \(command)")
            return .failure
        }
        if path == "-" {
            Console.write(text)
        } else {
            try FileSystem.write(Array(text.utf8), atomicallyTo: path)
            Console.error("Report: \(path)")
        }
        return .success
    }

    /// The call that writes what was checked.
    private static func writingCommand(_ arguments: Arguments) -> String {
        var command = Shell.quoted(Program.command) + " report"
        for name in ["db", "output"] {
            if let value = arguments.string(name) {
                command += " --\(name) " + Shell.quoted(value)
            }
        }
        return command
    }

    /// Another database's report does not replace the project's unless that is asked for.
    private static func outputPath(_ arguments: Arguments, project: Project) throws -> String {
        if let path = arguments.string("output") { return path }
        guard arguments.has("db") else { return project.reportPath }
        throw UsageError(
            "--db names another database than the project's: say where its report goes with "
                + "--output FILE (- is stdout).")
    }
}
