/// The manual page `billion(1)`, made from the command table.
enum ManualPage {
    static var text: String {
        var lines = [
            ".TH BILLION 1 \"\" \"billion \(Program.version)\" \"User Commands\"",
            ".SH NAME",
            "billion \\- score, time and compare small language models",
            ".SH SYNOPSIS",
            ".B billion",
            ".I COMMAND",
            "[OPTIONS]",
            ".SH DESCRIPTION",
            "One manifest names models, quantizations, tasks and hardware. Every cell of that "
                + "matrix is measured once and kept in one SQLite database, from which the report "
                + "is written.",
            ".SH COMMANDS",
        ]
        for command in CommandTable.visible {
            lines.append(".SS " + escaped("billion \(command.name) \(command.operands)"))
            lines.append(escaped(sentence(command.summary)))
            for option in command.options {
                lines.append(".TP")
                let value = option.value.map { " \\fI\(escaped($0))\\fR" } ?? ""
                lines.append("\\fB\(escaped("--" + option.name))\\fR\(value)")
                lines.append(escaped(sentence(option.summary)))
            }
            if !command.examples.isEmpty {
                lines.append(".PP")
                lines.append(command.examples.count == 1 ? "Example:" : "Examples:")
                lines.append(".nf")
                lines += command.examples.map { ".RS 4\n\(escaped($0))\n.RE" }
                lines.append(".fi")
            }
        }
        lines += [
            ".SH EXIT STATUS", ".TP", ".B 0", "Everything asked for was done.", ".TP", ".B 1",
            "It ran, and something in it did not succeed.", ".TP", ".B 2",
            "The command line, a manifest or a file was wrong, or something is missing.", ".TP",
            ".B 130", "Stopped by the user.",
            ".SH FILES", ".TP", ".I runs.sqlite",
            "The database, at the top of the project: the nearest folder at or above the working "
                + "folder with a folder \\fIexperiments\\fR in it.", ".TP",
            ".I ~/.cache/billion-llm",
            "Models, converted weights and datasets, or below \\fBXDG_CACHE_HOME\\fR.",
        ]
        return lines.joined(separator: "\n") + "\n"
    }

    /// The summary as a sentence.
    private static func sentence(_ text: String) -> String {
        text.prefix(1).uppercased() + text.dropFirst() + (text.hasSuffix(".") ? "" : ".")
    }

    /// Text that troff takes as it is: no escape, no request at the start of a line, plain dashes
    /// that can be copied.
    private static func escaped(_ text: String) -> String {
        let safe = text.replacing("\\", with: "\\e").replacing("-", with: "\\-")
        return safe.hasPrefix(".") || safe.hasPrefix("'") ? "\\&" + safe : safe
    }
}
