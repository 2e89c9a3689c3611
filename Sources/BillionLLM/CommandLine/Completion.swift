/// Shell completions, made from the command table: commands, actions, options; files elsewhere.
enum Completion {
    static let shells = ["bash", "zsh", "fish"]

    static func script(for shell: String) -> String {
        switch shell {
        case "zsh": zsh
        case "fish": fish
        default: bash
        }
    }

    /// What help lists, and `test`, which is the launcher's.
    private static var commands: [CommandSpecification] {
        CommandTable.visible + [
            CommandSpecification(name: "test", summary: "run the test suite", options: [])
        ]
    }

    private static func words(_ command: CommandSpecification) -> String {
        (command.actions + command.options.map { "--" + $0.name } + ["--help"])
            .joined(separator: " ")
    }

    // MARK: bash

    private static var bash: String {
        var lines = [
            "# bash completion of billion; made by `billion completion bash`.",
            "_billion() {",
            "    local word=${COMP_WORDS[COMP_CWORD]} words=",
            "    COMPREPLY=()",
            "    if [ \"$COMP_CWORD\" -eq 1 ]; then",
            "        words='\((commands.map(\.name) + ["--help", "--version"]).joined(separator: " "))'",
            "    else",
            "        case ${COMP_WORDS[1]} in",
        ]
        for command in commands {
            lines.append("        \(command.name)) words='\(words(command))' ;;")
        }
        lines += [
            "        esac",
            "        case $word in",
            "        -*) ;;",
            "        *) [ \"$COMP_CWORD\" -eq 2 ] || words= ;;",
            "        esac",
            "    fi",
            "    # Without a word of ours the shell offers files (-o default).",
            "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")",
            "}",
            "complete -o default -F _billion billion ./billion",
        ]
        return lines.joined(separator: "\n") + "\n"
    }

    // MARK: zsh

    private static var zsh: String {
        func quoted(_ text: String) -> String {
            "'" + text.replacing("'", with: "'\\''") + "'"
        }
        func described(_ name: String, _ summary: String) -> String {
            quoted("\(name.replacing(":", with: "\\:")):\(summary)")
        }
        var lines = [
            "#compdef billion",
            "# zsh completion of billion; made by `billion completion zsh`.",
            "_billion() {",
            "    local -a commands",
            "    commands=(",
        ]
        lines += commands.map { "        " + described($0.name, $0.summary) }
        lines += [
            "    )",
            "    if (( CURRENT == 2 )); then",
            "        _describe command commands",
            "        return",
            "    fi",
            "    case ${words[2]} in",
        ]
        for command in commands {
            lines.append("    \(command.name))")
            var parts: [String] = []
            for option in command.options {
                // Brackets would end the text.
                let summary = option.summary.replacing("[", with: "(").replacing("]", with: ")")
                let value = option.value.map { ":\($0):_files" } ?? ""
                let repeats = option.repeats ? "*" : ""
                parts.append(quoted("\(repeats)--\(option.name)[\(summary)]\(value)"))
            }
            let actions = command.actions.joined(separator: " ")
            parts.append(actions.isEmpty ? "'*:file:_files'" : "'2:action:(\(actions))'")
            if !actions.isEmpty { parts.append("'*:file:_files'") }
            lines.append("        _arguments \(parts.joined(separator: " \\\n            "))")
            lines.append("        ;;")
        }
        lines += ["    esac", "}", "_billion \"$@\""]
        return lines.joined(separator: "\n") + "\n"
    }

    // MARK: fish

    private static var fish: String {
        func quoted(_ text: String) -> String {
            "'" + text.replacing("\\", with: "\\\\").replacing("'", with: "\\'") + "'"
        }
        var lines = ["# fish completion of billion; made by `billion completion fish`."]
        for command in commands {
            lines.append(
                "complete -c billion -n __fish_use_subcommand -f -a \(command.name) "
                    + "-d \(quoted(command.summary))")
            let inside = "-n '__fish_seen_subcommand_from \(command.name)'"
            for action in command.actions {
                lines.append("complete -c billion \(inside) -a \(action)")
            }
            for option in command.options {
                let value = option.value == nil ? "" : " -r"
                lines.append(
                    "complete -c billion \(inside) -l \(option.name)\(value) "
                        + "-d \(quoted(option.summary))")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
