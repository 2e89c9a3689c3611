import Basics
import LanguageModels

/// Continues a prompt.
enum GenerateCommand: Command {
    static let specification = CommandSpecification(
        name: "generate", summary: "continue a prompt, streaming",
        options: ModelOptions.options + [
            ModelOptions.adapter,
            .init("prompt", "TEXT", "what to continue"),
            .init("n-gen", "N", "tokens to generate at most (default 128)"),
        ] + SamplingOptions.options + DraftOptions.options + [
            .init("no-bos", nil, "never add the beginning-of-text token"),
            .init("plain", nil, "treat the text of special tokens as text"),
            .init(
                "json", nil,
                "one JSON object: prompt_tokens, tokens, logprobs, text, and drafted, accepted, cycles"
            ),
        ],
        examples: [
            "billion generate --model smollm2-135m-instruct --prompt 'def fibonacci(n):' --n-gen 64",
            "billion generate --model smollm2-135m-instruct --prompt 'Once' --temperature 0.8 --seed 1 --json",
            "billion generate --model big.gguf --draft small.gguf --draft-k 4 --prompt 'Once'",
        ])

    private struct Output: Encodable {
        var prompt_tokens: [Int32]
        var tokens: [Int32]
        var logprobs: [Double]
        var text: String
        /// Absent without a draft.
        var drafted: Int?
        var accepted: Int?
        var cycles: Int?
    }

    static func run(_ arguments: Arguments) throws -> ExitStatus {
        let options = try ModelOptions(arguments)
        let prompt = try arguments.required("prompt")
        let limit = try arguments.integer("n-gen", in: 1...1_000_000, default: 128)
        let sampling = try SamplingOptions(arguments)
        let draft = try DraftOptions(arguments)
        let model = try options.load()
        let tokenizer = try model.tokenizer()
        let promptTokens = try tokens(of: prompt, arguments: arguments, tokenizer: tokenizer)
        let context = model.shape.contextLength
        guard promptTokens.count < context else {
            throw UsageError(
                "the prompt has \(promptTokens.count) tokens and the model's context holds "
                    + "\(context). Shorten the prompt.")
        }
        let session = model.makeSession(
            capacity: min(promptTokens.count + limit, context), computation: options.computation)
        var generator = TokenGenerator(session: session, sampling: sampling)
        if let draft {
            let proposer = try draft.load(on: model.backend).makeProposer(
                for: model, named: options.model, capacity: session.capacity,
                computation: options.computation, sampling: sampling)
            generator = TokenGenerator(
                session: session, sampling: sampling, proposer: proposer, length: draft.length)
        }
        var decoder = TokenTextDecoder(tokenizer, continuing: true)
        var generated: [GeneratedToken] = []
        var text = ""
        try generator.generate(
            after: promptTokens, limit: limit, stop: tokenizer.endOfGeneration
        ) { token in
            try model.requireFinite()
            generated.append(token)
            let piece = decoder.append(token.id)
            text += piece
            if !arguments.has("json") { Console.write(piece) }
            return true
        }
        let rest = decoder.finish()
        text += rest
        if arguments.has("json") {
            Console.print(
                try JSON.text(
                    Output(
                        prompt_tokens: promptTokens, tokens: generated.map(\.id),
                        logprobs: generated.map(\.logProbability),
                        text: text, drafted: generator.speculation?.drafted,
                        accepted: generator.speculation?.accepted,
                        cycles: generator.speculation?.cycles)))
        } else {
            Console.print(rest)
        }
        return .success
    }

    /// The prompt's tokens; an empty prompt starts from the model's own first token.
    private static func tokens(of prompt: String, arguments: Arguments, tokenizer: Tokenizer)
        throws -> [Int32]
    {
        let ids = tokenizer.encode(
            prompt, addBOS: arguments.has("no-bos") ? false : nil,
            parseSpecial: !arguments.has("plain"))
        if !ids.isEmpty { return ids }
        guard let first = tokenizer.bosID ?? tokenizer.eosID else {
            throw UsageError(
                "the prompt is empty, and this model names no token to start with. Give --prompt.")
        }
        return [first]
    }
}
