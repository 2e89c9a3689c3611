import Basics
import Experiments
import Store

/// How the figures of one measurement went from run to run.
package struct HistoryTable {
    /// One figure of one attempt, beside the one before.
    package struct Line: Sendable {
        package let entry: HistoryEntry
        /// Against the attempt before; nil for the first.
        package let change: String?
    }

    package let measurement: HistoryEntry.Measurement
    /// By metric, the oldest first.
    package let lines: [Line]

    /// One table per measurement, in the order in which they were first made.
    package static func all(_ entries: [HistoryEntry]) -> [HistoryTable] {
        let groups = Dictionary(grouping: entries, by: \.measurement)
        return entries.map(\.measurement).unique().map { measurement in
            let own = groups[measurement] ?? []
            let lines = Set(own.map(\.metric.name)).sorted().flatMap { name -> [Line] in
                var before: Metric?
                return own.filter { $0.metric.name == name }.map { entry in
                    let change = before.map { Self.change(entry.metric, $0) }
                    before = entry.metric
                    return Line(entry: entry, change: change)
                }
            }
            return HistoryTable(measurement: measurement, lines: lines)
        }
    }

    /// `+4.2 %`, `no detectable difference`, `same`.
    static func change(_ metric: Metric, _ before: Metric) -> String {
        let difference = MetricDifference(metric, before)
        if difference.value == 0 { return "same" }
        if difference.isDetectable == false { return "no detectable difference" }
        let sign = difference.value > 0 ? "+" : ""
        guard before.value != 0, metric.unit != "fraction" else {
            let points = metric.unit == "fraction" ? 100.0 : 1
            let text = NumberFormat.fixed(difference.value * points, 1)
            return metric.unit == "fraction" ? "\(sign)\(text) points" : "\(sign)\(text)"
        }
        return "\(sign)\(NumberFormat.fixed(100 * difference.value / abs(before.value), 1)) %"
    }

    /// Rows of text: a heading, then a line per figure and attempt.
    package var rows: [[String]] {
        [["metric", "measured", "commit", "figure", "change"]]
            + lines.map { line in
                let metric = line.entry.metric
                var figure = FigureText.of(metric.value, unit: metric.unit)
                if let interval = MetricInterval.of(metric) {
                    figure +=
                        " (\(FigureText.of(interval.lowerBound, unit: metric.unit)) to "
                        + "\(FigureText.of(interval.upperBound, unit: metric.unit)))"
                }
                return [
                    metric.name, String(line.entry.startedAt.prefix(16)),
                    line.entry.commit.map { String($0.prefix(8)) } ?? Markdown.missing, figure,
                    line.change ?? Markdown.missing,
                ]
            }
    }
}
