import Basics
import Experiments

/// Accuracies of a run by subject, by group and in all, as lm-evaluation-harness computes them.
///
/// - `acc`: every question counts the same (the mean of the subjects, weighted by size).
/// - `acc_macro`: every subject counts the same.
/// - `acc_stderr`: of one subject sqrt(p (1 - p) / (n - 1)); of several, lm-eval's pooled standard
///   error, which knows the spread inside the subjects only. It is what the harness prints after ±.
/// - The intervals are Wilson's 95 % intervals for the share of right answers.
///
/// What cannot be computed is absent: no metric without questions, and no standard error where a
/// subject has a single one.
package struct MMLUScores: Sendable {
    package struct Tally: Hashable, Sendable {
        package var subject: String
        package var correct: Int
        package var count: Int

        package init(subject: String, correct: Int, count: Int) {
            self.subject = subject
            self.correct = correct
            self.count = count
        }
    }

    /// Subjects with at least one question.
    package let tallies: [Tally]

    package init(_ tallies: [Tally]) {
        self.tallies = tallies.filter { $0.count > 0 }
    }

    /// Counts evaluated samples, subjects in order of appearance.
    package init(samples: [EvaluatedSample]) {
        var tallies: [Tally] = []
        var places: [String: Int] = [:]
        for sample in samples {
            let place = places[sample.subject, default: tallies.count]
            if place == tallies.count {
                places[sample.subject] = place
                tallies.append(Tally(subject: sample.subject, correct: 0, count: 0))
            }
            tallies[place].count += 1
            tallies[place].correct += sample.isCorrect ? 1 : 0
        }
        self.init(tallies)
    }

    /// Overall figures first, then the groups that have subjects, then the subjects.
    package var metrics: [Metric] {
        guard !tallies.isEmpty else { return [] }
        var metrics = Self.accuracy(of: tallies, suffix: "")
        metrics.insert(macroAverage, at: 1)
        for group in MMLUSubjects.Group.allCases {
            let members = tallies.filter { MMLUSubjects.group(of: $0.subject) == group }
            guard !members.isEmpty else { continue }
            metrics += Self.accuracy(of: members, suffix: "/group:\(group.rawValue)")
        }
        for tally in tallies {
            metrics += Self.accuracy(of: [tally], suffix: "/\(tally.subject)")
        }
        return metrics
    }

    /// `acc` and, where it exists, `acc_stderr` of some subjects taken together.
    private static func accuracy(of tallies: [Tally], suffix: String) -> [Metric] {
        let correct = tallies.reduce(0) { $0 + $1.correct }
        let count = tallies.reduce(0) { $0 + $1.count }
        let interval = WilsonInterval(successes: correct, trials: count)
        var metrics = [
            Metric(
                name: "acc" + suffix, value: Double(correct) / Double(count), unit: "fraction",
                higherIsBetter: true, count: count,
                standardDeviation: standardDeviation(correct: correct, count: count),
                confidenceLow: interval?.low, confidenceHigh: interval?.high)
        ]
        if let error = standardError(of: tallies) {
            metrics.append(
                Metric(
                    name: "acc_stderr" + suffix, value: error, unit: "fraction",
                    higherIsBetter: nil, count: count))
        }
        return metrics
    }

    /// Its count is the number of subjects, and its standard deviation that between them.
    private var macroAverage: Metric {
        let values = tallies.map { Double($0.correct) / Double($0.count) }
        let mean = values.reduce(0, +) / Double(values.count)
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return Metric(
            name: "acc_macro", value: mean, unit: "fraction", higherIsBetter: true,
            count: values.count,
            standardDeviation: values.count > 1
                ? (squares / Double(values.count - 1)).squareRoot() : nil)
    }

    /// Sample standard deviation (n - 1) of 0/1 scores; nil for fewer than two.
    static func standardDeviation(correct: Int, count: Int) -> Double? {
        guard count > 1 else { return nil }
        let wrong = Double(count - correct)
        return (Double(correct) * wrong / Double(count) / Double(count - 1)).squareRoot()
    }

    /// lm-eval's `pooled_sample_stderr`, which for one subject is sqrt(p (1 - p) / (n - 1)).
    ///
    /// The harness prints N/A as soon as one subject has no standard error; so it is nil here.
    static func standardError(of tallies: [Tally]) -> Double? {
        var squares = 0.0
        for tally in tallies {
            guard let deviation = standardDeviation(correct: tally.correct, count: tally.count)
            else { return nil }
            squares += Double(tally.count - 1) * deviation * deviation
        }
        guard !tallies.isEmpty else { return nil }
        let count = tallies.reduce(0) { $0 + $1.count }
        return (squares / Double(count - tallies.count) / Double(count)).squareRoot()
    }
}
