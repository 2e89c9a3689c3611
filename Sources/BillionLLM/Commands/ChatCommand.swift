import Basics
import Chat
import LanguageModels
import Tensors

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A conversation with a model, or the same one with several.
enum ChatCommand: Command {
    static let specification = CommandSpecification(
        name: "chat", summary: "talk with a model, or compare the answers of several",
        operands: "[MODEL...]", operandCount: 0...3,
        options: ModelOptions.options + [
            ModelOptions.adapter,
            .init(
                "compare", nil,
                "each prompt is answered by two or three MODELs, or one without and with --adapter"),
            .init("system", "TEXT", "system message to begin with"),
            .init("n-gen", "N", "tokens of an answer at most (default 512)"),
        ] + SamplingOptions.options + DraftOptions.options + [
            .init("context", "N", "tokens to remember at most (default 8192, or the model's own)"),
            .init("template", "FILE", "Jinja file to use instead of the model's own template"),
            .init("date", "YYYY-MM-DD", "the day a template is told (default 2024-07-26)"),
        ],
        examples: [
            "billion chat --model smollm2 --system 'Answer in one sentence.'",
            "billion chat --compare smollm2 my-model.gguf",
            "billion chat --compare smollm2 --adapter my-adapter",
            "printf 'Hi\\nWho are you?\\n' | billion chat --model smollm2",
        ])

    static func run(_ arguments: Arguments) throws -> ExitStatus {
        let options = try answerOptions(arguments)
        let names = try modelNames(arguments)
        let backend = CPUBackend(
            threads: try ModelOptions.threads(in: arguments), computation: options.computation)
        let quantization = try Quantizations.chosen(in: arguments)
        let draftOptions = try DraftOptions(arguments)
        // One draft serves all models: each has its own cache of it.
        let draft = try draftOptions.map {
            ChatDraft(source: try $0.load(on: backend), length: $0.length)
        }
        let load = { (name: String, adapter: String?) in
            let path = try ModelAccess.standard().path(of: name, quantization: quantization)
            let parts = [name, adapter].compactMap(\.self).map {
                FileSystem.name(of: $0.hasSuffix("/") ? String($0.dropLast()) : $0)
            }
            return try ChatPartner(
                name: parts.joined(separator: " + "),
                model: LanguageModel(path: path, backend: backend, adapter: adapter),
                options: options, draft: draft)
        }
        let adapter = arguments.string("adapter")
        let isBaseAlone = adapter == nil || arguments.has("compare")
        var partners = try isBaseAlone ? names.map { try load($0, nil) } : []
        if let adapter { partners.append(try load(names[0], adapter)) }
        let loop = ChatLoop(
            partners: partners, options: options, input: lineSource(), screen: screen(),
            load: { try load($0, nil) })
        return loop.run(system: arguments.string("system")) ? .success : .failure
    }

    private static func modelNames(_ arguments: Arguments) throws -> [String] {
        guard arguments.has("compare") else {
            if let extra = arguments.operands.first {
                throw UsageError(
                    "unexpected argument '\(extra)'. One model is --model MODEL, several are "
                        + "--compare MODEL MODEL.")
            }
            return [try arguments.required("model")]
        }
        if arguments.has("model") {
            throw UsageError("--compare and --model cannot be combined; name all models after it.")
        }
        guard arguments.has("adapter") else {
            guard arguments.operands.count >= 2 else {
                throw UsageError("--compare needs two or three models.")
            }
            return arguments.operands
        }
        // An adapter belongs to one model.
        guard arguments.operands.count == 1 else {
            throw UsageError("--compare with --adapter takes the one model that it is for.")
        }
        return arguments.operands
    }

    private static func answerOptions(_ arguments: Arguments) throws -> AnswerOptions {
        var date = TemplateDate.standard
        if let text = arguments.string("date") {
            guard let given = TemplateDate(text) else {
                throw UsageError("--date is '\(text)'; wanted a day such as 2024-07-26.")
            }
            date = given
        }
        let template = try arguments.string("template").map { path in
            String(decoding: try FileSystem.read(path), as: UTF8.self)
        }
        return AnswerOptions(
            sampling: try SamplingOptions(arguments),
            limit: try arguments.integer("n-gen", in: 1...1_000_000, default: 512),
            context: try arguments.integer("context", in: 16...10_000_000),
            computation: try ModelOptions.computation(in: arguments), date: date,
            template: template)
    }

    // MARK: - The terminal

    /// A terminal that can redraw gets the line editor; anything else is read line by line.
    private static func lineSource() -> any LineSource {
        for descriptor in [STDOUT_FILENO, STDERR_FILENO] {
            let terminal = Terminal(descriptor: descriptor)
            guard terminal.redraws else { continue }
            let reader = TerminalLineReader(output: descriptor, hasColor: terminal.hasColor)
            if let reader { return reader }
        }
        return PlainLineReader()
    }

    /// Answers go to stdout; what is said about them goes there too when a person reads both.
    private static func screen() -> ChatScreen {
        let answers = ChatScreen.Place(
            terminal: { Terminal(descriptor: STDOUT_FILENO) }, write: { Console.write($0) })
        let errors = ChatScreen.Place(
            terminal: { Terminal(descriptor: STDERR_FILENO) }, write: { Console.writeError($0) })
        let isWatched = Terminal(descriptor: STDOUT_FILENO).redraws
        return ChatScreen(answers: answers, notes: isWatched ? answers : errors)
    }
}
