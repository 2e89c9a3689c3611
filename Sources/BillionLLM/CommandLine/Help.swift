/// Help texts, made from the command table.
enum Help {
    static func overview() -> String {
        let commands = CommandTable.visible
        var lines = [
            "billion: score, time and compare small language models, on one engine, in one database.",
            "",
            "usage: billion COMMAND [OPTIONS]",
            "",
            "commands:",
        ]
        let width = (commands.map(\.name.count).max() ?? 0) + 2
        for command in commands {
            lines.append("  " + padded(command.name, to: width) + command.summary)
        }
        lines += [
            "  " + padded("test", to: width)
                + "run the test suite (through the ./billion launcher)",
            "",
            "first steps:",
            "  ./billion run experiments/quickstart.yaml",
            "  ./billion query \"SELECT * FROM leaderboard\"",
            "",
            "`billion COMMAND --help` tells more.",
        ]
        return lines.joined(separator: "\n")
    }

    static func text(for specification: CommandSpecification) -> String {
        var usage = "usage: billion \(specification.name)"
        if !specification.operands.isEmpty { usage += " " + specification.operands }
        if !specification.options.isEmpty { usage += " [OPTIONS]" }
        let usageLines = wrapped(usage, to: lineWidth - 4)
        var lines = [specification.summary, "", usageLines[0]]
        lines += usageLines.dropFirst().map { "    " + $0 }
        if !specification.options.isEmpty {
            lines += ["", "options:"]
            let names = specification.options.map { option in
                "--\(option.name)" + (option.value.map { " \($0)" } ?? "")
                    + (option.repeats ? " ..." : "")
            }
            let width = (names.map(\.count).max() ?? 0) + 2
            for (name, option) in zip(names, specification.options) {
                let parts = wrapped(option.summary, to: max(40, lineWidth - width - 2))
                lines.append("  " + padded(name, to: width) + parts[0])
                let margin = String(repeating: " ", count: width + 2)
                lines += parts.dropFirst().map { margin + $0 }
            }
        }
        if !specification.examples.isEmpty {
            lines += ["", "examples:"]
            lines += specification.examples.map { "  \($0)" }
        }
        return lines.joined(separator: "\n")
    }

    private static let lineWidth = 100

    /// A text in lines that are no longer than `width`, where its words allow; at least one.
    private static func wrapped(_ text: String, to width: Int) -> [String] {
        var lines = [""]
        for word in text.split(separator: " ") {
            let last = lines[lines.count - 1]
            if last.isEmpty {
                lines[lines.count - 1] = String(word)
            } else if last.count + 1 + word.count <= width {
                lines[lines.count - 1] += " \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }

    private static func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(width - text.count, 1))
    }
}
