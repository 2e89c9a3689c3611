import Experiments

/// How far two figures are apart, and how sure that is.
package struct MetricDifference: Hashable, Sendable {
    /// The first less the second.
    package let value: Double
    /// Ends of the interval of the difference; nil where a figure was measured once.
    package let interval: ClosedRange<Double>?

    /// - Parameters:
    ///   - factor: what the second is multiplied with first; 0.95 asks for "5 % less".
    ///   - comparisons: how many are made at once. All their intervals together are right with
    ///     95 % probability (Bonferroni's correction).
    ///
    /// Two figures with intervals of their own are combined by Zou and Donner's method ("MOVER",
    /// 2008), which for two of Wilson's intervals is Newcombe's (1998). Two means with standard
    /// deviations are compared by Welch's t-test. The figures are taken as independent, which is
    /// cautious where both come from the same questions.
    package init(
        _ first: Metric, _ second: Metric, factor: Double = 1, comparisons: Int = 1
    ) {
        let value = first.value - factor * second.value
        self.value = value
        let tail = 0.025 / Double(max(1, comparisons))
        guard value.isFinite else {
            interval = nil
            return
        }
        let parts =
            Self.combined(first, second, factor, tail) ?? Self.welch(first, second, factor, tail)
        interval = parts.flatMap { below, above in
            let (low, high) = (value - below, value + above)
            return low <= high && low.isFinite && high.isFinite ? low...high : nil
        }
    }

    /// Whether 0 lies outside of the interval; nil where there is none.
    package var isDetectable: Bool? { interval.map { !$0.contains(0) } }

    /// The distances from the difference to the ends of its interval.
    private typealias Arms = (below: Double, above: Double)

    private static func combined(
        _ first: Metric, _ second: Metric, _ factor: Double, _ tail: Double
    ) -> Arms? {
        guard let low1 = first.confidenceLow, let high1 = first.confidenceHigh,
            let low2 = second.confidenceLow, let high2 = second.confidenceHigh
        else { return nil }
        // Stored intervals are those of 95 %.
        let wider =
            tail == 0.025
            ? 1 : Distributions.normalQuantile(1 - tail) / normalQuantile975
        func length(_ a: Double, _ b: Double) -> Double {
            wider * (a * a + factor * factor * b * b).squareRoot()
        }
        return (
            length(first.value - low1, high2 - second.value),
            length(high1 - first.value, second.value - low2)
        )
    }

    private static let normalQuantile975 = Distributions.normalQuantile(0.975)

    private static func welch(
        _ first: Metric, _ second: Metric, _ factor: Double, _ tail: Double
    ) -> Arms? {
        guard let spread1 = first.standardDeviation, let spread2 = second.standardDeviation,
            let count1 = first.count, let count2 = second.count, count1 > 1, count2 > 1
        else { return nil }
        let variance1 = spread1 * spread1 / Double(count1)
        let variance2 = factor * factor * spread2 * spread2 / Double(count2)
        let variance = variance1 + variance2
        guard variance > 0 else { return (0, 0) }
        let freedom =
            variance * variance
            / (variance1 * variance1 / Double(count1 - 1)
                + variance2 * variance2 / Double(count2 - 1))
        guard freedom.isFinite, freedom >= 0.5 else { return nil }
        let half =
            variance.squareRoot()
            * Distributions.studentQuantile(1 - tail, freedom: max(1, freedom))
        return (half, half)
    }

    /// Questions that each of two shares must be measured on to tell them apart (5 % two-sided,
    /// power 80 %), if they are what they seem to be.
    ///
    /// nil for equal ones, which no number of questions tells apart.
    package static func questionsNeeded(_ first: Double, _ second: Double) -> Int? {
        let difference = first - second
        let spread = first * (1 - first) + second * (1 - second)
        guard difference != 0, spread > 0 else { return nil }
        let quantiles = Distributions.normalQuantile(0.975) + Distributions.normalQuantile(0.8)
        let count = quantiles * quantiles * spread / (difference * difference)
        return count < 1e9 ? Int(count.rounded(.up)) : nil
    }
}
