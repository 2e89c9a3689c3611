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

    private var names: [String] = []
    private var figures: [String: [Figure]] = [:]

    mutating func note(_ metrics: [Metric], of cell: Cell) {
        let title = "\(cell.model) \(cell.quantization) \(cell.hardware)"
        for metric in metrics {
            let name = "\(cell.task) \(metric.name)"
            if figures[name] == nil { names.append(name) }
            figures[name, default: []].append(Figure(metric: metric, title: title))
        }
    }

    var lines: [String] {
        let several = names.filter { (figures[$0]?.count ?? 0) > 1 }
        return several.prefix(Self.limit).compactMap { name in
            guard let sorted = figures[name]?.sorted(by: { Self.isBetter($0.metric, $1.metric) }),
                let best = sorted.first, let worst = sorted.last,
                best.metric.value != worst.metric.value
            else { return nil }
            return "  \(name)  best \(Self.text(best)), worst \(Self.text(worst))"
        }
    }

    private static func isBetter(_ one: Metric, _ other: Metric) -> Bool {
        one.higherIsBetter == false ? one.value < other.value : one.value > other.value
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
