import Basics

/// How two models did on the same questions: what is needed to tell whether they differ.
package struct PairedOutcomes: Hashable, Sendable {
    package private(set) var bothRight = 0
    package private(set) var onlyA = 0
    package private(set) var onlyB = 0
    package private(set) var bothWrong = 0

    package init(bothRight: Int, onlyA: Int, onlyB: Int, bothWrong: Int) {
        self.bothRight = bothRight
        self.onlyA = onlyA
        self.onlyB = onlyB
        self.bothWrong = bothWrong
    }

    package init() {}

    /// One question.
    package mutating func add(a: Bool, b: Bool) {
        switch (a, b) {
        case (true, true): bothRight += 1
        case (true, false): onlyA += 1
        case (false, true): onlyB += 1
        case (false, false): bothWrong += 1
        }
    }

    package var count: Int { bothRight + onlyA + onlyB + bothWrong }
    package var rightA: Int { bothRight + onlyA }
    package var rightB: Int { bothRight + onlyB }

    /// Share of right answers of B less that of A; nil without questions.
    package var difference: Double? {
        count > 0 ? Double(onlyB - onlyA) / Double(count) : nil
    }

    /// Two-sided p of McNemar's exact test.
    ///
    /// The probability, if both were equally good, that the questions which only one of them
    /// answers right are shared out at least this unevenly: a binomial test with one half.
    package var exactP: Double { BinomialTest.twoSided(onlyA, onlyB) }
}

// MARK: - Interval

extension PairedOutcomes {
    /// Tango's asymptotic score interval of the difference, 95 %; nil without questions.
    ///
    /// All differences that a score test at 5 % does not reject. Unlike the interval by the
    /// normal distribution it holds its level for few questions and for shares near 0 and 1, and
    /// has a width where the two never differ. T. Tango, "Equivalence test and confidence interval
    /// for the difference in proportions for the paired-sample design", Statistics in Medicine 17
    /// (1998), 891-908.
    package var interval: (low: Double, high: Double)? {
        guard let difference else { return nil }
        let square = WilsonInterval.quantile * WilsonInterval.quantile
        func isRejected(_ value: Double) -> Bool { scoreSquared(value) > square }
        // The statistic grows on both sides of the estimate.
        func end(_ outer: Double) -> Double {
            guard isRejected(outer) else { return outer }
            var (inside, outside) = (difference, outer)
            for _ in 0..<60 {
                let middle = (inside + outside) / 2
                if isRejected(middle) { outside = middle } else { inside = middle }
            }
            return inside
        }
        return (end(-1), end(1))
    }

    /// Square of the score statistic of a difference: with b and c the questions that only B and
    /// only A answers right, (b - c - n d)^2 / (n (2 q + d (1 - d))), q the likeliest probability
    /// of c under d.
    private func scoreSquared(_ value: Double) -> Double {
        let (n, b, c) = (Double(count), Double(onlyB), Double(onlyA))
        let linear = -b - c + (2 * n - b + c) * value
        let constant = -c * value * (1 - value)
        let root = max(linear * linear - 8 * n * constant, 0).squareRoot()
        let share = (root - linear) / (4 * n)
        let variance = n * (2 * share + value * (1 - value))
        let gap = b - c - n * value
        if variance <= 0 { return gap == 0 ? 0 : .infinity }
        return gap * gap / variance
    }
}

// MARK: - Sample size

extension PairedOutcomes {
    /// Questions, of this kind, after which McNemar's test at 5 % would find a difference of the
    /// observed size in four of five trials; nil where none was observed.
    ///
    /// n = (z(0.975) sqrt(p) + z(0.8) sqrt(p - d^2))^2 / d^2, with p the share of questions that
    /// one alone answers right. R. J. Connor, "Sample size for testing differences in proportions
    /// for the paired-sample design", Biometrics 43 (1987), 207-211.
    package var questionsThatSettle: Int? {
        guard let difference, difference != 0 else { return nil }
        let discordant = Double(onlyA + onlyB) / Double(count)
        let wanted =
            WilsonInterval.quantile * discordant.squareRoot()
            + Distributions.normalQuantile(0.8)
            * max(discordant - difference * difference, 0).squareRoot()
        return Int((wanted * wanted / (difference * difference)).rounded(.up))
    }
}
