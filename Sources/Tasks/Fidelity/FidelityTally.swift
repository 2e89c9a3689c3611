import Basics
import Experiments
import LanguageModels

/// Sums over places at which two models were compared, from which the metrics are computed.
///
/// Definitions are those of `llama-perplexity --kl-divergence`.
package struct FidelityTally: Hashable, Sendable, Codable {
    /// Sum and sum of squares.
    package struct Moments: Hashable, Sendable, Codable {
        package private(set) var sum = 0.0
        package private(set) var squares = 0.0

        package init() {}

        mutating func add(_ value: Double) {
            sum += value
            squares += value * value
        }

        mutating func add(_ other: Moments) {
            sum += other.sum
            squares += other.squares
        }

        func mean(of count: Int) -> Double { sum / Double(count) }

        /// Sample standard deviation (n - 1); nil for fewer than two.
        func standardDeviation(of count: Int) -> Double? {
            guard count > 1 else { return nil }
            let mean = mean(of: count)
            let variance = max(squares / Double(count) - mean * mean, 0)
            return (variance * Double(count) / Double(count - 1)).squareRoot()
        }

        /// Ends of the 95 % interval of the mean, by the normal distribution.
        func interval(of count: Int) -> (low: Double, high: Double)? {
            standardDeviation(of: count).map { deviation in
                let half = WilsonInterval.quantile * deviation / Double(count).squareRoot()
                return (mean(of: count) - half, mean(of: count) + half)
            }
        }
    }

    /// Places.
    package private(set) var count = 0
    /// Those where both find the same token the likeliest.
    package private(set) var sameTop = 0
    package private(set) var divergence = Moments()
    package private(set) var largestDivergence = 0.0
    package private(set) var loss = Moments()
    package private(set) var referenceLoss = Moments()
    /// Of the losses' differences, place by place.
    package private(set) var lossDifference = Moments()

    package init() {}

    /// One place.
    package mutating func add(
        divergence: Double, isSameTop: Bool, referenceLoss: Double, loss: Double
    ) {
        count += 1
        sameTop += isSameTop ? 1 : 0
        self.divergence.add(divergence)
        largestDivergence = max(largestDivergence, divergence)
        self.loss.add(loss)
        self.referenceLoss.add(referenceLoss)
        lossDifference.add(loss - referenceLoss)
    }

    package mutating func add(_ other: FidelityTally) {
        count += other.count
        sameTop += other.sameTop
        divergence.add(other.divergence)
        largestDivergence = max(largestDivergence, other.largestDivergence)
        loss.add(other.loss)
        referenceLoss.add(other.referenceLoss)
        lossDifference.add(other.lossDifference)
    }

    /// What a record keeps: sums, from which everything else is computed.
    package func recordValues() throws -> [String: JSONValue] {
        try JSON.decode([String: JSONValue].self, from: JSON.text(self))
    }

    /// A tally that a record has kept.
    package init(recordValues values: [String: JSONValue]) throws {
        self = try JSON.decode(FidelityTally.self, from: JSON.text(JSONValue.object(values)))
    }

    /// - Parameter suffix: nothing for a text, `/questions` for the places of answers.
    package func metrics(suffix: String = "") -> [Metric] {
        guard count > 0 else { return [] }
        let spread = divergence.interval(of: count)
        let agreement = WilsonInterval(successes: sameTop, trials: count)
        return [
            Metric(
                name: "kl_divergence" + suffix, value: divergence.mean(of: count), unit: "nats",
                higherIsBetter: false, count: count,
                standardDeviation: divergence.standardDeviation(of: count),
                confidenceLow: spread.map { max($0.low, 0) }, confidenceHigh: spread?.high),
            Metric(
                name: "kl_divergence_max" + suffix, value: largestDivergence, unit: "nats",
                higherIsBetter: false, count: count),
            Metric(
                name: "top1_agreement" + suffix, value: Double(sameTop) / Double(count),
                unit: "fraction", higherIsBetter: true, count: count,
                confidenceLow: agreement?.low, confidenceHigh: agreement?.high),
            exponential("perplexity" + suffix, of: loss, unit: "perplexity", isBetterHigh: false),
            exponential(
                "perplexity_reference" + suffix, of: referenceLoss, unit: "perplexity",
                isBetterHigh: nil),
            exponential(
                "perplexity_ratio" + suffix, of: lossDifference, unit: "ratio",
                isBetterHigh: false),
        ]
    }

    /// exp of a mean, with the interval of the mean taken along.
    private func exponential(
        _ name: String, of moments: Moments, unit: String, isBetterHigh: Bool?
    ) -> Metric {
        let interval = moments.interval(of: count)
        return Metric(
            name: name, value: Perplexity.value(ofMeanLoss: moments.mean(of: count)), unit: unit,
            higherIsBetter: isBetterHigh, count: count,
            confidenceLow: interval.map { Perplexity.value(ofMeanLoss: $0.low) },
            confidenceHigh: interval.map { Perplexity.value(ofMeanLoss: $0.high) })
    }
}

/// What became of the answers of one model's questions in another.
package struct AnswerFlips: Hashable, Sendable {
    package private(set) var count = 0
    /// Other answers than the reference's, right or wrong.
    package private(set) var changed = 0
    package private(set) var rightToWrong = 0
    package private(set) var wrongToRight = 0

    package init() {}

    /// One question.
    package mutating func add(reference: String, prediction: String, answer: String) {
        count += 1
        guard reference != prediction else { return }
        changed += 1
        rightToWrong += reference == answer ? 1 : 0
        wrongToRight += prediction == answer ? 1 : 0
    }

    package var metrics: [Metric] {
        guard count > 0 else { return [] }
        return [
            share("answers_changed", changed, isBetterHigh: false),
            share("right_to_wrong", rightToWrong, isBetterHigh: false),
            share("wrong_to_right", wrongToRight, isBetterHigh: true),
        ]
    }

    private func share(_ name: String, _ part: Int, isBetterHigh: Bool) -> Metric {
        let interval = WilsonInterval(successes: part, trials: count)
        return Metric(
            name: name, value: Double(part) / Double(count), unit: "fraction",
            higherIsBetter: isBetterHigh, count: count, confidenceLow: interval?.low,
            confidenceHigh: interval?.high)
    }
}
