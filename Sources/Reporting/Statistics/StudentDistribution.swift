#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Student's t distribution, for means of a few repetitions.
enum StudentDistribution {
    /// Two-sided p of a statistic.
    static func twoSided(_ statistic: Double, degrees: Double) -> Double {
        guard statistic.isFinite else { return 0 }
        return incompleteBeta(
            degrees / (degrees + statistic * statistic), a: degrees / 2, b: 0.5)
    }

    /// The 97.5 % quantile.
    static func quantile(degrees: Double) -> Double {
        var (low, high) = (0.0, 2.0)
        while twoSided(high, degrees: degrees) > 0.05 { high *= 2 }
        for _ in 0..<80 {
            let middle = (low + high) / 2
            if twoSided(middle, degrees: degrees) > 0.05 { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }

    /// The regularized incomplete beta function, by its continued fraction.
    ///
    /// NIST Digital Library of Mathematical Functions, 8.17.22, evaluated by Lentz's method.
    private static func incompleteBeta(_ x: Double, a: Double, b: Double) -> Double {
        if x <= 0 { return 0 }
        if x >= 1 { return 1 }
        // The fraction converges fast below the mean only.
        if x > (a + 1) / (a + b + 2) { return 1 - incompleteBeta(1 - x, a: b, b: a) }
        let scale = exp(
            lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
        let tiny = 1e-300
        var (c, d) = (1.0, 1 / nonzero(1 - (a + b) * x / (a + 1), tiny))
        var fraction = d
        for step in 1...500 {
            let m = Double(step)
            let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
            d = 1 / nonzero(1 + even * d, tiny)
            c = nonzero(1 + even / c, tiny)
            fraction *= d * c
            let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
            d = 1 / nonzero(1 + odd * d, tiny)
            c = nonzero(1 + odd / c, tiny)
            fraction *= d * c
            if abs(d * c - 1) < 1e-15 { break }
        }
        return scale * fraction / a
    }

    private static func nonzero(_ value: Double, _ tiny: Double) -> Double {
        abs(value) < tiny ? tiny : value
    }
}
