import Experiments

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// One mean over another, with an interval from the repetitions of both.
///
/// The logarithms of the means are compared by Welch's t test: their standard errors are, to
/// first order, the relative ones of the means, and the degrees of freedom are Welch's and
/// Satterthwaite's.
package struct RatioOfMeans: Hashable, Sendable {
    /// B over A.
    package let ratio: Double
    /// Ends of the 95 % interval; nil where one side was measured only once.
    package let low: Double?
    package let high: Double?
    /// Two-sided, of "the means are equal"; nil as well.
    package let p: Double?

    /// nil where a mean is not positive, and so there is no ratio.
    package init?(a: Metric, b: Metric) {
        guard a.value > 0, b.value > 0 else { return nil }
        ratio = b.value / a.value
        guard let one = Part(a), let two = Part(b) else {
            (low, high, p) = (nil, nil, nil)
            return
        }
        let variance = one.variance + two.variance
        guard variance > 0 else {
            // Repetitions without any spread leave nothing to doubt.
            (low, high, p) = (ratio, ratio, ratio == 1 ? 1 : 0)
            return
        }
        let degrees =
            variance * variance
            / (one.variance * one.variance / (one.count - 1)
                + two.variance * two.variance / (two.count - 1))
        let error = variance.squareRoot()
        let half = Distributions.studentQuantile(0.975, freedom: degrees) * error
        low = ratio * exp(-half)
        high = ratio * exp(half)
        let statistic = log(ratio) / error
        p = Distributions.incompleteBeta(
            degrees / (degrees + statistic * statistic), degrees / 2, 0.5)
    }

    /// Variance of the logarithm of a mean, and the repetitions behind it.
    private struct Part {
        let variance: Double
        let count: Double

        init?(_ metric: Metric) {
            guard let deviation = metric.standardDeviation, let count = metric.count, count > 1
            else { return nil }
            let relative = deviation / metric.value
            variance = relative * relative / Double(count)
            self.count = Double(count)
        }
    }
}
