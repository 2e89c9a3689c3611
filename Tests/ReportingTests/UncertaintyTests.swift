import Experiments
import Testing

@testable import Reporting

/// Intervals against scipy 1.17.1 and against Newcombe's own example.
@Suite struct UncertaintyTests {
    /// The bisection stops at the last bit; the distribution functions are good to this.
    private static let tolerance = 1e-8

    @Test(arguments: [
        (0.975, 2.0, 4.302652729749462), (0.975, 4, 2.7764451051977934),
        (0.9875, 3.7, 3.6452778976078735), (0.995, 1, 63.656741162871526),
        (0.975, 120.5, 1.9798467346393642), (0.25, 7, -0.7111417780817866),
    ])
    func studentsQuantilesAreScipys(_ probability: Double, _ freedom: Double, _ value: Double) {
        let found = Distributions.studentQuantile(probability, freedom: freedom)
        #expect(abs(found - value) < Self.tolerance * max(1, abs(value)))
    }

    @Test(arguments: [
        (0.975, 1.959963984540054), (0.8, 0.8416212335729143), (0.5, 0),
        (0.001, -3.090232306167813),
    ])
    func normalQuantilesAreScipys(_ probability: Double, _ value: Double) {
        #expect(abs(Distributions.normalQuantile(probability) - value) < Self.tolerance)
    }

    @Test func theBetaFunctionIsScipys() {
        #expect(abs(Distributions.incompleteBeta(0.3, 2.5, 1.2) - 0.06417089830947949) < 1e-12)
        #expect(abs(Distributions.incompleteBeta(0.9, 0.5, 10) - 0.9999999999815198) < 1e-12)
    }

    /// Newcombe, "Interval estimation for the difference between independent proportions",
    /// 1998, table II, method 10: 56/70 and 48/80 give 0.0524 to 0.3339.
    @Test func twoSharesAreNewcombes() throws {
        let first = share(56.0 / 70, 0.6918335550374695, 0.8769526075163705)
        let second = share(48.0 / 80, 0.4904546500516039, 0.7003817240412906)
        let difference = MetricDifference(first, second)
        let interval = try #require(difference.interval)
        #expect(abs(interval.lowerBound - 0.0524) < 5e-5)
        #expect(abs(interval.upperBound - 0.3339) < 5e-5)
        #expect(difference.isDetectable == true)
        let wider = try #require(MetricDifference(first, second, comparisons: 10).interval)
        #expect(wider.lowerBound < interval.lowerBound && wider.upperBound > interval.upperBound)
    }

    /// scipy.stats.ttest_ind_from_stats(..., equal_var=False) and its interval.
    @Test func twoMeansAreWelchs() throws {
        let first = mean(622.633710131715, 18.9910440996579, 3)
        let second = mean(872.224444489727, 4.25023190774329, 3)
        let interval = try #require(MetricDifference(first, second).interval)
        #expect(abs(interval.lowerBound - -293.96005100275966) < 1e-6)
        #expect(abs(interval.upperBound - -205.22141771326434) < 1e-6)
    }

    @Test func aFigureMeasuredOnceHasNoInterval() {
        let once = mean(1, nil, 1)
        #expect(MetricDifference(once, mean(2, 0.5, 3)).interval == nil)
        #expect(MetricDifference(once, once).isDetectable == nil)
        #expect(MetricDifference(mean(.nan, 1, 3), mean(1, 1, 3)).interval == nil)
        #expect(MetricDifference(mean(1, 0, 3), mean(2, 0, 3)).isDetectable == true)
    }

    /// n = (1.96 + 0.8416)² (p q + p' q') / d², by hand for 0.5 and 0.4.
    @Test func theQuestionsNeededAreThoseOfTheFormula() {
        #expect(MetricDifference.questionsNeeded(0.5, 0.4) == 385)
        #expect(MetricDifference.questionsNeeded(0.3, 0.3) == nil)
        #expect(MetricDifference.questionsNeeded(1, 0) == nil)
    }

    @Test(arguments: [
        // Measured once: from two percent on they differ.
        ([100.0, 101], nil, 2), ([100, 103], nil, 1),
        // With a spread: the interval decides.
        ([100, 103], 0.1, 1), ([100, 103], 10, 2), ([100, 101, 150], 0.01, 1),
    ])
    func leadersAreThoseThatCannotBeToldApart(
        _ values: [Double], _ spread: Double?, _ leaders: Int
    ) throws {
        let candidates = values.enumerated().map {
            Contest.Candidate(
                name: "\($0.offset)", metric: mean($0.element, spread, spread == nil ? 1 : 5))
        }
        let contest = try #require(Contest(candidates, higherIsBetter: false))
        #expect(contest.best.name == "0")
        #expect(contest.leaders == leaders)
        #expect(contest.isSettled == (leaders == 1))
        #expect(Contest([], higherIsBetter: true) == nil)
    }

    /// On the same questions a small difference can be sure, and a large one noise, whatever the
    /// intervals of the two shares say.
    @Test(arguments: [
        (PairedOutcomes(bothRight: 20, onlyA: 12, onlyB: 0, bothWrong: 48), 1),
        (PairedOutcomes(bothRight: 20, onlyA: 12, onlyB: 9, bothWrong: 39), 2),
    ])
    func whatWasAskedOfBothIsComparedQuestionByQuestion(
        _ pairs: PairedOutcomes, _ leaders: Int
    ) throws {
        let snapshot = try snapshot { store in
            let run = try store.beginRun(Quickstart.run())
            for quantization in ["f32", "q8_0"] {
                let attempt = try store.beginAttempt(Quickstart.job("mmlu", quantization), in: run)
                try store.finish(attempt, outcome: .done)
            }
        }
        let figures = [share(0.4, 0.3, 0.51), share(0.27, 0.18, 0.38)]
        let candidates = zip(figures, snapshot.attempts).map {
            Contest.Candidate(name: $1.quantization, metric: $0, attempt: $1)
        }
        let apart = try #require(Contest(candidates, higherIsBetter: true))
        #expect(apart.leaders == 2 && apart.leadersPaired == nil)
        let paired = try #require(
            Contest(candidates, higherIsBetter: true, paired: { _, _ in pairs }))
        #expect(paired.leaders == leaders)
        #expect(paired.leadersPaired == (leaders == 2 ? pairs : nil))
    }

    private func share(_ value: Double, _ low: Double, _ high: Double) -> Metric {
        Metric(
            name: "acc", value: value, unit: "fraction", higherIsBetter: true, count: 80,
            confidenceLow: low, confidenceHigh: high)
    }

    private func mean(_ value: Double, _ spread: Double?, _ count: Int) -> Metric {
        Metric(
            name: "pp512", value: value, unit: "tokens/s", higherIsBetter: true, count: count,
            standardDeviation: spread)
    }
}
