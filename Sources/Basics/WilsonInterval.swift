/// Wilson's score interval for a share: 95 %, without continuity correction.
///
/// Unlike mean ± 1.96 standard errors it stays within 0 and 1 and has a width for 0 of n and n of
/// n. E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
package struct WilsonInterval: Hashable, Sendable {
    package let low: Double
    package let high: Double

    /// The 97.5 % quantile of the standard normal distribution.
    package static let quantile = 1.959963984540054

    /// Nil without trials.
    package init?(successes: Int, trials: Int) {
        guard trials > 0, (0...trials).contains(successes) else { return nil }
        self.init(share: Double(successes) / Double(trials), trials: trials)
    }

    /// - Parameter share: from 0 to 1.
    package init?(share: Double, trials: Int) {
        guard trials > 0, (0...1).contains(share) else { return nil }
        let n = Double(trials)
        let square = Self.quantile * Self.quantile
        let centre = (share + square / (2 * n)) / (1 + square / n)
        let spread = share * (1 - share) / n + square / (4 * n * n)
        let half = Self.quantile * spread.squareRoot() / (1 + square / n)
        // At the ends the interval touches 0 and 1 exactly, which rounding may miss.
        low = share == 0 ? 0 : max(0, centre - half)
        high = share == 1 ? 1 : min(1, centre + half)
    }
}
