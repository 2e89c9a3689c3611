import Basics
import Experiments
import TestSupport
import Testing

@testable import Reporting

/// Intervals, tests and sample sizes against scipy's (`Tests/Fixtures/Reporting`).
@Suite struct StatisticsTests {
    private struct Recorded: Decodable {
        struct Paired: Decodable {
            var both_right, only_b, only_a, both_wrong: Int
            var low, high, p: Double
            var needed: Int?
            var power: Double?
        }
        struct Ratio: Decodable {
            var a, b: [Double]
            var ratio, low, high, p: Double
        }
        struct Holm: Decodable { var p, adjusted: [Double] }
        struct Quantile: Decodable { var degrees, quantile: Double }

        var paired: [Paired]
        var ratios: [Ratio]
        var holm: Holm
        var t_quantiles: [Quantile]
    }

    private let recorded: Recorded

    init() throws { recorded = try Fixtures.json(Recorded.self, "Reporting/statistics.json") }

    /// The reference finds the ends by maximizing a likelihood numerically, which is less exact
    /// than the closed form.
    private static let intervalTolerance = 1e-6
    private static let tolerance = 1e-10

    private func outcomes(_ one: Recorded.Paired) -> PairedOutcomes {
        PairedOutcomes(
            bothRight: one.both_right, onlyA: one.only_a, onlyB: one.only_b,
            bothWrong: one.both_wrong)
    }

    @Test func intervalsAreTangos() throws {
        #expect(recorded.paired.count > 15)
        for one in recorded.paired {
            let interval = try #require(outcomes(one).interval)
            #expect(abs(interval.low - one.low) < Self.intervalTolerance, "\(one)")
            #expect(abs(interval.high - one.high) < Self.intervalTolerance, "\(one)")
        }
    }

    @Test func exactTestsAreSciPys() {
        for one in recorded.paired {
            let p = outcomes(one).exactP
            #expect(abs(p - one.p) <= Self.tolerance * one.p, "\(one): \(p)")
        }
        // Far in the tail, where a sum of probabilities from below would be 0.
        let smallest = BinomialTest.twoSided(0, 1000) / (2 * 0x1p-1000)
        // Logarithms of factorials of a thousand leave that many digits.
        #expect(abs(smallest - 1) < 1e-12)
        // scipy.stats.binomtest(6800, 14042).pvalue
        #expect(abs(BinomialTest.twoSided(6800, 7242) - 0.0001977794527237) < 1e-13)
    }

    @Test func sampleSizesAreConnors() {
        for one in recorded.paired {
            #expect(outcomes(one).questionsThatSettle == one.needed, "\(one)")
            // The power that scipy's binomials give for it; the formula is an approximation.
            if let power = one.power { #expect(power > 0.8 && power < 0.9) }
        }
        #expect(recorded.paired.count { $0.power != nil } > 5)
    }

    @Test func nothingIsSaidWithoutQuestions() {
        let none = PairedOutcomes()
        #expect(none.difference == nil && none.interval == nil)
        #expect(none.questionsThatSettle == nil && none.exactP == 1)
    }

    /// Exchanging the sides turns the difference around and changes nothing else.
    @Test func sidesAreAlike() throws {
        for one in recorded.paired {
            let here = outcomes(one)
            let there = PairedOutcomes(
                bothRight: here.bothRight, onlyA: here.onlyB, onlyB: here.onlyA,
                bothWrong: here.bothWrong)
            #expect(there.exactP == here.exactP)
            #expect(there.questionsThatSettle == here.questionsThatSettle)
            let (a, b) = (try #require(here.interval), try #require(there.interval))
            #expect(abs(a.low + b.high) < 1e-12 && abs(a.high + b.low) < 1e-12)
        }
    }

    private func metric(_ values: [Double]) -> Metric {
        Metric(
            name: "tg128", value: values[0], unit: "tokens/s", higherIsBetter: true,
            count: Int(values[2]), standardDeviation: values[1])
    }

    @Test func ratiosAreWelchs() throws {
        for one in recorded.ratios {
            let ratio = try #require(RatioOfMeans(a: metric(one.a), b: metric(one.b)))
            let (low, high, p) = try #require(
                ratio.low.flatMap { low in
                    ratio.high.flatMap { high in ratio.p.map { (low, high, $0) } }
                })
            for (found, wanted) in [
                (ratio.ratio, one.ratio), (low, one.low), (high, one.high), (p, one.p),
            ] { #expect(abs(found - wanted) < 1e-9 * max(wanted, 1), "\(one)") }
        }
    }

    @Test func aRatioOfSingleValuesHasNoInterval() throws {
        let once = try #require(RatioOfMeans(a: metric([2, 0, 1]), b: metric([3, 0, 1])))
        #expect(once.ratio == 1.5 && once.low == nil && once.p == nil)
        #expect(RatioOfMeans(a: metric([0, 0, 3]), b: metric([3, 0.1, 3])) == nil)
        let steady = try #require(RatioOfMeans(a: metric([2, 0, 3]), b: metric([3, 0, 3])))
        #expect(steady.low == 1.5 && steady.p == 0)
    }

    @Test func quantilesAreSciPys() {
        for one in recorded.t_quantiles {
            let found = Distributions.studentQuantile(0.975, freedom: one.degrees)
            #expect(abs(found - one.quantile) < 1e-9 * one.quantile, "\(one)")
        }
    }

    @Test func holmsCorrectionIsRs() {
        let found = HolmCorrection.adjusted(recorded.holm.p)
        for (one, other) in zip(found, recorded.holm.adjusted) {
            #expect(abs(one - other) < Self.tolerance)
        }
        #expect(HolmCorrection.adjusted([]).isEmpty)
    }
}
