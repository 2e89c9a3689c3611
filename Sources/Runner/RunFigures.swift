import Basics
import Experiments

/// Of each figure that several jobs of one task have, the best and the worst.
struct RunFigures: Hashable, Sendable {
    private struct Figure: Hashable {
        var metric: Metric
        var title: String
    }

    /// More kinds of figures than this are not for the end of a screen.
    private static let limit = 6
    /// What people ask first: what it knows, what it writes, how fast, how large.
    private static let first: [@Sendable (String) -> Bool] = [
        { $0 == "acc" }, { $0 == "pass@1" }, { $0 == "kl_divergence" }, { $0 == "speedup" },
        { Metric.isSpeed($0, of: "tg") }, { Metric.isSpeed($0, of: "pp") },
        { $0 == "peak_resident_bytes" },
    ]

    private struct Name: Hashable {
        var task: String
        var metric: String
    }

    private var names: [Name] = []
    private var figures: [Name: [Figure]] = [:]

    mutating func note(_ metrics: [Metric], of cell: Cell) {
        let title = "\(cell.model) \(cell.quantization) \(cell.hardware)"
        // Without a direction nothing is best, and of parts the whole is enough.
        for metric in metrics where metric.higherIsBetter != nil && !metric.name.contains("/") {
            let name = Name(task: cell.task, metric: metric.name)
            if figures[name] == nil { names.append(name) }
            figures[name, default: []].append(Figure(metric: metric, title: title))
        }
    }

    var lines: [String] {
        let lines = names.enumerated().compactMap { place, name in
            line(name).map { (order: (Self.rank(name.metric), place), text: $0) }
        }
        return lines.sorted { $0.order < $1.order }.prefix(Self.limit).map(\.text)
    }

    /// nil where there is nothing to tell apart.
    private func line(_ name: Name) -> String? {
        guard let sorted = figures[name]?.sorted(by: Self.isBetter),
            let best = sorted.first, let worst = sorted.last,
            best.metric.value != worst.metric.value
        else { return nil }
        let overlap = Self.overlap(best.metric, worst.metric) ? "; 95 % intervals overlap" : ""
        return "  \(name.task) \(name.metric)  best \(Self.text(best)), worst "
            + "\(Self.text(worst))\(overlap)"
    }

    private static func rank(_ metric: String) -> Int {
        first.firstIndex { $0(metric) } ?? first.count
    }

    private static func isBetter(_ one: Figure, _ other: Figure) -> Bool {
        one.metric.higherIsBetter == false
            ? one.metric.value < other.metric.value : one.metric.value > other.metric.value
    }

    /// Whether the intervals of both leave open which is better; false without intervals.
    private static func overlap(_ one: Metric, _ other: Metric) -> Bool {
        guard let low = one.confidenceLow, let high = one.confidenceHigh,
            let otherLow = other.confidenceLow, let otherHigh = other.confidenceHigh
        else { return false }
        return low <= otherHigh && otherLow <= high
    }

    private static func text(_ figure: Figure) -> String {
        let metric = figure.metric
        let value =
            switch metric.unit {
            case "fraction": NumberFormat.percent(metric.value) + " %"
            case "bytes": NumberFormat.bytes(metric.value)
            case "s": NumberFormat.duration(seconds: metric.value)
            default: NumberFormat.fixed(metric.value, 1) + " " + metric.unit
            }
        return "\(value) (\(figure.title))"
    }
}
