#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The quantiles that intervals are made of.
enum Distributions {
    /// The value below which a standard normal variable stays with this probability.
    static func normalQuantile(_ probability: Double) -> Double {
        quantile(probability, within: 40) { 0.5 * erfc(-$0 / 2.0.squareRoot()) }
    }

    /// The value below which Student's t stays with this probability.
    ///
    /// - Parameter freedom: degrees of freedom, from 1; not necessarily whole (Welch).
    static func studentQuantile(_ probability: Double, freedom: Double) -> Double {
        quantile(probability, within: 1e9) { t in
            let tail = 0.5 * incompleteBeta(freedom / (freedom + t * t), freedom / 2, 0.5)
            return t < 0 ? tail : 1 - tail
        }
    }

    /// By bisection: slow and sure, the same on every machine to far more digits than are shown.
    private static func quantile(
        _ probability: Double, within bound: Double, _ cumulative: (Double) -> Double
    ) -> Double {
        precondition(probability > 0 && probability < 1, "a quantile needs 0 < p < 1")
        var (low, high) = (-bound, bound)
        for _ in 0..<200 {
            let middle = (low + high) / 2
            if cumulative(middle) < probability { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }

    /// The regularised incomplete beta function, by its continued fraction (Lentz's method).
    ///
    /// Source: NIST Digital Library of Mathematical Functions, 8.17.22.
    static func incompleteBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
        if x <= 0 { return 0 }
        if x >= 1 { return 1 }
        // The fraction converges fast on one side; the other is its mirror image.
        if x > (a + 1) / (a + b + 2) { return 1 - incompleteBeta(1 - x, b, a) }
        let front =
            exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
        let tiny = 1e-300
        var c = 1.0
        var d = 1 - (a + b) * x / (a + 1)
        d = 1 / (abs(d) < tiny ? tiny : d)
        var fraction = d
        for step in 1...500 {
            let m = Double(step)
            for term in [
                m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
            ] {
                d = 1 + term * d
                d = 1 / (abs(d) < tiny ? tiny : d)
                c = 1 + term / c
                if abs(c) < tiny { c = tiny }
                fraction *= c * d
            }
            if abs(c * d - 1) < 1e-15 { break }
        }
        return front * fraction
    }
}
