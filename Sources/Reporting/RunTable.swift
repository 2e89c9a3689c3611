import Basics
import Experiments
import Store

/// What the jobs of one run have found, for the end of the screen: a line per model, quantization
/// and hardware, accuracies first.
///
///     model  quantization  mini-mmlu %  mini-humaneval %  pp512 t/s  tg128 t/s  peak MiB
package struct RunTable {
    /// A figure of a task that belongs on the last screen.
    private struct Figure: Sendable {
        /// Whether a metric is this figure.
        let matches: @Sendable (String) -> Bool
        /// - Parameter metric: its name, and that of the dataset behind it.
        let title: @Sendable (_ metric: String, _ dataset: String?) -> String
        let text: @Sendable (Double) -> String
        /// Of jobs of this kind only.
        var kind: String?
    }

    /// In the order of the columns.
    private static let figures = [
        Figure(
            matches: { $0 == "acc" }, title: { "\($1 ?? $0) %" }, text: NumberFormat.percent),
        Figure(
            matches: { $0 == "pass@1" }, title: { "\($1 ?? $0) %" }, text: NumberFormat.percent),
        Figure(
            matches: { $0 == "kl_divergence" }, title: { _, _ in "KL nats" },
            text: { NumberFormat.fixed($0, 4) }),
        Figure(
            matches: { $0 == "loss/change" }, title: { _, _ in "loss change" },
            text: { NumberFormat.fixed($0, 3) }),
        Figure(
            matches: { $0 == "speedup" }, title: { name, _ in name },
            text: { NumberFormat.fixed($0, 2) }),
        Figure(
            matches: { Metric.isSpeed($0, of: "pp") }, title: { name, _ in name + " t/s" },
            text: { NumberFormat.fixed($0, 1) }),
        Figure(
            matches: { Metric.isSpeed($0, of: "tg") }, title: { name, _ in name + " t/s" },
            text: { NumberFormat.fixed($0, 1) }),
        Figure(
            matches: { $0 == "peak_resident_bytes" }, title: { _, _ in "peak MiB" },
            text: { NumberFormat.fixed($0 / 1_048_576, 0) }, kind: "memory"),
    ]

    private struct Row: Hashable {
        let model: String
        let quantization: String
        let hardware: String

        init(_ cell: Cell) {
            (model, quantization, hardware) = (cell.model, cell.quantization, cell.hardware)
        }
    }

    private struct Column: Hashable {
        let figure: Int
        let task: String
        let metric: String
        let dataset: String?

        var title: String { RunTable.figures[figure].title(metric, dataset) }
    }

    /// Cells with the head on top, none where nothing was found.
    ///
    /// Numbers end at the right of their columns; names are padded by whoever prints them.
    package let rows: [[String]]

    /// - Parameter jobs: in the plan's order.
    package init(_ jobs: [Job], _ results: RunResults) {
        var texts: [Row: [Column: String]] = [:]
        var columns: [Column] = []
        let measured = jobs.filter { results.values[$0.id] != nil }
        for job in measured {
            let values = results.values[job.id] ?? [:]
            for (index, figure) in Self.figures.enumerated() {
                if let kind = figure.kind, kind != job.cell.taskKind { continue }
                for name in values.keys.sorted() where figure.matches(name) {
                    let column = Column(
                        figure: index, task: job.cell.task, metric: name,
                        dataset: job.cell.datasetName)
                    texts[Row(job.cell), default: [:]][column] = values[name].map(figure.text)
                    columns.append(column)
                }
            }
        }
        columns = columns.unique().enumerated().sorted { one, other in
            (one.element.figure, one.offset) < (other.element.figure, other.offset)
        }.map(\.element)
        let titles = columns.map { column in
            // Two tasks with one figure are told apart.
            let isAlone = !columns.contains { $0 != column && $0.title == column.title }
            return isAlone ? column.title : "\(column.task) \(column.title)"
        }
        let setups = measured.map { Row($0.cell) }.unique()
        let severalHardware = Set(setups.map(\.hardware)).count > 1
        func cells(_ setup: Row) -> [String] {
            [setup.model, setup.quantization] + (severalHardware ? [setup.hardware] : [])
                + columns.map { texts[setup]?[$0] ?? Markdown.missing }
        }
        let head =
            ["model", "quantization"] + (severalHardware ? ["hardware"] : []) + titles
        let names = head.count - titles.count
        rows = columns.isEmpty ? [] : Self.aligned([head] + setups.map(cells), names: names)
    }

    private static func aligned(_ rows: [[String]], names: Int) -> [[String]] {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        let rule = widths.map { String(repeating: "-", count: $0) }
        let padded = rows.map { row in
            row.enumerated().map { column, text in
                let blanks = String(repeating: " ", count: widths[column] - text.count)
                return column < names ? text : blanks + text
            }
        }
        return [padded[0], rule] + padded.dropFirst()
    }
}
