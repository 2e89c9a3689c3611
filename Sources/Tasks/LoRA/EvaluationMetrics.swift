import Basics
import Experiments
import LanguageModels

/// The figures of one model on the held-out records, or of the change between two.
///
/// Tokens of one record are not independent of each other, so intervals go over records: a loss is
/// a quotient of two sums over them, and its standard error that of a ratio estimator (Cochran,
/// "Sampling Techniques", 1977, chapter 6).
package enum EvaluationMetrics {
    /// `loss/base`, `response_loss/base`, `ppl/base`, ..., `format/base`.
    ///
    /// - Parameter variant: `base` or `adapted`.
    package static func metrics(
        of outcomes: [HeldOutOutcome], variant: String, format: AnswerFormat?
    ) -> [Metric] {
        var metrics: [Metric] = []
        for (names, tallies) in parts(outcomes) {
            let tokens = tallies.map(\.count).reduce(0, +)
            guard let loss = Ratio(tallies.map { ($0.loss, Double($0.count)) }),
                let accuracy = Ratio(tallies.map { (Double($0.hits), Double($0.count)) })
            else { continue }
            func metric(
                _ name: String, _ value: Double, _ unit: String, higher: Bool,
                _ interval: ClosedRange<Double>?
            ) -> Metric {
                Metric(
                    name: name + "/" + variant, value: value, unit: unit, higherIsBetter: higher,
                    count: tokens, confidenceLow: interval?.lowerBound,
                    confidenceHigh: interval?.upperBound)
            }
            metrics += [
                metric(names.loss, loss.value, "nats/token", higher: false, loss.interval),
                metric(
                    names.perplexity, exponential(loss.value), "ppl", higher: false,
                    loss.interval.map { exponential($0.lowerBound)...exponential($0.upperBound) }),
                metric(
                    names.accuracy, accuracy.value, "fraction", higher: true,
                    accuracy.interval?.clamped(to: 0...1)),
            ]
        }
        if let format { metrics += formatMetric(outcomes, variant, format) }
        return metrics
    }

    /// `loss/change`, `response_loss/change` and `format/change`: adapted less base, record by
    /// record.
    package static func changes(
        from base: [HeldOutOutcome], to adapted: [HeldOutOutcome], format: AnswerFormat?
    ) -> [Metric] {
        precondition(base.count == adapted.count, "outcomes on the same records")
        var metrics: [Metric] = []
        for ((names, before), (_, after)) in zip(parts(base), parts(adapted)) {
            let pairs = zip(before, after).map { ($1.loss - $0.loss, Double($0.count)) }
            guard let change = Ratio(pairs) else { continue }
            metrics.append(
                Metric(
                    name: names.loss + changeSuffix, value: change.value, unit: "nats/token",
                    higherIsBetter: false, count: before.map(\.count).reduce(0, +),
                    confidenceLow: change.interval?.lowerBound,
                    confidenceHigh: change.interval?.upperBound))
        }
        if let format {
            var pairs: [(before: Bool, after: Bool)] = []
            for (before, after) in zip(base, adapted) {
                guard let before = before.answer, let after = after.answer else { continue }
                pairs.append((format.matches(before), format.matches(after)))
            }
            metrics += formatChange(pairs)
        }
        return metrics
    }

    private typealias Names = (loss: String, perplexity: String, accuracy: String)

    private static func parts(_ outcomes: [HeldOutOutcome]) -> [(Names, [TokenTally])] {
        [
            (("loss", "ppl", "token_acc"), outcomes.map(\.all)),
            (
                ("response_loss", "response_ppl", "response_token_acc"),
                outcomes.map(\.response)
            ),
        ]
    }

    private static let formatName = "format"
    private static let changeSuffix = "/change"

    private static func formatMetric(
        _ outcomes: [HeldOutOutcome], _ variant: String, _ format: AnswerFormat
    ) -> [Metric] {
        let answers = outcomes.compactMap(\.answer)
        let hits = answers.count(where: format.matches)
        guard let interval = WilsonInterval(successes: hits, trials: answers.count) else {
            return []
        }
        return [
            Metric(
                name: formatName + "/" + variant, value: Double(hits) / Double(answers.count),
                unit: "fraction", higherIsBetter: true, count: answers.count,
                confidenceLow: interval.low, confidenceHigh: interval.high)
        ]
    }

    /// The difference of two shares of the same records, with Newcombe's interval for pairs
    /// (method 10: "Improved confidence intervals for the difference between binomial proportions
    /// based on paired data", 1998), which is sound for shares of 0 and 1 too.
    private static func formatChange(_ pairs: [(before: Bool, after: Bool)]) -> [Metric] {
        let n = Double(pairs.count)
        let both = Double(pairs.count { $0.before && $0.after })
        let gained = Double(pairs.count { !$0.before && $0.after })
        let lost = Double(pairs.count { $0.before && !$0.after })
        let neither = n - both - gained - lost
        guard let before = WilsonInterval(successes: Int(both + lost), trials: pairs.count),
            let after = WilsonInterval(successes: Int(both + gained), trials: pairs.count)
        else { return [] }
        let (p, q) = ((both + gained) / n, (both + lost) / n)
        let margins = (both + lost) * (gained + neither) * (both + gained) * (lost + neither)
        var correlation = 0.0
        if margins > 0 {
            let product = both * neither - gained * lost
            correlation =
                product > 0
                ? max(product - n / 2, 0) / margins.squareRoot()
                : product / margins.squareRoot()
        }
        func reach(_ a: Double, _ b: Double) -> Double {
            max(a * a - 2 * correlation * a * b + b * b, 0).squareRoot()
        }
        return [
            Metric(
                name: formatName + changeSuffix, value: p - q, unit: "fraction",
                higherIsBetter: true,
                count: pairs.count, confidenceLow: p - q - reach(p - after.low, before.high - q),
                confidenceHigh: p - q + reach(after.high - p, q - before.low))
        ]
    }

    /// The quotient of two sums over records, and the 95 % interval of it.
    private struct Ratio {
        let value: Double
        /// Nil for fewer than two records.
        let interval: ClosedRange<Double>?

        /// Nil where there is nothing to divide by.
        init?(_ pairs: [(x: Double, y: Double)]) {
            let (x, y) = pairs.reduce((0.0, 0.0)) { ($0.0 + $1.x, $0.1 + $1.y) }
            guard y > 0 else { return nil }
            let ratio = x / y
            let n = Double(pairs.count)
            value = ratio
            guard n > 1 else {
                interval = nil
                return
            }
            let squares = pairs.reduce(0) { sum, pair in
                let rest = pair.x - ratio * pair.y
                return sum + rest * rest
            }
            let half = 1.959963984540054 * (n / (n - 1) * squares).squareRoot() / y
            interval = value - half...value + half
        }
    }
}
