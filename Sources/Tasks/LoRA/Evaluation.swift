import Basics
import Experiments
import LanguageModels
import Tensors

/// How well a model tells some tokens: sums, of which the usual figures are quotients.
package struct TokenTally: Hashable, Sendable {
    /// Sum of negative natural log-probabilities.
    package var loss = 0.0
    /// Tokens that were the likeliest.
    package var hits = 0
    package var count = 0

    package static func + (a: TokenTally, b: TokenTally) -> TokenTally {
        TokenTally(loss: a.loss + b.loss, hits: a.hits + b.hits, count: a.count + b.count)
    }

    package init(loss: Double = 0, hits: Int = 0, count: Int = 0) {
        self.loss = loss
        self.hits = hits
        self.count = count
    }
}

/// What a model makes of one held-out record.
package struct HeldOutOutcome: Hashable, Sendable {
    /// All tokens after the first.
    package var all: TokenTally
    /// Those that the model would say itself.
    package var response: TokenTally
    /// Its own answer to the prompt; nil where none was asked for.
    package var answer: String?

    package init(all: TokenTally, response: TokenTally, answer: String? = nil) {
        self.all = all
        self.response = response
        self.answer = answer
    }
}

/// Measures a model on instructions that it has not learned from.
///
/// Without dropout and without sampling: the same model gives the same outcomes.
///
///     let evaluation = try HeldOutEvaluation(dataset.heldOut ?? [], tokens: tokens, answerLimit: 64)
///     let before = try evaluation.outcomes(of: model, computation: .f32) { done in ... }
package struct HeldOutEvaluation: Sendable {
    private struct Record: Sendable {
        let all: TrainingExample
        let response: TrainingExample
        /// Nil where a record is one whole text.
        let prompt: [Int32]?
        let instruction: Instruction
    }

    private let records: [Record]
    private let tokenizer: Tokenizer
    private let answerLimit: Int

    /// - Parameter answerLimit: tokens of an answer at most; 0 asks for none.
    ///
    /// Throws `DatasetError` for records that leave nothing to tell.
    package init(
        _ entries: [InstructionDataset.Entry], tokens: InstructionTokens, answerLimit: Int
    ) throws {
        records = try entries.map { entry in
            Record(
                all: try tokens.example(entry, completionOnly: false),
                response: try tokens.example(entry, completionOnly: true),
                prompt: try tokens.prompt(entry), instruction: entry.instruction)
        }
        tokenizer = tokens.tokenizer
        self.answerLimit = answerLimit
    }

    package var count: Int { records.count }

    /// One outcome a record, in their order.
    ///
    /// - Parameter report: called after each; may throw to stop.
    package func outcomes(
        of model: LanguageModel, computation: Computation,
        report: (_ index: Int, HeldOutOutcome) throws -> Void
    ) throws -> [HeldOutOutcome] {
        let longest = records.map { $0.all.tokens.count }.max() ?? 1
        let prompts = records.compactMap { $0.prompt?.count }.max() ?? 0
        let limit = model.shape.contextLength
        guard longest <= limit else {
            throw TaskError(
                "a held-out record has \(longest) tokens, the model's context holds \(limit). "
                    + "Lower max_length.")
        }
        let session = model.makeSession(
            capacity: max(longest, min(prompts + answerLimit, limit)), computation: computation)
        return try records.enumerated().map { index, record in
            var outcome = tally(record, session)
            if answerLimit > 0, let prompt = record.prompt, prompt.count < limit {
                outcome.answer = answer(to: prompt, session)
            }
            try report(index, outcome)
            return outcome
        }
    }

    /// Both models' outcomes side by side: what the view `lora_answers` shows.
    package func jobRecords(
        base: [HeldOutOutcome], adapted: [HeldOutOutcome], format: AnswerFormat?
    ) -> [JobRecord] {
        precondition(base.count == count && adapted.count == count, "an outcome of each record")
        return records.indices.map { index in
            let instruction = records[index].instruction
            var values: [String: JSONValue] = [
                "question": instruction.question.map { .string($0) } ?? .null,
                "reference": instruction.reference.map { .string($0) } ?? .null,
                "tokens": .integer(Int64(base[index].all.count)),
                "response_tokens": .integer(Int64(base[index].response.count)),
            ]
            for (variant, outcome) in [("base", base[index]), ("adapted", adapted[index])] {
                values["\(variant)_loss"] = .number(outcome.all.loss)
                values["\(variant)_response_loss"] = .number(outcome.response.loss)
                values["\(variant)_hits"] = .integer(Int64(outcome.all.hits))
                values["\(variant)_response_hits"] = .integer(Int64(outcome.response.hits))
                values["\(variant)_answer"] = outcome.answer.map { .string($0) } ?? .null
                values["\(variant)_in_format"] =
                    outcome.answer.flatMap { answer in
                        format.map { .bool($0.matches(answer)) }
                    } ?? .null
            }
            return JobRecord(kind: Self.recordKind, index: index, values: values)
        }
    }

    package static let recordKind = "lora_answer"

    private func tally(_ record: Record, _ session: DecodingSession) -> HeldOutOutcome {
        let tokens = record.all.tokens
        var outcome = HeldOutOutcome(all: TokenTally(), response: TokenTally())
        session.truncate(to: 0)
        session.append(Array(tokens.dropLast()), outputs: 0..<tokens.count - 1) { index, logits in
            let probabilities = LogSoftmax(logits)
            let next = Int(tokens[index + 1])
            let one = TokenTally(
                loss: -probabilities[next], hits: probabilities.best == next ? 1 : 0, count: 1)
            outcome.all = outcome.all + one
            if record.response.isTarget[index + 1] { outcome.response = outcome.response + one }
        }
        return outcome
    }

    /// The likeliest answer, without the token that ends it.
    private func answer(to prompt: [Int32], _ session: DecodingSession) -> String {
        var generator = TokenGenerator(session: session, sampling: SamplingOptions())
        var decoder = TokenTextDecoder(tokenizer, continuing: true)
        var text = ""
        generator.generate(after: prompt, limit: answerLimit, stop: tokenizer.endOfGeneration) {
            if !tokenizer.endOfGeneration.contains($0.id) { text += decoder.append($0.id) }
            return true
        }
        return text + decoder.finish()
    }
}
