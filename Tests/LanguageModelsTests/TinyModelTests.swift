import Basics
import LanguageModels
import Tensors
import TestSupport
import Testing

/// Models of odd sizes with random weights, one of each architecture, against transformers in
/// float32 (`Tests/Fixtures/make_tiny_llama.py` and `make_tiny_others.py`).
@Suite struct TinyModelTests {
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

    struct Tiny {
        let path: String
        let reference: Reference
        let model: LanguageModel

        init(_ architecture: String) throws {
            path = Fixtures.path("tiny-\(architecture).gguf")
            reference = try Fixtures.json(Reference.self, "tiny-\(architecture).reference.json")
            model = try LanguageModel(
                path: path, backend: CPUBackend(threads: 2, computation: .f32))
        }

        /// Logits of every position, with the tokens fed in pieces of the given sizes.
        func logits(
            pieces: [Int], computation: Computation = .f32, on other: LanguageModel? = nil
        ) -> [[Float]] {
            let session = (other ?? model).makeSession(capacity: 64, computation: computation)
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
    }

    /// Every registered architecture is under test: a new one brings its fixture.
    static let architectures = ArchitectureRegistry.all.map { $0.name }

    private func largestDifference(_ a: [[Float]], _ b: [[Float]]) -> Float {
        zip(a, b).flatMap { zip($0, $1).map { abs($0 - $1) } }.max() ?? .infinity
    }

    @Test(arguments: architectures)
    func prefillEqualsTransformers(architecture: String) throws {
        let tiny = try Tiny(architecture)
        let computed = tiny.logits(pieces: [64])
        #expect(computed.count == 64)
        let wanted = tiny.reference.rows.map { computed[$0] }
        #expect(largestDifference(wanted, tiny.reference.logits) < Self.logitTolerance)
        let best = computed.map { row in row.indices.max { row[$0] < row[$1] } }
        #expect(best == tiny.reference.argmax)
    }

    @Test(
        arguments: architectures,
        [[Int](repeating: 1, count: 64), [3, 61], [63, 1], [5, 1, 1, 7, 50], [2, 2, 60]])
    func cachedDecodingEqualsPrefill(architecture: String, pieces: [Int]) throws {
        let tiny = try Tiny(architecture)
        let difference = largestDifference(tiny.logits(pieces: pieces), tiny.logits(pieces: [64]))
        #expect(difference < Self.logitTolerance, "pieces \(pieces)")
    }

    @Test(arguments: architectures)
    func halfPrecisionCacheStaysClose(architecture: String) throws {
        let tiny = try Tiny(architecture)
        let difference = largestDifference(
            tiny.logits(pieces: [32, 1, 31], computation: .auto), tiny.logits(pieces: [64]))
        #expect(difference < Self.halfCacheTolerance)
        #expect(difference > 0, "the cache was not rounded at all")
    }

    @Test(arguments: architectures, [1, 3, 5])
    func threadsDoNotChangeAnything(architecture: String, threads: Int) throws {
        let tiny = try Tiny(architecture)
        let other = try LanguageModel(
            path: tiny.path, backend: CPUBackend(threads: threads, computation: .f32))
        #expect(
            tiny.logits(pieces: [64], on: other) == tiny.logits(pieces: [64]), "bit for bit")
    }

    @Test(arguments: architectures)
    func greedyGenerationEqualsTransformers(architecture: String) throws {
        let tiny = try Tiny(architecture)
        let session = tiny.model.makeSession(capacity: 64, computation: .f32)
        var generator = TokenGenerator(session: session, sampling: SamplingOptions())
        var generated: [Int32] = []
        generator.generate(after: tiny.reference.prompt, limit: 24, stop: []) {
            generated.append($0.id)
            return true
        }
        #expect(generated == tiny.reference.greedy)
    }

    @Test(arguments: architectures)
    func truncationForgets(architecture: String) throws {
        let tiny = try Tiny(architecture)
        let tokens = tiny.reference.tokens
        let session = tiny.model.makeSession(capacity: 64, computation: .f32)
        session.append(Array(tokens.prefix(20)))
        session.truncate(to: 7)
        session.append(Array(tokens.suffix(from: 30).prefix(9)))
        session.truncate(to: 7)
        var again: [[Float]] = []
        session.append(Array(tokens[7..<64]), outputs: 56..<57) { again.append(Array($1)) }
        #expect(largestDifference(again, [tiny.reference.logits[5]]) < Self.logitTolerance)
    }
}
