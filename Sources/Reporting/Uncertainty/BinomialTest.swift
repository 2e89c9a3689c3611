#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Whether a fair coin explains how a count is shared out.
enum BinomialTest {
    /// Two-sided p of `one` against `other` with probability one half; 1 for none at all.
    ///
    /// Twice the smaller tail, which for one half is the sum of all that is as unlikely.
    static func twoSided(_ one: Int, _ other: Int) -> Double {
        let (count, smaller) = (one + other, min(one, other))
        // The middle belongs to both tails.
        guard count > 0, one != other else { return 1 }
        // From the largest term down, so that nothing is lost; each in proportion to that one.
        var (term, sum) = (1.0, 1.0)
        for index in stride(from: smaller, to: 0, by: -1) {
            term *= Double(index) / Double(count - index + 1)
            sum += term
            if term < 1e-18 * sum { break }
        }
        let logLargest = logChoose(count, smaller) - Double(count) * log(2)
        return min(1, 2 * exp(logLargest + log(sum)))
    }

    private static func logChoose(_ n: Int, _ k: Int) -> Double {
        lgamma(Double(n) + 1) - lgamma(Double(k) + 1) - lgamma(Double(n - k) + 1)
    }
}
