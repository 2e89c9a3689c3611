import Basics
import Experiments
import LanguageModels

/// The prompts decoded both ways, in turn.
struct SpeculativeRun {
    private let context: TaskContext
    private let prompts: [PromptSet.Prompt]
    private let tokens: [[Int32]]
    private let repetitions: Int
    private let limit: Int
    private let stop: Set<Int32>
    private let isGreedy: Bool
    private let plain: PlainDecoding
    private let decoder: SpeculativeDecoder

    static let promptKind = "speculative_prompt"
    static let cycleKind = "speculative_cycle"

    init(_ context: TaskContext, draft: Draft, length: DraftLength) throws {
        self.context = context
        let name = try context.string("dataset")
        let set = try PromptSet(path: context.datasetPath())
        try context.expectDataset(name, digest: set.digest)
        let model = context.model
        let tokenizer = try model.tokenizer()
        prompts = set.limited(
            to: try SampleLimit(setting: context.job.cell.taskSettings["limit"] ?? .null))
        tokens = try prompts.map { try $0.tokens(tokenizer) }
        repetitions = try context.integer("repetitions")
        limit = try context.integer("n_gen")
        stop = tokenizer.endOfGeneration
        let sampling = try context.sampling
        isGreedy = sampling.temperature == 0

        let longest = tokens.map(\.count).max() ?? 0
        let capacity = min(longest + limit, model.shape.contextLength)
        if let place = tokens.firstIndex(where: { $0.isEmpty || $0.count >= capacity }) {
            throw TaskError(
                "prompt '\(prompts[place].id)' has \(tokens[place].count) tokens, and the model's "
                    + "context holds \(model.shape.contextLength).")
        }
        func session() -> DecodingSession {
            model.makeSession(capacity: capacity, computation: context.computation)
        }
        plain = PlainDecoding(session: session(), sampling: sampling)
        let proposer = try draft.makeProposer(
            for: model, named: "\(context.job.cell.model) \(context.job.cell.quantization)",
            capacity: capacity, computation: context.computation, sampling: sampling)
        decoder = SpeculativeDecoder(
            session: session(), proposer: proposer, length: length, sampling: sampling)
    }

    /// Decodes what an earlier attempt has not, and gives the records of all.
    func records() throws -> [JobRecord] {
        var all = context.completed.records[Self.promptKind] ?? []
        var cycles = context.completed.records[Self.cycleKind] ?? []
        let done = Set(all.map(\.index))
        // What the first pass touches is not in memory yet.
        _ = plain.decode(tokens[0], limit: 2, stop: stop)
        for repetition in 0..<repetitions {
            for place in prompts.indices {
                let index = repetition * prompts.count + place
                if done.contains(index) { continue }
                try context.progress(
                    prompts[place].id, index, of: prompts.count * repetitions)
                let (record, own) = try decode(place, repetition: repetition, index: index)
                try context.record(record)
                for values in own {
                    let cycle = JobRecord(
                        kind: Self.cycleKind, index: cycles.count, values: values)
                    try context.record(cycle)
                    cycles.append(cycle)
                }
                all.append(record)
            }
        }
        return all + cycles
    }

    /// One prompt both ways; every other time the draft goes first.
    private func decode(_ place: Int, repetition: Int, index: Int) throws
        -> (JobRecord, [[String: JSONValue]])
    {
        let prompt = tokens[place]
        var plainly: PlainDecoding.Outcome?
        if index % 2 == 0 { plainly = plain.decode(prompt, limit: limit, stop: stop) }

        var found: [VerifiedToken] = []
        var cycles: [SpeculativeCycle] = []
        decoder.session.truncate(to: 0)
        let clock = ContinuousClock()
        var start = clock.now
        decoder.generate(after: prompt, limit: limit, stop: stop, observe: { cycles.append($0) }) {
            if found.isEmpty { start = clock.now }
            found.append($0)
            return true
        }
        let nanoseconds = (clock.now - start).nanoseconds

        let wanted = plainly ?? plain.decode(prompt, limit: limit, stop: stop)
        if isGreedy { try prove(found, equal: wanted.tokens, prompt: prompts[place].id) }
        let record = JobRecord(
            kind: Self.promptKind, index: index,
            values: [
                "prompt": .string(prompts[place].id),
                "category": .string(prompts[place].category),
                "repetition": .integer(Int64(repetition)),
                "prompt_tokens": .integer(Int64(prompt.count)),
                "tokens": .integer(Int64(found.count)),
                "plain_tokens": .integer(Int64(wanted.tokens.count)),
                "plain_prompt_ns": .integer(Int64(wanted.promptNanoseconds)),
                "plain_ns": .integer(Int64(wanted.nanoseconds)),
                "target_prompt_ns": .integer(Int64(decoder.promptNanoseconds.target)),
                "draft_prompt_ns": .integer(Int64(decoder.promptNanoseconds.proposer)),
                "speculative_ns": .integer(Int64(nanoseconds)),
                "drafted": .integer(Int64(cycles.reduce(0) { $0 + $1.drafted })),
                "accepted": .integer(Int64(cycles.reduce(0) { $0 + $1.accepted })),
                "cycles": .integer(Int64(cycles.count)),
                "rejections": .integer(Int64(cycles.count(where: \.endsByRejection))),
            ])
        return (record, cycles.map { Self.values(of: $0, prompt: index) })
    }

    private static func values(of cycle: SpeculativeCycle, prompt: Int) -> [String: JSONValue] {
        [
            "prompt": .integer(Int64(prompt)),
            "drafted": .integer(Int64(cycle.drafted)),
            "accepted": .integer(Int64(cycle.accepted)),
            "tokens": .integer(Int64(cycle.tokens)),
            "draft_ns": .integer(Int64(cycle.draftNanoseconds)),
            "verify_ns": .integer(Int64(cycle.verifyNanoseconds)),
            "rest_ns": .integer(
                Int64(cycle.nanoseconds) - Int64(cycle.draftNanoseconds)
                    - Int64(cycle.verifyNanoseconds)),
        ]
    }

    /// Throws where the two outputs differ, with both logits.
    private func prove(
        _ found: [VerifiedToken], equal wanted: [PlainDecoding.Token], prompt: String
    ) throws {
        let same = zip(found, wanted).prefix { $0.id == $1.id }.count
        guard same < max(found.count, wanted.count) else { return }
        func text(_ id: Int32?, _ logit: Float?) -> String {
            guard let id, let logit else { return "nothing" }
            return "token \(id) (logit \(logit))"
        }
        let mine = same < found.count ? found[same] : nil
        let plain = same < wanted.count ? wanted[same] : nil
        throw JobFailure.failed(
            reason: "prompt '\(prompt)': at position \(same) of the output plain decoding chose "
                + "\(text(plain?.id, plain?.logit)) and decoding with a draft "
                + "\(text(mine?.id, mine?.logit)). Greedy output must be the same.")
    }
}

/// Token after token, with nothing but the target.
final class PlainDecoding {
    struct Token: Hashable {
        let id: Int32
        let logit: Float
    }

    struct Outcome {
        var tokens: [Token]
        var promptNanoseconds: UInt64
        /// Of all tokens after the first.
        var nanoseconds: UInt64
    }

    private let session: DecodingSession
    private var sampler: Sampler
    private let clock = ContinuousClock()

    init(session: DecodingSession, sampling: SamplingOptions) {
        self.session = session
        sampler = Sampler(sampling)
    }

    /// From an empty cache; at most `limit` tokens, the last of `stop` included.
    func decode(_ prompt: [Int32], limit: Int, stop: Set<Int32>) -> Outcome {
        session.truncate(to: 0)
        let start = clock.now
        var tokens = [step(prompt)]
        let first = clock.now
        while tokens.count < limit, session.tokens.count < session.capacity,
            !stop.contains(tokens[tokens.count - 1].id)
        {
            tokens.append(step([tokens[tokens.count - 1].id]))
        }
        return Outcome(
            tokens: tokens, promptNanoseconds: (first - start).nanoseconds,
            nanoseconds: (clock.now - first).nanoseconds)
    }

    private func step(_ added: [Int32]) -> Token {
        var token = Token(id: 0, logit: 0)
        session.append(added, outputs: added.count - 1..<added.count) { _, logits in
            let id = sampler.choose(logits)
            token = Token(id: id, logit: logits[Int(id)])
        }
        return token
    }
}
