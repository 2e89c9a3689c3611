import Basics
import LanguageModels
import Tensors
import TestSupport
import Testing

/// A llama of odd sizes with random weights against transformers in float32
/// (`Tests/Fixtures/make_tiny_llama.py`).
@Suite struct TinyLlamaTests {
    /// Largest difference of a logit; both sides compute in f32, in different orders.
    static let logitTolerance: Float = 2e-4
    /// The same with keys and values rounded to f16, whose spacing is 2^-11 relative.
    static let halfCacheTolerance: Float = 2e-2

    struct Reference: Decodable {
        var tokens: [Int32]
        var rows: [Int]
        var logits: [[Float]]
        var argmax: [Int]
        var prompt: [Int32]
        var greedy: [Int32]
    }

    let reference: Reference
    let model: LanguageModel

    init() throws {
        reference = try Fixtures.json(Reference.self, "tiny-llama.reference.json")
        model = try LanguageModel(
            path: Fixtures.path("tiny-llama.gguf"), backend: CPUBackend(threads: 2))
    }

    /// Logits of every position, with the tokens fed in pieces of the given sizes.
    private func logits(pieces: [Int], computation: Computation = .f32) -> [[Float]] {
        let session = model.makeSession(capacity: 64, computation: computation)
        var all: [[Float]] = []
        var rest = reference.tokens[...]
        for piece in pieces {
            session.append(Array(rest.prefix(piece)), outputs: 0..<min(piece, rest.count)) {
                all.append(Array($1))
            }
            rest = rest.dropFirst(piece)
        }
        return all
    }

    private func largestDifference(_ a: [[Float]], _ b: [[Float]]) -> Float {
        zip(a, b).flatMap { zip($0, $1).map { abs($0 - $1) } }.max() ?? .infinity
    }

    @Test func prefillEqualsTransformers() {
        let computed = logits(pieces: [64])
        #expect(computed.count == 64)
        let wanted = reference.rows.map { computed[$0] }
        #expect(largestDifference(wanted, reference.logits) < Self.logitTolerance)
        let best = computed.map { row in row.indices.max { row[$0] < row[$1] } }
        #expect(best == reference.argmax)
    }

    @Test(arguments: [
        [Int](repeating: 1, count: 64), [3, 61], [63, 1], [5, 1, 1, 7, 50], [2, 2, 60],
    ])
    func cachedDecodingEqualsPrefill(pieces: [Int]) {
        let difference = largestDifference(logits(pieces: pieces), logits(pieces: [64]))
        #expect(difference < Self.logitTolerance, "pieces \(pieces)")
    }

    @Test func halfPrecisionCacheStaysClose() {
        let difference = largestDifference(
            logits(pieces: [32, 1, 31], computation: .auto), logits(pieces: [64]))
        #expect(difference < Self.halfCacheTolerance)
        #expect(difference > 0, "the cache was not rounded at all")
    }

    @Test(arguments: [1, 2, 3, 5])
    func threadsDoNotChangeAnything(threads: Int) throws {
        let other = try LanguageModel(
            path: Fixtures.path("tiny-llama.gguf"), backend: CPUBackend(threads: threads))
        let session = other.makeSession(capacity: 64, computation: .f32)
        var all: [[Float]] = []
        session.append(reference.tokens, outputs: 0..<64) { all.append(Array($1)) }
        #expect(all == logits(pieces: [64]), "bit for bit")
    }

    @Test func greedyGenerationEqualsTransformers() {
        let session = model.makeSession(capacity: 64, computation: .f32)
        var generator = TokenGenerator(session: session, sampling: SamplingOptions())
        var generated: [Int32] = []
        generator.generate(after: reference.prompt, limit: 24, stop: []) {
            generated.append($0.id)
            return true
        }
        #expect(generated == reference.greedy)
    }

    @Test func truncationForgets() {
        let session = model.makeSession(capacity: 64, computation: .f32)
        session.append(Array(reference.tokens.prefix(20)))
        session.truncate(to: 7)
        session.append(Array(reference.tokens.suffix(from: 30).prefix(9)))
        session.truncate(to: 7)
        var again: [[Float]] = []
        session.append(Array(reference.tokens[7..<64]), outputs: 56..<57) {
            again.append(Array($1))
        }
        #expect(largestDifference(again, [reference.logits[5]]) < Self.logitTolerance)
    }
}
