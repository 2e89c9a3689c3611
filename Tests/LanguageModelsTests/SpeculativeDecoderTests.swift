import Basics
import Tensors
import TestSupport
import Testing

@testable import LanguageModels

/// Decoding with a draft against plain decoding, token for token.
@Suite struct SpeculativeDecoderTests {
    static let architectures = ArchitectureRegistry.all.map { $0.name }

    /// A target of an architecture and what can guess for it, from always right to never.
    struct Pair {
        let target: LanguageModel
        let drafts: [(name: String, model: LanguageModel)]
        private let folder: TemporaryFolder

        init(_ architecture: String, threads: Int = 2) throws {
            let path = Fixtures.path("tiny-\(architecture).gguf")
            let backend = CPUBackend(threads: threads, computation: .auto)
            folder = try TemporaryFolder()
            let small = folder["small.gguf"]
            try Requantizer(openCheckpoint(path: path), to: .named("q4_0")).write(to: small)
            target = try LanguageModel(path: path, backend: backend)
            var stranger = SyntheticCheckpointTests.model("llama", seed: 5)
            stranger.shape.vocabulary = target.shape.vocabulary
            drafts = [
                ("itself", target), ("q4_0", try LanguageModel(path: small, backend: backend)),
                (
                    "stranger",
                    try LanguageModel(
                        checkpoint: SyntheticCheckpoint(
                            stranger, target: .named("f16"), threads: 1), backend: backend)
                ),
            ]
        }

        func proposers(capacity: Int, sampling: SamplingOptions = SamplingOptions())
            throws -> [(name: String, proposer: any Proposer)]
        {
            try drafts.map { name, model in
                (
                    name,
                    DraftModel(
                        session: try model.makeDraftSession(
                            capacity: capacity, computation: .auto),
                        targetVocabulary: target.shape.vocabulary, sampling: sampling)
                )
            } + DraftFreeProposer.allCases.map { ($0.rawValue, $0.make(stop: [])) }
        }

        func plain(_ prompt: [Int32], limit: Int, stop: Set<Int32> = [], capacity: Int) -> [Int32] {
            var generator = TokenGenerator(
                session: target.makeSession(capacity: capacity, computation: .auto),
                sampling: SamplingOptions())
            var tokens: [Int32] = []
            generator.generate(after: prompt, limit: limit, stop: stop) {
                tokens.append($0.id)
                return true
            }
            return tokens
        }
    }

    /// Tokens with a rhythm, so that lookups find something.
    static func prompt(_ count: Int, seed: UInt64, vocabulary: Int = 200) -> [Int32] {
        var generator = SeededGenerator(seed: seed)
        let words = (0..<5).map { _ in Int32(generator.next(upperBound: UInt64(vocabulary))) }
        return (0..<count).map { _ in words[Int(generator.next(upperBound: UInt64(5)))] }
    }

    @Test(arguments: architectures, Array(1...8))
    func greedyOutputIsPlain(architecture: String, k: Int) throws {
        let pair = try Pair(architecture)
        for seed: UInt64 in 1...2 {
            let prompt = Self.prompt(12, seed: seed)
            let wanted = pair.plain(prompt, limit: 40, capacity: 60)
            for (name, proposer) in try pair.proposers(capacity: 60) {
                for length in [DraftLength.fixed(k), .auto] {
                    let decoder = SpeculativeDecoder(
                        session: pair.target.makeSession(capacity: 60, computation: .auto),
                        proposer: proposer, length: length, sampling: SamplingOptions())
                    var found: [Int32] = []
                    var cycles: [SpeculativeCycle] = []
                    decoder.generate(
                        after: prompt, limit: 40, stop: [], observe: { cycles.append($0) }
                    ) {
                        found.append($0.id)
                        return true
                    }
                    #expect(found == wanted, "\(name) k \(length)")
                    // The first token is the prompt's.
                    #expect(cycles.reduce(1) { $0 + $1.tokens } == found.count)
                    #expect(cycles.allSatisfy { $0.accepted <= $0.drafted })
                    #expect(decoder.counts.cycles == cycles.count)
                    if name == "itself", case .fixed = length {
                        #expect(decoder.counts.accepted == decoder.counts.drafted)
                        #expect(cycles.dropLast().allSatisfy { $0.tokens == k + 1 })
                    }
                }
            }
        }
    }

    /// The cache holds just what stands: a text can be continued, or another one begun in it.
    @Test func cachesAreRolledBack() throws {
        let pair = try Pair("llama")
        let session = pair.target.makeSession(capacity: 60, computation: .auto)
        let proposer = try pair.proposers(capacity: 60)[1].proposer
        let decoder = SpeculativeDecoder(
            session: session, proposer: proposer, length: .fixed(5), sampling: SamplingOptions())
        var prompt = Self.prompt(10, seed: 3)
        for limit in [7, 3, 11, 1] {
            var found: [Int32] = []
            decoder.generate(after: prompt, limit: limit, stop: []) {
                found.append($0.id)
                return true
            }
            #expect(found == pair.plain(prompt, limit: limit, capacity: 60))
            #expect(session.tokens == Array((prompt + found).prefix(session.tokens.count)))
            #expect(session.tokens.count >= prompt.count + found.count - 1 || limit == found.count)
            prompt = Array(prompt.prefix(8)) + found
        }
    }

    /// A token that ends the text is the last one, wherever it stands in a draft.
    @Test(arguments: 1...12)
    func theEndMayBeInsideADraft(place: Int) throws {
        let pair = try Pair("gptneox")
        let prompt = Self.prompt(9, seed: 4)
        let free = pair.plain(prompt, limit: 30, capacity: 60)
        let stop: Set<Int32> = [free[place]]
        let wanted = pair.plain(prompt, limit: 30, stop: stop, capacity: 60)
        #expect(wanted.last == free[place])
        for (name, proposer) in try pair.proposers(capacity: 60) {
            let decoder = SpeculativeDecoder(
                session: pair.target.makeSession(capacity: 60, computation: .auto),
                proposer: proposer, length: .fixed(8), sampling: SamplingOptions())
            var found: [Int32] = []
            decoder.generate(after: prompt, limit: 30, stop: stop) {
                found.append($0.id)
                return true
            }
            #expect(found == wanted, "\(name)")
        }
    }

    /// k larger than what is left of the limit, of the context, or of the draft's own context.
    @Test func nothingIsDraftedBeyondTheEnd() throws {
        let pair = try Pair("llama")
        let prompt = Self.prompt(10, seed: 6)
        for (limit, capacity) in [
            (1, 60), (2, 60), (5, 60), (40, 10), (40, 11), (40, 14), (40, 19),
        ] {
            let wanted = pair.plain(prompt, limit: limit, capacity: capacity)
            for draftCapacity in [capacity, 12] {
                for (name, proposer) in try pair.proposers(capacity: draftCapacity) {
                    let decoder = SpeculativeDecoder(
                        session: pair.target.makeSession(capacity: capacity, computation: .auto),
                        proposer: proposer, length: .fixed(8), sampling: SamplingOptions())
                    var found: [Int32] = []
                    var left = limit - 1
                    decoder.generate(
                        after: prompt, limit: limit, stop: [],
                        observe: {
                            #expect($0.drafted < max(left, 1))
                            left -= $0.tokens
                        }
                    ) {
                        found.append($0.id)
                        return true
                    }
                    #expect(found == wanted, "\(name) limit \(limit) capacity \(capacity)")
                }
            }
        }
        // A prompt that does not fit gives nothing, as without a draft.
        #expect(pair.plain(prompt, limit: 5, capacity: 9) == [])
        let decoder = SpeculativeDecoder(
            session: pair.target.makeSession(capacity: 9, computation: .auto),
            proposer: PromptLookup(stop: []), length: .fixed(8), sampling: SamplingOptions())
        decoder.generate(after: prompt, limit: 5, stop: []) { _ in
            Issue.record("nothing fits")
            return true
        }
    }

    /// Vocabularies that differ by a padding row, either way.
    @Test(arguments: [-1, 1, 40])
    func aDraftMayHaveOtherIDsAtTheEnd(difference: Int) throws {
        let backend = CPUBackend(threads: 1, computation: .auto)
        func model(_ vocabulary: Int, seed: UInt64) throws -> LanguageModel {
            var synthetic = SyntheticCheckpointTests.model("llama", seed: seed)
            synthetic.shape.vocabulary = vocabulary
            return try LanguageModel(
                checkpoint: SyntheticCheckpoint(synthetic, target: .named("f16"), threads: 1),
                backend: backend)
        }
        let target = try model(130, seed: 1)
        let draft = try model(130 + difference, seed: 2)
        // The last id, which the smaller draft lacks, is in the prompt too.
        let prompt: [Int32] = [5, 129, 7, 129, 11]
        for sampling in [SamplingOptions(), SamplingOptions(temperature: 1, seed: 3)] {
            let decoder = SpeculativeDecoder(
                session: target.makeSession(capacity: 60, computation: .auto),
                proposer: DraftModel(
                    session: draft.makeSession(capacity: 60, computation: .auto),
                    targetVocabulary: 130, sampling: sampling), length: .fixed(4),
                sampling: sampling)
            var found: [Int32] = []
            decoder.generate(after: prompt, limit: 40, stop: []) {
                found.append($0.id)
                return true
            }
            #expect(found.count == 40 && decoder.counts.drafted > 40)
            #expect(found.allSatisfy { (0..<130).contains($0) })
        }
    }

    @Test func theVisitorCanEnd() throws {
        let pair = try Pair("llama")
        let prompt = Self.prompt(10, seed: 7)
        var generator = TokenGenerator(
            session: pair.target.makeSession(capacity: 60, computation: .auto),
            sampling: SamplingOptions(), proposer: try pair.proposers(capacity: 60)[0].proposer,
            length: .fixed(4))
        var found: [Int32] = []
        generator.generate(after: prompt, limit: 30, stop: []) {
            found.append($0.id)
            #expect($0.logProbability <= 0)
            return found.count < 7
        }
        #expect(found == pair.plain(prompt, limit: 7, capacity: 60))
        #expect((generator.speculation?.drafted ?? 0) > 0)
    }
}
