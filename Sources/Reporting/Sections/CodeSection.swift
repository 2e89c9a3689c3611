import Basics
import Experiments
import Store

/// Coding problems: pass@k, a table for each dataset and protocol.
struct CodeSection: ReportSection {
    let title = "Coding problems"

    func body(_ data: ReportData) -> String? {
        let names = data.metricNames(prefix: "pass@")
        let parts = data.variants(of: "pass@1").compactMap { variant -> String? in
            let figures = names.map { name in
                TableColumn<ReportData.Setup>("\(name) (%)", .right) { setup in
                    variant.attempt(of: setup)?.metrics[name].map(Self.text)
                }
            }
            let problems = TableColumn<ReportData.Setup>("Problems", .right) { setup in
                variant.attempt(of: setup)?.metrics["pass@1"]?.count.map(NumberFormat.grouped)
            }
            let table = data.tablePerHost(TableColumn.naming + [problems] + figures) {
                variant.attempt(of: $0) != nil
            }
            return table.map { "**\(Markdown.escape(variant.heading))**\n\n\($0)" }
        }
        guard !parts.isEmpty else { return nil }
        return (parts + [Self.explanation]).joined(separator: "\n\n")
    }

    private static let explanation = """
        pass@k is the chance that one of k samples passes all tests of its problem, unbiased; 95 % \
        intervals are in parentheses.
        """

    /// `12.2 (7.9–18.1)`.
    private static func text(_ metric: Metric) -> String {
        var text = NumberFormat.percent(metric.value)
        if let low = metric.confidenceLow, let high = metric.confidenceHigh {
            text += " (\(NumberFormat.percent(low))–\(NumberFormat.percent(high)))"
        }
        return text
    }
}
