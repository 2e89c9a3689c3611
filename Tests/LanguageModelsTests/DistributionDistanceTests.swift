import Tensors
import TestSupport
import Testing

@testable import LanguageModels

/// Divergences against the definition in f64, and two models on one text.
@Suite struct DistributionDistanceTests {
    /// exp is computed in f32, as the models' logits are.
    private static let tolerance = 2e-6

    private func softmax(_ logits: [Float]) -> [Double] {
        let largest = Double(logits.max() ?? 0)
        let weights = logits.map { exponential(Double($0) - largest) }
        let sum = weights.reduce(0, +)
        return weights.map { $0 / sum }
    }

    private func distance(_ p: [Float], _ q: [Float], target: Int? = nil) -> DistributionDistance {
        p.withUnsafeBufferPointer { p in
            q.withUnsafeBufferPointer { q in
                DistributionDistance(from: p, to: q, target: target)
            }
        }
    }

    @Test func theDivergenceIsThatOfTheDefinition() {
        var generator = SystemRandomNumberGenerator()
        for width in [1, 2, 3, 17, 1000] {
            let p = (0..<width).map { _ in Float.random(in: -8...8, using: &generator) }
            let q = p.map { $0 + Float.random(in: -1...1, using: &generator) + 100 }
            let (one, other) = (softmax(p), softmax(q))
            let wanted = zip(one, other).reduce(0.0) { $0 + $1.0 * logarithm($1.0 / $1.1) }
            let found = distance(p, q, target: width - 1)
            #expect(abs(found.divergence - wanted) < Self.tolerance, "\(width)")
            let (reference, loss) = (-logarithm(one[width - 1]), -logarithm(other[width - 1]))
            #expect(abs((found.referenceLoss ?? .nan) - reference) < Self.tolerance * 10)
            #expect(abs((found.loss ?? .nan) - loss) < Self.tolerance * 10)
        }
    }

    @Test func equalsHaveNoDistanceAndItIsNotSymmetric() {
        let p: [Float] = [1, 2, 3]
        #expect(distance(p, p).divergence == 0)
        #expect(distance(p, p.map { $0 - 50 }).divergence < 1e-12)
        #expect(distance(p, [3, 0, 0]).divergence != distance([3, 0, 0], p).divergence)
        #expect(distance(p, p).loss == nil)
        #expect(!distance(p, [3, 0, 0]).isSameTop && distance(p, [0, 0, 1]).isSameTop)
        // What the reference finds impossible counts for nothing, whatever the other says.
        #expect(distance([0, -200], [0, -3]).divergence < 0.05)
        // The other way around it costs what it is unlikely.
        #expect(abs(distance([0, -200], [-30, 0]).divergence - 30) < 1e-3)
    }

    private func model(_ name: String = "tiny-llama.gguf") throws -> LanguageModel {
        try LanguageModel(
            path: Fixtures.path(name), backend: CPUBackend(threads: 1, computation: .f32))
    }

    /// Both perplexities are those of the command `perplexity`, and a model is its own equal.
    @Test func aModelAgainstItself() throws {
        let model = try model()
        let text = String(repeating: "the cat sat on the mat and ", count: 12)
        let tokens = try model.tokenizer().encode(text, addBOS: nil, parseSpecial: true)
        let length = 32
        let comparison = try TextComparison(
            reference: model, other: model, contextLength: length, computation: .f32)
        let chunks = tokens.count / length
        try #require(chunks > 1)
        var losses: [Double] = []
        for chunk in 0..<chunks {
            let start = chunk * length
            for distance in comparison.distances(tokens[start..<start + length]) {
                #expect(distance.divergence == 0 && distance.isSameTop)
                #expect(distance.loss == distance.referenceLoss)
                losses.append(distance.loss ?? .nan)
            }
        }
        #expect(losses.count == chunks * (length / 2 - 1))
        let perplexity = Perplexity(
            of: tokens, contextLength: length, model: model, computation: .f32
        ) { _ in }
        let mean = losses.reduce(0, +) / Double(losses.count)
        #expect(abs(Perplexity.value(ofMeanLoss: mean) - perplexity.value) < 1e-9)
    }

    @Test func vocabulariesMustBeOne() throws {
        let one = try model()
        let other = try model("tiny-gptneox.gguf")
        try #require(one.shape.vocabulary != other.shape.vocabulary)
        #expect(throws: ModelError.self) {
            try TextComparison(
                reference: one, other: other, contextLength: 16, computation: .f32)
        }
    }

    /// The scorer shows the same logits as a session that reads the context alone.
    @Test func theScorerShowsWhatPredictsAnAnswer() throws {
        let model = try model()
        let scorer = try ContinuationScorer(model: model, options: .init(computation: .f32))
        let contexts = ["the cat", "in the inn, the", "the cat sat on"]
        var seen: [Int: [Float]] = [:]
        _ = try scorer.score(
            contexts.map { .init(context: $0, continuations: [" a", " the mat"]) }
        ) { request, logits in
            #expect(seen[request] == nil)
            seen[request] = Array(logits)
        }
        #expect(seen.count == contexts.count)
        for (index, context) in contexts.enumerated() {
            let tokens = try model.tokenizer().encode(context, addBOS: nil, parseSpecial: true)
            let session = model.makeSession(capacity: 64, computation: .f32)
            session.append(tokens, outputs: tokens.count - 1..<tokens.count) { _, logits in
                for (one, other) in zip(logits, seen[index] ?? []) {
                    #expect(abs(one - other) < 1e-4)
                }
            }
        }
    }
}
