import Basics
import Experiments
import Testing

@testable import Tasks

@Suite("MMLU scores") struct MMLUScoresTests {
    private func close(_ a: Double?, _ b: Double) -> Bool { abs((a ?? .nan) - b) <= 1e-12 }

    @Test func averagesAndErrorsAreTheHarness() throws {
        let recorded = try MMLUFixtures.read(MMLUFixtures.Aggregation.self, "aggregation.json")
        #expect(recorded.groups.count == 4)
        for group in recorded.groups {
            let tallies = zip(group.correct, group.sizes).enumerated().map { index, pair in
                MMLUScores.Tally(subject: "s\(index)", correct: pair.0, count: pair.1)
            }
            let metrics = byName(MMLUScores(tallies).metrics)
            #expect(close(metrics["acc"]?.value, group.group_acc))
            #expect(close(metrics["acc"]?.standardDeviation, group.group_sample_stddev))
            #expect(close(metrics["acc_stderr"]?.value, group.group_acc_stderr))
            #expect(close(metrics["acc_macro"]?.value, group.acc_macro))
            for index in group.sizes.indices {
                let subject = metrics["acc/s\(index)"]
                #expect(close(subject?.value, group.acc[index]))
                #expect(close(subject?.standardDeviation, group.sample_stddev[index]))
                #expect(subject?.count == group.sizes[index])
                #expect(close(metrics["acc_stderr/s\(index)"]?.value, group.acc_stderr[index]))
            }
        }
    }

    /// Values of `scipy.stats.binomtest(...).proportion_ci(0.95, method="wilson")`.
    @Test func wilsonIntervalsAreSciPys() throws {
        let recorded = try MMLUFixtures.read(MMLUFixtures.Aggregation.self, "aggregation.json")
        for expected in recorded.wilson {
            let interval = WilsonInterval(successes: expected.correct, trials: expected.n)
            #expect(close(interval?.low, expected.low), "\(expected)")
            #expect(close(interval?.high, expected.high), "\(expected)")
        }
    }

    /// Newcombe, Statistics in Medicine 17 (1998), table I: method 3, four decimals.
    @Test(arguments: [
        (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ])
    func wilsonIntervalsAreThePublishedOnes(correct: Int, n: Int, low: Double, high: Double) {
        let interval = WilsonInterval(successes: correct, trials: n)
        #expect(abs((interval?.low ?? .nan) - low) <= 0.00005)
        #expect(abs((interval?.high ?? .nan) - high) <= 0.00005)
    }

    @Test func wilsonNeedsTrialsAndStaysInside() {
        #expect(WilsonInterval(successes: 0, trials: 0) == nil)
        #expect(WilsonInterval(successes: 3, trials: 2) == nil)
        #expect(WilsonInterval(successes: 0, trials: 3)?.low == 0)
        #expect(WilsonInterval(successes: 3, trials: 3)?.high == 1)
    }

    @Test func onlyGroupsWithSubjectsAreReported() {
        let scores = MMLUScores([
            .init(subject: "anatomy", correct: 1, count: 4),
            .init(subject: "virology", correct: 0, count: 0),
            .init(subject: "philosophy", correct: 2, count: 2),
            .init(subject: "astrology", correct: 1, count: 2),
        ])
        #expect(
            scores.metrics.map(\.name) == [
                "acc", "acc_macro", "acc_stderr", "acc/group:stem", "acc_stderr/group:stem",
                "acc/group:humanities", "acc_stderr/group:humanities", "acc/anatomy",
                "acc_stderr/anatomy", "acc/philosophy", "acc_stderr/philosophy", "acc/astrology",
                "acc_stderr/astrology",
            ])
        let metrics = byName(scores.metrics)
        #expect(metrics["acc"]?.value == 0.5)
        #expect(metrics["acc"]?.count == 8)
        #expect(metrics["acc_macro"]?.count == 3)
        #expect(metrics["acc_stderr/philosophy"]?.value == 0)
        for metric in scores.metrics where metric.name.hasPrefix("acc/") {
            let low = metric.confidenceLow ?? .nan
            let high = metric.confidenceHigh ?? .nan
            #expect(low <= metric.value && metric.value <= high && low < high, "\(metric.name)")
            #expect(metric.unit == "fraction" && metric.higherIsBetter == true)
        }
    }

    /// A spread of one value is unknown, not 0, and with it the spread of all.
    @Test func oneQuestionHasNoStandardError() {
        let metrics = byName(
            MMLUScores([
                .init(subject: "anatomy", correct: 1, count: 1),
                .init(subject: "astronomy", correct: 3, count: 4),
            ]).metrics)
        #expect(metrics["acc/anatomy"]?.value == 1)
        #expect(metrics["acc/anatomy"]?.standardDeviation == nil)
        #expect(metrics["acc_stderr/anatomy"] == nil)
        #expect(metrics["acc_stderr/astronomy"] != nil)
        #expect(metrics["acc_stderr"] == nil)
        #expect(metrics["acc_stderr/group:stem"] == nil)
        #expect(metrics["acc"]?.standardDeviation != nil)
    }

    @Test func nothingAskedMeansNoMetric() {
        #expect(MMLUScores([MMLUScores.Tally]()).metrics.isEmpty)
        #expect(MMLUScores([.init(subject: "anatomy", correct: 0, count: 0)]).metrics.isEmpty)
    }

    @Test func samplesAreCountedBySubject() {
        let samples = ["b", "a", "b", "b"].enumerated().map { index, subject in
            EvaluatedSample(
                index: index, subject: subject, question: "?", logProbabilities: [],
                prediction: "A", answer: "A", isCorrect: index != 2)
        }
        #expect(
            MMLUScores(samples: samples).tallies == [
                .init(subject: "b", correct: 2, count: 3),
                .init(subject: "a", correct: 1, count: 1),
            ])
    }

    private func byName(_ metrics: [Metric]) -> [String: Metric] {
        Dictionary(metrics.map { ($0.name, $0) }) { first, _ in first }
    }
}
