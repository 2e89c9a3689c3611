import LanguageModels
import Tensors

/// How answers are chosen, and how long they may be.
package struct AnswerOptions: Sendable {
    package var sampling: SamplingOptions
    /// Tokens of an answer at most.
    package var limit: Int
    /// Positions of the cache; nil takes what the model allows, up to 8192.
    package var context: Int?
    package var computation: Computation
    package var date: TemplateDate
    /// Jinja text instead of that of the model's own file.
    package var template: String?

    package init(
        sampling: SamplingOptions = SamplingOptions(), limit: Int = 512, context: Int? = nil,
        computation: Computation = .auto, date: TemplateDate = .standard, template: String? = nil
    ) {
        self.sampling = sampling
        self.limit = limit
        self.context = context
        self.computation = computation
        self.date = date
        self.template = template
    }
}

/// What an answer cost, and how it ended.
package struct Answer: Sendable {
    package enum Ending: Sendable {
        case complete, limit, contextFull, interrupted
    }

    package var text = ""
    package var ending = Ending.complete
    /// Tokens of the whole conversation before the answer.
    package var promptTokens = 0
    /// Of these, how many were in the cache from earlier turns.
    package var reusedTokens = 0
    /// The token that ended the answer counts too.
    package var generatedTokens = 0
    /// From the question to the first token; nil when there was none.
    package var secondsToFirstToken: Double?
    /// Of all tokens after the first.
    package var decodingSeconds = 0.0
    /// The oldest messages that had to be left out, for the context was full.
    package var forgottenMessages = 0

    /// Nil for answers of one token.
    package var tokensPerSecond: Double? {
        guard generatedTokens > 1, decodingSeconds > 0 else { return nil }
        return Double(generatedTokens - 1) / decodingSeconds
    }
}

/// The sum of a partner's answers.
package struct AnswerTotals: Sendable {
    package var answers = 0
    package var promptTokens = 0
    package var reusedTokens = 0
    package var generatedTokens = 0
    package var decodedTokens = 0
    package var decodingSeconds = 0.0

    mutating func add(_ answer: Answer) {
        answers += 1
        promptTokens += answer.promptTokens
        reusedTokens += answer.reusedTokens
        generatedTokens += answer.generatedTokens
        decodedTokens += max(0, answer.generatedTokens - 1)
        decodingSeconds += answer.decodingSeconds
    }
}

/// What guesses ahead of a model in a conversation, and how far.
package struct ChatDraft {
    package var source: Draft
    package var length: DraftLength

    package init(source: Draft, length: DraftLength) {
        self.source = source
        self.length = length
    }
}

/// A message that no context can hold, in one sentence.
package struct ChatError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
}

/// A model and the conversation with it.
package final class ChatPartner {
    package let name: String
    /// From the model's file, or the plain convention.
    package let format: ChatFormat
    package private(set) var messages: [ChatMessage] = []
    package private(set) var totals = AnswerTotals()
    /// What `system` begins a conversation with.
    package private(set) var system: String?

    private let tokenizer: Tokenizer
    private let session: DecodingSession
    private let options: AnswerOptions
    /// Lives as long as the partner, so that draws go on from one answer to the next.
    private var generator: TokenGenerator

    /// Positions that keep the memory of the cache within bounds unless the user wants more.
    private static let usualContext = 8192

    package init(
        name: String, model: LanguageModel, options: AnswerOptions, draft: ChatDraft? = nil
    ) throws {
        self.name = name
        self.options = options
        tokenizer = try model.tokenizer()
        do throws(ChatTemplateError) {
            format = try ChatFormat(
                tokenizer: tokenizer, date: options.date, template: options.template)
        } catch {
            throw ChatError(
                description: "\(name): \(error) A template of your own can replace it: "
                    + "--template FILE.")
        }
        let allowed = model.shape.contextLength
        let capacity = max(2, min(options.context ?? Self.usualContext, allowed))
        session = model.makeSession(capacity: capacity, computation: options.computation)
        if let draft {
            let proposer = try draft.source.makeProposer(
                for: model, named: name, capacity: capacity, computation: options.computation,
                sampling: options.sampling)
            generator = TokenGenerator(
                session: session, sampling: options.sampling, proposer: proposer,
                length: draft.length)
        } else {
            generator = TokenGenerator(session: session, sampling: options.sampling)
        }
    }

    /// Positions of the cache.
    package var capacity: Int { session.capacity }
    package var usedPositions: Int { session.tokens.count }
    /// What was drafted and accepted in all answers; nil without a draft.
    package var speculation: SpeculationCounts? { generator.speculation }

    /// Begins anew, with the same system message or another.
    package func reset(system: String?) {
        self.system = system
        messages = system.map { [.system($0)] } ?? []
    }

    /// Takes over a conversation that another model had.
    package func adopt(_ conversation: [ChatMessage]) {
        messages = conversation
        system = conversation.first.flatMap { $0.role == "system" ? $0.content : nil }
    }

    /// Answers a message and keeps both.
    ///
    /// The oldest exchanges are left out when there is no room for them. A message that the
    /// template refuses, or that has no room even alone, is an error and is not kept.
    ///
    /// - Parameters:
    ///   - isInterrupted: asked often; true ends the answer where it is.
    ///   - visit: the answer's text, piece by piece, in whole characters.
    package func answer(
        _ message: String, isInterrupted: () -> Bool = { false }, visit: (String) -> Void
    ) throws -> Answer {
        let clock = ContinuousClock()
        let start = clock.now
        var answer = Answer()
        let (kept, prompt) = try fitting(messages + [.user(message)])
        answer.forgottenMessages = messages.count + 1 - kept.count
        messages = kept
        answer.promptTokens = prompt.count
        answer.reusedTokens = session.reusablePrefix(of: prompt, keepingLast: 1)

        var text = AnswerText(stop: format.stopText, dropsLeadingSpace: format.template == nil)
        var decoder = TokenTextDecoder(tokenizer, continuing: true)
        func show(_ piece: String) {
            guard !piece.isEmpty else { return }
            answer.text += piece
            visit(piece)
        }
        answer.ending = .interrupted
        if feed(prompt, unless: isInterrupted) {
            answer.ending = options.limit <= session.capacity - prompt.count ? .limit : .contextFull
            var firstToken = start
            var lastToken = start
            try generator.generate(
                after: prompt, limit: options.limit, stop: tokenizer.endOfGeneration
            ) { token in
                try session.model.requireFinite()
                lastToken = clock.now
                if answer.generatedTokens == 0 { firstToken = lastToken }
                answer.generatedTokens += 1
                if tokenizer.endOfGeneration.contains(token.id) {
                    answer.ending = .complete
                    return false
                }
                show(text.append(decoder.append(token.id)))
                if text.isStopped {
                    answer.ending = .complete
                } else if isInterrupted() {
                    answer.ending = .interrupted
                }
                return answer.ending != .complete && answer.ending != .interrupted
            }
            if answer.generatedTokens > 0 {
                answer.secondsToFirstToken = (firstToken - start).seconds
                answer.decodingSeconds = (lastToken - firstToken).seconds
            }
        }
        show(text.append(decoder.finish()))
        show(text.finish())
        if format.template == nil {
            while answer.text.last?.isWhitespace == true { answer.text.removeLast() }
        }
        messages.append(.assistant(answer.text))
        totals.add(answer)
        return answer
    }

    /// Feeds all of a long prompt but its end, whose logits are wanted; false when interrupted.
    private func feed(_ prompt: [Int32], unless isInterrupted: () -> Bool) -> Bool {
        session.truncate(to: session.reusablePrefix(of: prompt, keepingLast: 1))
        while prompt.count - session.tokens.count > DecodingSession.passRows {
            if isInterrupted() { return false }
            let start = session.tokens.count
            session.append(Array(prompt[start..<start + DecodingSession.passRows]))
        }
        return !isInterrupted()
    }

    /// The messages that fit, without the oldest exchanges where that is needed, and their tokens.
    private func fitting(_ all: [ChatMessage]) throws -> ([ChatMessage], [Int32]) {
        // Room for an answer of a useful length, or for a quarter of a small context.
        let room = max(1, min(options.limit, 256, session.capacity / 4))
        var messages = all
        while true {
            let tokens = try format.tokens(of: messages)
            guard !tokens.isEmpty else {
                throw ChatError(
                    description: "the chat template of \(name) makes no text of the message.")
            }
            if tokens.count + room <= session.capacity { return (messages, tokens) }
            let first = messages.first?.role == "system" ? 1 : 0
            guard messages.count - first > 2 else {
                // Alone, it may use the room up to the last position.
                if tokens.count < session.capacity { return (messages, tokens) }
                throw ChatError(
                    description: "the message has \(tokens.count) tokens with what the template "
                        + "adds, and the context of \(name) holds \(session.capacity). Send a "
                        + "shorter one, or start with a larger --context where the model allows it."
                )
            }
            messages.removeSubrange(first..<first + 2)
        }
    }
}
