import Basics
import Experiments
import Store

/// The main figures, one line per setup, one table per host, and what they look like together.
struct SummarySection: ReportSection {
    let title = "Summary"

    func body(_ data: ReportData) -> String? {
        var figures = [
            TableColumn<ReportData.Setup>(
                "Size", .right, value: { $0.metric("weights_bytes") }, format: Figures.bytes)
        ]
        for variant in data.accuracyVariants + data.variants(of: "pass@1") {
            figures.append(
                TableColumn(variant.heading, .right) { setup in
                    variant.attempt(of: setup).flatMap { Figures.share(variant.metric, of: $0) }
                })
        }
        for name in data.metricNames(prefix: "pp") + data.metricNames(prefix: "tg") {
            figures.append(
                TableColumn("\(name) (tokens/s)", .right, value: { $0.metric(name) }) {
                    Figures.withSpread($0)
                })
        }
        figures.append(
            TableColumn(
                "Peak memory", .right, value: { $0.metric("peak_resident_bytes") },
                format: Figures.bytes))
        // What was only fine-tuned or decoded with a draft has its figures in those sections.
        let table = data.tablePerHost(
            TableColumn.naming + figures,
            where: { setup in figures.contains { $0.text(setup) != nil } }, notes: provenance)
        return table.map { ([$0] + charts(data).map(data.reference)).joined(separator: "\n\n") }
    }

    /// Which lines were made from weights of another kind.
    private func provenance(_ results: ReportData.HostResults) -> String? {
        struct Origin: Hashable {
            let model: String
            let text: String
        }
        var order: [Origin] = []
        var quantizations: [Origin: [String]] = [:]
        for setup in results.setups {
            for case .string(let text)? in setup.attempts.map({ $0.facts["provenance"] })
            where text != "as stored" && text != "as-stored" {
                let origin = Origin(model: setup.model, text: text)
                if quantizations[origin] == nil { order.append(origin) }
                quantizations[origin, default: []].append(setup.quantization)
            }
        }
        let lines = order.map { origin in
            let names = (quantizations[origin] ?? []).unique().map(Markdown.escape)
            return "- \(Markdown.escape(origin.model)) in \(Figures.list(names)): "
                + "\(Markdown.escape(origin.text))."
        }
        return lines.isEmpty ? nil : lines.joined(separator: "\n")
    }
}
