import Basics
import Tensors
import TestSupport
import Testing

@testable import LanguageModels

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// What is drawn with a draft has the target's distribution, by a chi-square test.
@Suite struct AcceptanceRuleTests {
    static let temperatures = [0.6, 1.0, 1.7]
    /// A right rule fails so rarely; draws are seeded, so it fails always or never.
    static let leastProbability = 0.001
    static let sampleCount = 200_000

    private static func logits(seed: UInt64, count: Int = 24, spread: Float = 4) -> [Float] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in spread * Float(generator.nextUnitInterval()) }
    }

    /// Draws `count` tokens of which each was proposed from one distribution and judged by another.
    private func drawn(
        _ count: Int, proposed: [Float], target: [Float], _ sampling: SamplingOptions,
        isCertain: Bool = false,
        residual: @escaping (Double, Double) -> Double = { max(0, $0 - $1) }
    ) -> [Int32: Int] {
        var rule = AcceptanceRule(
            vocabulary: target.count, sampling: sampling, residual: residual)
        var sampler = Sampler(sampling)
        let distribution = proposed.withUnsafeBufferPointer { sampler.distribution($0) }
        var counts: [Int32: Int] = [:]
        target.withUnsafeBufferPointer { target in
            for _ in 0..<count {
                let id = sampler.draw(from: distribution)
                let token = rule.judge(
                    ProposedToken(id: id, distribution: isCertain ? [] : distribution), target
                ).token
                counts[token, default: 0] += 1
            }
        }
        return counts
    }

    private func expected(_ logits: [Float], _ sampling: SamplingOptions) -> [Int32: Double] {
        logits.withUnsafeBufferPointer { buffer in
            Dictionary(
                Sampler(sampling).distribution(buffer).map { ($0.token, $0.probability) },
                uniquingKeysWith: +)
        }
    }

    @Test(arguments: temperatures, [(0, 1.0), (9, 1.0), (0, 0.8)])
    func tokensAreDistributedAsTheTargets(temperature: Double, cut: (Int, Double)) {
        let sampling = SamplingOptions(
            temperature: temperature, topK: cut.0, topP: cut.1, seed: 11)
        let (proposed, target) = (Self.logits(seed: 1), Self.logits(seed: 2))
        let wanted = expected(target, sampling)
        for isCertain in [false, true] {
            let found = drawn(
                Self.sampleCount, proposed: proposed, target: target, sampling,
                isCertain: isCertain)
            let p = ChiSquare.probability(found, wanted)
            #expect(p > Self.leastProbability, "certain: \(isCertain), p \(p)")
        }
    }

    /// The test would notice: without the subtraction, likely tokens come too often.
    @Test(arguments: temperatures)
    func aBrokenResidualIsFound(temperature: Double) {
        let sampling = SamplingOptions(temperature: temperature, seed: 11)
        let (proposed, target) = (Self.logits(seed: 1), Self.logits(seed: 2))
        let broken: [(Double, Double) -> Double] = [{ p, _ in p }, { p, q in abs(p - q) }]
        for residual in broken {
            let found = drawn(
                Self.sampleCount, proposed: proposed, target: target, sampling, residual: residual)
            #expect(ChiSquare.probability(found, expected(target, sampling)) < 1e-6)
        }
    }

    /// Equal distributions: everything is accepted, and rounding cannot leave nothing to draw from.
    @Test func equalDistributionsAcceptEverything() {
        let logits = Self.logits(seed: 3)
        let sampling = SamplingOptions(temperature: 1, seed: 2)
        var rule = AcceptanceRule(vocabulary: logits.count, sampling: sampling)
        var sampler = Sampler(sampling)
        logits.withUnsafeBufferPointer { buffer in
            let distribution = sampler.distribution(buffer)
            for _ in 0..<10_000 {
                let id = sampler.draw(from: distribution)
                let verdict = rule.judge(
                    ProposedToken(id: id, distribution: distribution), buffer)
                #expect(verdict.isAccepted && verdict.token == id)
            }
        }
    }

    // MARK: Whole sequences

    /// Three tokens after a prompt, drawn by decoding with a draft; the chance of each is known.
    private struct Chain {
        static let prompt: [Int32] = [3, 1, 4, 1]
        let target: LanguageModel
        let draft: LanguageModel

        init() throws {
            func model(_ seed: UInt64) throws -> LanguageModel {
                let synthetic = SyntheticModel(
                    name: "chain", architecture: "llama",
                    shape: TransformerShape(
                        layers: 1, width: 32, feedForward: 32, heads: 2, keyValueHeads: 1,
                        headSize: 16, vocabulary: 8, contextLength: 32), epsilon: 1e-5,
                    ropeBase: 10000, rotaryDimensions: 16, isTied: false, seed: seed)
                return try LanguageModel(
                    checkpoint: SyntheticCheckpoint(synthetic, target: .named("f32"), threads: 1),
                    backend: CPUBackend(threads: 1, computation: .auto))
            }
            (target, draft) = (try model(1), try model(2))
        }

        /// Probability of every continuation of three tokens.
        func expected(_ sampling: SamplingOptions) -> [Int32: Double] {
            let session = target.makeSession(capacity: 16, computation: .auto)
            func next(_ tokens: [Int32]) -> [TokenProbability] {
                session.truncate(to: 0)
                var found: [TokenProbability] = []
                session.append(tokens, outputs: tokens.count - 1..<tokens.count) {
                    found = Sampler(sampling).distribution($1)
                }
                return found
            }
            var chances: [Int32: Double] = [:]
            for first in next(Self.prompt) {
                for second in next(Self.prompt + [first.token]) {
                    for third in next(Self.prompt + [first.token, second.token]) {
                        chances[(first.token * 8 + second.token) * 8 + third.token] =
                            first.probability * second.probability * third.probability
                    }
                }
            }
            return chances
        }

        func drawn(
            _ count: Int, _ sampling: SamplingOptions, proposer: any Proposer,
            residual: @escaping (Double, Double) -> Double = { max(0, $0 - $1) }
        ) -> [Int32: Int] {
            let decoder = SpeculativeDecoder(
                session: target.makeSession(capacity: 16, computation: .auto), proposer: proposer,
                length: .fixed(2),
                rule: AcceptanceRule(vocabulary: 8, sampling: sampling, residual: residual))
            var counts: [Int32: Int] = [:]
            for _ in 0..<count {
                var key: Int32 = 0
                decoder.generate(after: Self.prompt, limit: 3, stop: []) {
                    key = key * 8 + $0.id
                    return true
                }
                counts[key, default: 0] += 1
            }
            return counts
        }

        func draftModel(_ sampling: SamplingOptions) -> DraftModel {
            DraftModel(
                session: draft.makeSession(capacity: 16, computation: .auto), targetVocabulary: 8,
                sampling: sampling)
        }
    }

    /// All 200,000 in the slow tier, the beginning of them in the fast one.
    private var chainCount: Int { SharedData.runsSlowTests ? Self.sampleCount : 6000 }

    @Test(arguments: temperatures)
    func sequencesAreDistributedAsTheTargets(temperature: Double) throws {
        let chain = try Chain()
        let sampling = SamplingOptions(temperature: temperature, seed: 21)
        let wanted = chain.expected(sampling)
        #expect(abs(wanted.values.reduce(0, +) - 1) < 1e-9)
        for proposer in [chain.draftModel(sampling) as any Proposer, NGramProposer()] {
            let p = ChiSquare.probability(
                chain.drawn(chainCount, sampling, proposer: proposer), wanted)
            #expect(p > Self.leastProbability, "\(proposer.name): p \(p)")
            if SharedData.runsSlowTests {
                print("\(chainCount) samples, temperature \(temperature), \(proposer.name): p \(p)")
            }
        }
        let broken = chain.drawn(
            chainCount, sampling, proposer: chain.draftModel(sampling), residual: { p, _ in p })
        let p = ChiSquare.probability(broken, wanted)
        #expect(p < 1e-6, "broken: p \(p)")
        if SharedData.runsSlowTests { print("broken, temperature \(temperature): p \(p)") }
    }
}

/// Pearson's test of counts against probabilities.
enum ChiSquare {
    /// Probability of counts at least as far from what is expected; cells expected fewer than five
    /// times are one cell.
    static func probability(_ counts: [Int32: Int], _ expected: [Int32: Double]) -> Double {
        let total = Double(counts.values.reduce(0, +))
        // What cannot be drawn was drawn.
        if counts.keys.contains(where: { expected[$0] ?? 0 == 0 }) { return 0 }
        var statistic = 0.0
        var cells = 0
        var rest = (counted: 0.0, expected: 0.0)
        for (token, probability) in expected {
            let (count, mean) = (Double(counts[token] ?? 0), probability * total)
            if mean < 5 {
                rest.counted += count
                rest.expected += mean
            } else {
                statistic += (count - mean) * (count - mean) / mean
                cells += 1
            }
        }
        if rest.expected > 0 {
            statistic +=
                (rest.counted - rest.expected) * (rest.counted - rest.expected)
                / rest.expected
            cells += 1
        }
        return upperGamma(Double(cells - 1) / 2, statistic / 2)
    }

    /// Q(a, x), the regularized upper incomplete gamma function (Numerical Recipes, 6.2).
    static func upperGamma(_ a: Double, _ x: Double) -> Double {
        guard x > 0 else { return 1 }
        let front = exp(a * log(x) - x - lgamma(a))
        if x < a + 1 {
            var (term, sum) = (1 / a, 1 / a)
            for n in 1..<10_000 where abs(term) > 1e-16 * abs(sum) {
                term *= x / (a + Double(n))
                sum += term
            }
            return max(0, 1 - front * sum)
        }
        var b = x + 1 - a
        var c = 1e300
        var d = 1 / b
        var h = d
        for n in 1..<10_000 {
            let step = -Double(n) * (Double(n) - a)
            b += 2
            d = 1 / (step * d + b)
            c = b + step / c
            h *= d * c
            if abs(d * c - 1) < 1e-15 { break }
        }
        return front * h
    }
}

@Suite struct ChiSquareTests {
    /// Quantiles from tables: the 5 % and 0.1 % points.
    @Test(arguments: [
        (1, 3.841, 0.05), (5, 11.070, 0.05), (23, 35.172, 0.05), (10, 29.588, 0.001),
        (100, 149.449, 0.001),
    ])
    func probabilitiesAreThoseOfTheTables(degrees: Int, statistic: Double, wanted: Double) {
        let found = ChiSquare.upperGamma(Double(degrees) / 2, statistic / 2)
        #expect(abs(found - wanted) < 2e-5)
    }
}
