import Basics
import Experiments
import Store

/// Figures as the tables show them.
enum Figures {
    /// `412.3 ± 2.1`; the spread only where it was measured.
    static func withSpread(_ metric: Metric, decimals: Int = 1, scale: Double = 1) -> String {
        let mean = NumberFormat.fixed(metric.value * scale, decimals)
        guard let spread = metric.standardDeviation, (metric.count ?? 2) > 1 else { return mean }
        return "\(mean) ± \(NumberFormat.fixed(spread * scale, decimals))"
    }

    /// `31.0 ± 4.6 % (22.8–40.6)`: a share, its standard error as lm-eval gives it, its interval.
    static func share(_ name: String, of attempt: StoredAttempt) -> String? {
        guard let accuracy = attempt.metrics[name] else { return nil }
        var text = NumberFormat.percent(accuracy.value)
        if let error = attempt.metrics["\(name)_stderr"] {
            text += " ± \(NumberFormat.percent(error.value))"
        }
        text += " %"
        if let low = accuracy.confidenceLow, let high = accuracy.confidenceHigh {
            text += " (\(NumberFormat.percent(low))–\(NumberFormat.percent(high)))"
        }
        return text
    }

    static func bytes(_ metric: Metric) -> String { NumberFormat.bytes(metric.value) }

    static func milliseconds(_ metric: Metric) -> String {
        withSpread(metric, decimals: 1, scale: 1000)
    }

    /// `1 question`, `14,042 questions`.
    static func counted(_ count: Int, _ noun: String) -> String {
        "\(NumberFormat.grouped(count)) \(noun)\(count == 1 ? "" : "s")"
    }

    /// `a`, `a and b`, `a, b and c`.
    static func list(_ names: [String]) -> String {
        guard names.count > 1, let last = names.last else { return names.first ?? "" }
        return names.dropLast().joined(separator: ", ") + " and " + last
    }
}
