import Basics
import Tensors

/// All subcommands, in the order in which help lists them.
///
/// One line a command.
enum CommandTable {
    static var all: [any Command.Type] {
        [
            InitCommand.self,
            RunCommand.self,
            PlanCommand.self,
            ValidateCommand.self,
            ExplainCommand.self,
            QueryCommand.self,
            ReportCommand.self,
            ModelsCommand.self,
            DatasetsCommand.self,
            ChatCommand.self,
            GenerateCommand.self,
            ScoreCommand.self,
            TokenizeCommand.self,
            SpeedCommand.self,
            PerplexityCommand.self,
            KernelsCommand.self,
            HumanEvalCommand.self,
            DoctorCommand.self,
            SchemaCommand.self,
            CompletionCommand.self,
            ManCommand.self,
            InstallCommand.self,
            JobCommand.self,
            QuantizeCommand.self,
        ]
    }

    /// Those that help lists.
    static var visible: [CommandSpecification] {
        all.map { $0.specification }.filter { !$0.isHidden }
    }

    /// Runs the program: parses, dispatches, prints errors to stderr.
    static func run(_ words: [String]) -> ExitStatus {
        guard let name = words.first else {
            Console.error(Help.overview())
            return .usage
        }
        switch name {
        case "--version", "version":
            Console.print("billion \(Program.version)")
            return .success
        case "--help", "-h", "help":
            return help(for: words.dropFirst().first)
        default: break
        }
        guard let command = all.first(where: { $0.specification.name == name }) else {
            let known = visible.map(\.name)
            Console.error(
                "billion: unknown command '\(name)'."
                    + Suggestion.sentence(for: name, among: known + ["test"])
                    + "\nSee `billion --help`.")
            return .usage
        }
        return run(command, Array(words.dropFirst()))
    }

    private static func run(_ command: any Command.Type, _ words: [String]) -> ExitStatus {
        let specification = command.specification
        if words.contains("--help") || words.contains("-h") {
            Console.print(Help.text(for: specification))
            return .success
        }
        do {
            try KernelVariant.choose(Program.environment["BILLION_ISA"])
            return try command.run(Arguments(words, for: specification))
        } catch let error as UsageError {
            Console.error("billion \(specification.name): \(error)")
            Console.error("See `billion \(specification.name) --help`.")
        } catch {
            // Some errors name the command as the place themselves.
            let name = specification.name + ": "
            let message = "\(error)"
            Console.error("billion " + (message.hasPrefix(name) ? message : name + message))
        }
        return .usage
    }

    private static func help(for name: String?) -> ExitStatus {
        guard let name else {
            Console.print(Help.overview())
            return .success
        }
        guard let command = all.first(where: { $0.specification.name == name }) else {
            Console.error(
                "billion help: unknown command '\(name)'."
                    + Suggestion.sentence(for: name, among: all.map { $0.specification.name }))
            return .usage
        }
        Console.print(Help.text(for: command.specification))
        return .success
    }
}
