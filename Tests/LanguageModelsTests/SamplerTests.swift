import Basics
import LanguageModels
import Testing

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

@Suite struct SamplerTests {
    private func draw(_ logits: [Float], _ options: SamplingOptions, count: Int) -> [Int32] {
        var sampler = Sampler(options)
        return logits.withUnsafeBufferPointer { buffer in
            (0..<count).map { _ in sampler.choose(buffer) }
        }
    }

    private func distribution(_ logits: [Float], _ options: SamplingOptions) -> [Int32: Double] {
        logits.withUnsafeBufferPointer { buffer in
            Dictionary(
                Sampler(options).distribution(buffer).map { ($0.token, $0.probability) },
                uniquingKeysWith: +)
        }
    }

    /// The definition: sort everything, cut, renormalise.
    private func definition(_ logits: [Float], _ options: SamplingOptions) -> [Int32: Double] {
        var order = logits.indices.sorted {
            logits[$0] == logits[$1] ? $0 < $1 : logits[$0] > logits[$1]
        }
        if options.topK > 0 { order = Array(order.prefix(options.topK)) }
        var weights = order.map { exp(Double(logits[$0]) / options.temperature) }
        let total = weights.reduce(0, +)
        if options.topP < 1 {
            var sum = 0.0
            var kept = 0
            while kept < weights.count, sum < options.topP * total {
                sum += weights[kept]
                kept += 1
            }
            weights = Array(weights.prefix(kept))
        }
        let rest = weights.reduce(0, +)
        return Dictionary(
            uniqueKeysWithValues: zip(order, weights).map { (Int32($0), $1 / rest) })
    }

    @Test(arguments: [(0.3, 0, 1.0), (1.0, 5, 1.0), (1.0, 0, 0.6), (1.7, 40, 0.93), (0.8, 1, 0.5)])
    func distributionIsTheDefinition(temperature: Double, topK: Int, topP: Double) {
        var generator = SeededGenerator(seed: 3)
        for size in [1, 2, 7, 300, 2000] {
            // Rounded, so that ties occur.
            let logits = (0..<size).map { _ in
                Float((20 * generator.nextUnitInterval()).rounded() / 2)
            }
            let options = SamplingOptions(temperature: temperature, topK: topK, topP: topP)
            let found = distribution(logits, options)
            let wanted = definition(logits, options)
            #expect(Set(found.keys) == Set(wanted.keys), "\(size) tokens")
            for (token, probability) in wanted {
                #expect(abs((found[token] ?? 0) - probability) < 1e-12)
            }
        }
    }

    @Test func greedyTakesTheLowestOfEqualTokens() {
        #expect(draw([1, 3, 2, 3], SamplingOptions(), count: 2) == [1, 1])
    }

    @Test func sameSeedSameDraws() {
        let logits = (0..<50).map { Float($0 % 7) }
        let options = SamplingOptions(temperature: 1, seed: 42)
        #expect(draw(logits, options, count: 100) == draw(logits, options, count: 100))
        let other = SamplingOptions(temperature: 1, seed: 43)
        #expect(draw(logits, options, count: 100) != draw(logits, other, count: 100))
    }

    /// Chi-square over 8 tokens, 7 degrees of freedom: 24.3 is p = 0.001.
    @Test(arguments: [0.5, 1.0, 2.0])
    func frequenciesFollowTheDistribution(temperature: Double) {
        let logits: [Float] = [0, 1, -1, 2, 0.5, 1.5, -0.5, 0.1]
        let options = SamplingOptions(temperature: temperature, seed: 7)
        let draws = draw(logits, options, count: 100_000)
        let expected = distribution(logits, options)
        var statistic = 0.0
        for (token, probability) in expected {
            let wanted = probability * Double(draws.count)
            let found = Double(draws.count { $0 == token })
            statistic += (found - wanted) * (found - wanted) / wanted
        }
        #expect(statistic < 24.3)
    }
}
