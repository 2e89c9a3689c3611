import Basics

/// Prints the completions of a shell.
enum CompletionCommand: Command {
    static let specification = CommandSpecification(
        name: "completion", summary: "the completions for a shell, to be sourced or installed",
        operands: Completion.shells.joined(separator: " | "), operandCount: 1...1,
        examples: [
            "source <(billion completion bash)",
            "billion completion fish > ~/.config/fish/completions/billion.fish",
        ])

    static func run(_ arguments: Arguments) throws -> ExitStatus {
        let shell = arguments.operands[0]
        guard Completion.shells.contains(shell) else {
            throw UsageError(
                "no completions for '\(shell)'."
                    + Suggestion.sentence(for: shell, among: Completion.shells))
        }
        Console.write(Completion.script(for: shell))
        return .success
    }
}
