import LanguageModels

/// Turns instructions into tokens to learn, by the rules of TRL's SFTTrainer.
///
/// A beginning of text comes first where the model's tokenizer adds one. The model's end of text
/// comes last unless it is there already; conversations end as their template ends them. What is
/// longer than `maxLength` loses its end.
package struct InstructionTokens: Sendable {
    package let tokenizer: Tokenizer
    package let maxLength: Int
    /// Whether the prompt is read and not learned; nil: only of `prompt` and `completion`.
    package let completionOnly: Bool?
    private let format: ChatFormat

    package init(tokenizer: Tokenizer, maxLength: Int, completionOnly: Bool?) throws {
        self.tokenizer = tokenizer
        self.maxLength = maxLength
        self.completionOnly = completionOnly
        format = try ChatFormat(tokenizer: tokenizer)
    }

    /// - Parameter completionOnly: marks nothing else than what the model itself would say.
    ///
    /// Throws `DatasetError` when nothing is left to learn.
    package func example(_ entry: InstructionDataset.Entry, completionOnly: Bool? = nil) throws
        -> TrainingExample
    {
        let only = completionOnly ?? self.completionOnly
        let (tokens, spoken) = try tokens(of: entry)
        let kept = Array(tokens.prefix(maxLength))
        var isTarget: [Bool]
        if only ?? isPromptSkipped(entry.instruction) {
            isTarget = [Bool](repeating: false, count: kept.count)
            for range in spoken {
                for index in range.clamped(to: kept.indices) { isTarget[index] = true }
            }
        } else {
            isTarget = [Bool](repeating: true, count: kept.count)
        }
        // Nothing comes before the first token from which it could be told.
        if !isTarget.isEmpty { isTarget[0] = false }
        guard isTarget.contains(true) else {
            let prompt = spoken.first?.lowerBound ?? 0
            throw entry.fail(
                tokens.count < 2
                    ? "it has \(tokens.count) tokens; wanted 2 or more to learn from."
                    : "no token to learn is left: the prompt has \(prompt) tokens and max_length "
                        + "is \(maxLength). Raise max_length, or leave the record out.")
        }
        return TrainingExample(tokens: kept, isTarget: isTarget)
    }

    /// What the model is given to answer itself; nil where a record is one whole text.
    package func prompt(_ entry: InstructionDataset.Entry) throws -> [Int32]? {
        switch entry.instruction {
        case .completion(let prompt, _, _): beginning + encode(prompt)
        case .conversation(let messages): try format.tokens(of: Array(messages.dropLast()))
        case .text, .tokens: nil
        }
    }

    private func isPromptSkipped(_ instruction: Instruction) -> Bool {
        if case .completion(_, _, .prompt) = instruction { true } else { false }
    }

    // MARK: - Tokens

    /// All tokens, and which of them the model would say itself.
    private func tokens(of entry: InstructionDataset.Entry) throws -> ([Int32], [Range<Int>]) {
        switch entry.instruction {
        case .completion(let prompt, let completion, _):
            let tokens = ended(beginning + encode(prompt + completion))
            // As TRL counts: the prompt by itself, whatever joins across its end.
            let start = min(beginning.count + encode(prompt).count, tokens.count)
            return (tokens, [start..<tokens.count])
        case .conversation(let messages): return try conversation(messages)
        case .text(let text):
            let tokens = ended(beginning + encode(text))
            return (tokens, [0..<tokens.count])
        case .tokens(let tokens):
            if let stranger = tokens.first(where: { Int($0) >= tokenizer.vocabularySize }) {
                throw entry.fail(
                    "the model has no token \(stranger), its vocabulary has "
                        + "\(tokenizer.vocabularySize). The ids are another model's.")
            }
            return (tokens, [0..<tokens.count])
        }
    }

    /// Each of the assistant's turns, its end included, is said by the model.
    private func conversation(_ messages: [ChatMessage]) throws -> ([Int32], [Range<Int>]) {
        var tokens = try format.tokens(of: messages, addGenerationPrompt: false)
        // The convention for models without a template knows no end of its own.
        if format.template == nil { tokens = ended(tokens) }
        var spoken: [Range<Int>] = []
        for (index, message) in messages.enumerated() where message.role == "assistant" {
            let start = try format.tokens(of: Array(messages[..<index])).count
            let end =
                index == messages.count - 1
                ? tokens.count
                : try format.tokens(of: Array(messages[...index]), addGenerationPrompt: false).count
            let first = min(start, tokens.count)
            spoken.append(first..<max(first, min(end, tokens.count)))
        }
        return (tokens, spoken)
    }

    private var beginning: [Int32] {
        tokenizer.addsBOS ? tokenizer.bosID.map { [$0] } ?? [] : []
    }

    private func encode(_ text: String) -> [Int32] { tokenizer.encode(text, addBOS: false) }

    private func ended(_ tokens: [Int32]) -> [Int32] {
        guard let end = tokenizer.eosID, tokens.last != end else { return tokens }
        return tokens + [end]
    }
}
