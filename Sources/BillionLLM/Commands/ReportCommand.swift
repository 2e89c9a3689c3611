import Basics
import Reporting
import Store

/// Writes the report from the database, or checks that it is the database's.
enum ReportCommand: Command {
    static let specification = CommandSpecification(
        name: "report", summary: "write COMPARISON.md and its charts from the database alone",
        options: [
            .init("db", "FILE", "the database (default runs.sqlite of the project)"),
            .init(
                "format", "FORMAT",
                "markdown (default), or html: one page with everything in it"),
            .init(
                "output", "FILE",
                "where to write (default COMPARISON.md or .html of the project; - is stdout)"),
            .init("check", nil, "write nothing; exit 1 when a file differs from the database"),
        ],
        examples: ["billion report", "billion report --check", "billion report --format html"])

    static func run(_ arguments: Arguments) throws -> ExitStatus {
        let project = try Project()
        let words = ReportFiles.Format.allCases.map(\.rawValue)
        let word = try arguments.choice("format", of: words, default: words[0])
        let format = ReportFiles.Format(rawValue: word) ?? .markdown
        let store = try ReadOnlyStore(path: project.databasePath(arguments))
        let path = try outputPath(arguments, format, project: project)
        let report = try ReportFiles(
            store, path: path, format: format,
            isProjectReport: path == project.reportPath || (path == "-" && !arguments.has("db")))
        if arguments.has("check") {
            guard path != "-" else {
                throw UsageError("--check compares with a file: name it with --output FILE.")
            }
            guard let complaint = try report.complaint() else {
                Console.error("\(path): as the database says.")
                return .success
            }
            Console.error("\(complaint)\nWrite it again with: \(writingCommand(arguments))")
            return .failure
        }
        if path == "-" {
            Console.write(report.text)
        } else {
            try report.write()
            Console.error("Report: \(path)")
        }
        return .success
    }

    /// The call that writes what was checked.
    private static func writingCommand(_ arguments: Arguments) -> String {
        var command = Shell.quoted(Program.command) + " report"
        for name in ["db", "format", "output"] {
            if let value = arguments.string(name) {
                command += " --\(name) " + Shell.quoted(value)
            }
        }
        return command
    }

    /// Another database's report does not replace the project's unless that is asked for.
    private static func outputPath(
        _ arguments: Arguments, _ format: ReportFiles.Format, project: Project
    ) throws -> String {
        if let path = arguments.string("output") { return path }
        guard arguments.has("db") else {
            return format == .html ? project.reportPagePath : project.reportPath
        }
        throw UsageError(
            "--db names another database than the project's: say where its report goes with "
                + "--output FILE (- is stdout).")
    }
}
