import Basics
import Experiments
import Store

/// Rules held against the newest results, each with the uncertainty of its figures.
package struct Gate {
    package enum Outcome: String, Sendable {
        /// The whole interval keeps the rule.
        case holds
        /// The interval lies on both sides: these figures cannot tell.
        case undecided
        /// The whole interval breaks the rule.
        case tripped = "broken"
        /// There is nothing to compare with yet.
        case noBaseline = "no baseline"
    }

    /// One rule and one measurement.
    package struct Finding: Sendable {
        package let rule: GateRule
        package let title: String
        package let outcome: Outcome
        /// The figures that decided.
        package let reason: String
    }

    /// A rule that no result has anything to do with: a mistake, not a pass.
    package struct Unmatched: Error, CustomStringConvertible {
        package let description: String
    }

    private let current: [HistoryEntry]
    private let baseline: [HistoryEntry]?

    /// - Parameters:
    ///   - history: of the database that is judged.
    ///   - baseline: of another one; nil compares with the measurement before, in the same.
    package init(history: [HistoryEntry], baseline: [HistoryEntry]?) {
        current = history
        self.baseline = baseline
    }

    /// In the order of the rules, and in each of the measurements.
    package func findings(_ file: GateFile) throws(Unmatched) -> [Finding] {
        var findings: [Finding] = []
        for rule in file.rules {
            let entries = current.filter { matches($0, rule, file.only) }
            guard !entries.isEmpty else { throw unmatched(rule, file) }
            for measurement in entries.map(\.measurement).unique() {
                let series = entries.filter { $0.measurement == measurement }
                guard let newest = series.last else { continue }
                let before =
                    baseline == nil
                    ? series.dropLast().last
                    : baseline?.last {
                        $0.measurement == measurement && $0.metric.name == rule.metric
                    }
                let (outcome, reason) = judge(rule, newest.metric, before?.metric)
                findings.append(
                    Finding(
                        rule: rule, title: measurement.title, outcome: outcome, reason: reason))
            }
        }
        return findings
    }

    private func matches(
        _ entry: HistoryEntry, _ rule: GateRule, _ only: [Manifest.Axis: [String]]
    ) -> Bool {
        let measurement = entry.measurement
        guard entry.metric.name == rule.metric else { return false }
        if let task = rule.task, task != measurement.task, task != measurement.taskKind {
            return false
        }
        return only.allSatisfy { axis, names in
            switch axis {
            case .model: names.contains(measurement.model)
            case .quantization: names.contains(measurement.quantization)
            case .task: names.contains(measurement.task)
            case .hardware: names.contains(measurement.hardware)
            }
        }
    }

    private func unmatched(_ rule: GateRule, _ file: GateFile) -> Unmatched {
        let names = Set(current.map(\.metric.name)).sorted()
        let hint =
            names.contains(rule.metric)
            ? " The figure is there, for other tasks or names."
            : Suggestion.sentence(for: rule.metric, among: names)
        return Unmatched(
            description: "\(file.file): no result is what '\(rule.text)' is about.\(hint)")
    }

    // MARK: Judging

    private func judge(_ rule: GateRule, _ metric: Metric, _ before: Metric?)
        -> (Outcome, String)
    {
        switch rule.requirement {
        case .threshold(let comparison, let limit):
            let interval = MetricInterval.of(metric)
            let ends = interval.map { [$0.lowerBound, $0.upperBound] } ?? [metric.value]
            return (
                Self.outcome(ends.map { comparison.holds($0, limit) }),
                Self.described(metric.value, interval, metric.unit)
            )
        case .notWorseByShare(let share):
            let sign = metric.higherIsBetter == false ? 1.0 : -1.0
            return compare(metric, before, factor: 1 + sign * share, allowance: 0)
        case .notWorseByDifference(let allowance):
            return compare(metric, before, factor: 1, allowance: allowance)
        }
    }

    private func compare(
        _ metric: Metric, _ before: Metric?, factor: Double, allowance: Double
    ) -> (Outcome, String) {
        let now = Self.described(metric.value, nil, metric.unit)
        guard let before else { return (.noBaseline, now) }
        let sign = metric.higherIsBetter == false ? -1.0 : 1.0
        let difference = MetricDifference(metric, before, factor: factor)
        let ends =
            difference.interval.map { [$0.lowerBound, $0.upperBound] } ?? [difference.value]
        let reason = "\(now), baseline \(Self.described(before.value, nil, before.unit))"
        return (Self.outcome(ends.map { sign * $0 + allowance >= 0 }), reason)
    }

    private static func outcome(_ ends: [Bool]) -> Outcome {
        if ends.allSatisfy({ $0 }) { return .holds }
        return ends.contains(true) ? .undecided : .tripped
    }

    private static func described(
        _ value: Double, _ interval: ClosedRange<Double>?, _ unit: String
    ) -> String {
        let text = FigureText.of(value, unit: unit)
        guard let interval else { return text }
        return "\(text) (\(FigureText.of(interval.lowerBound, unit: unit)) to "
            + "\(FigureText.of(interval.upperBound, unit: unit)))"
    }
}

/// The 95 % interval of one figure: the stored one, or Student's from the standard deviation.
enum MetricInterval {
    static func of(_ metric: Metric) -> ClosedRange<Double>? {
        if let low = metric.confidenceLow, let high = metric.confidenceHigh {
            return low <= high ? low...high : nil
        }
        guard let spread = metric.standardDeviation, let count = metric.count, count > 1 else {
            return nil
        }
        let half =
            Distributions.studentQuantile(0.975, freedom: Double(count - 1)) * spread
            / Double(count).squareRoot()
        return half.isFinite ? (metric.value - half)...(metric.value + half) : nil
    }
}

/// A figure with its unit, in a line of text.
package enum FigureText {
    package static func of(_ value: Double, unit: String) -> String {
        switch unit {
        case "fraction": "\(NumberFormat.percent(value)) %"
        case "bytes": NumberFormat.bytes(value)
        case "s": NumberFormat.duration(seconds: value)
        case "": ChartFigure.text(value, .number)
        default: "\(ChartFigure.text(value, .number)) \(unit)"
        }
    }
}
