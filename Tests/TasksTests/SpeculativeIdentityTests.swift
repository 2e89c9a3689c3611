import Basics
import Tensors
import TestSupport
import Testing

@testable import LanguageModels
@testable import Tasks

/// Greedy output with a draft is plain decoding's, on a real model in all the pairs of formats
/// that experiments/speculative.yaml uses: 200 prompts of 200 tokens, drafts of 1 to 8 tokens.
@Suite(
    .enabled(
        if: SharedData.runsSlowTests && SharedData.smolLM2 != nil,
        "slow, and needs SmolLM2: billion models pull smollm2-135m-instruct"), .serialized)
struct SpeculativeIdentityTests {
    private static let promptCount = 200
    private static let tokenCount = 200
    private static let draftFormat = "q4_0"

    /// Of each prompt of the dataset five beginnings, from a fifth to all of it.
    private static func prompts(_ tokenizer: Tokenizer) throws -> [[Int32]] {
        let set = try PromptSet(path: SharedData.packageRoot + "/datasets/prompts/prompts.jsonl")
        let all = try set.prompts.flatMap { prompt in
            let tokens = try prompt.tokens(tokenizer)
            return (1...5).map { Array(tokens.prefix(max(tokens.count * $0 / 5, 1))) }
        }
        #expect(all.count == promptCount)
        return all
    }

    /// What the model says without drafts, many texts at a time to save hours; every tenth is
    /// decoded alone too.
    private static func plainTexts(_ model: LanguageModel, after prompts: [[Int32]], capacity: Int)
        throws -> [[Int32]]
    {
        let generator = BatchGenerator(
            model: model, width: 20, positions: capacity,
            cacheFormat: Computation.auto.cacheFormat)
        var texts: [[Int32]] = Array(repeating: [], count: prompts.count)
        generator.generate(
            prompts.map { .init(tokens: $0, samples: [SamplingOptions()]) }, limit: tokenCount,
            stop: []
        ) { id, token in
            texts[id.prompt].append(token)
            return true
        } ended: { _ in
        }
        let alone = PlainDecoding(
            session: model.makeSession(capacity: capacity, computation: .auto),
            sampling: SamplingOptions())
        for index in stride(from: 0, to: prompts.count, by: 10) {
            let text = alone.decode(prompts[index], limit: tokenCount, stop: []).tokens.map(\.id)
            #expect(text == texts[index])
        }
        return texts
    }

    /// Every prompt with one proposer and one draft length, so that eight prompts or more have each
    /// pair of them, and every fifth again with `auto`.
    @Test(arguments: ["q8_0", "f16", "f32"])
    func outputIsPlain(format: String) throws {
        let source = try #require(SharedData.smolLM2)
        let folder = try TemporaryFolder()
        let backend = CPUBackend(threads: 2, computation: .auto)
        func model(_ format: String) throws -> LanguageModel {
            let path = folder["\(format).gguf"]
            try Requantizer(openCheckpoint(path: source), to: .named(format)).write(to: path)
            return try LanguageModel(path: path, backend: backend)
        }
        let (target, small) = (try model(format), try model(Self.draftFormat))
        let prompts = try Self.prompts(target.tokenizer())
        let capacity = (prompts.map(\.count).max() ?? 0) + Self.tokenCount
        let session = target.makeSession(capacity: capacity, computation: .auto)
        let proposers: [any Proposer] =
            [
                DraftModel(
                    session: try small.makeDraftSession(
                        capacity: capacity, computation: .auto),
                    targetVocabulary: target.shape.vocabulary, sampling: SamplingOptions())
            ] + DraftFreeProposer.allCases.map { $0.make(stop: []) }
        let plain = try Self.plainTexts(target, after: prompts, capacity: capacity)
        var decoders: [[DraftLength: SpeculativeDecoder]] = proposers.map { _ in [:] }
        var (compared, differences) = (0, 0)
        for (index, prompt) in prompts.enumerated() {
            let wanted = plain[index]
            let fixed = DraftLength.fixed(index % 8 + 1)
            let place = index / 8 % proposers.count
            // Of every prompt of the dataset another beginning.
            let isFifth = (index + index / 5).isMultiple(of: 5)
            for length in isFifth ? [fixed, .auto] : [fixed] {
                let decoder =
                    decoders[place][length]
                    ?? SpeculativeDecoder(
                        session: session, proposer: proposers[place], length: length,
                        sampling: SamplingOptions())
                decoders[place][length] = decoder
                var found: [Int32] = []
                decoder.generate(after: prompt, limit: Self.tokenCount, stop: []) {
                    found.append($0.id)
                    return true
                }
                compared += 1
                differences += found == wanted ? 0 : 1
                #expect(
                    found == wanted,
                    "\(format) \(proposers[place].name) \(length) prompt \(index)")
            }
        }
        print(
            "\(format): \(compared) outputs of \(Self.tokenCount) tokens compared, "
                + "\(differences) differ")
    }
}
