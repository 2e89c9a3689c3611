import Basics
import Experiments
import Store

/// What quantization does to a model: each against its parent, on a text and on questions.
struct DamageSection: ReportSection {
    let title = "Quantization damage"

    private struct Row {
        let setup: ReportData.Setup
        let attempt: StoredAttempt

        func metric(_ name: String) -> Metric? { attempt.metrics[name] }

        func fact(_ name: String) -> String? {
            guard case .string(let text)? = attempt.facts[name] else { return nil }
            return text
        }
    }

    func body(_ data: ReportData) -> String? {
        var parts: [String] = []
        for results in data.hosts {
            let rows = results.setups.flatMap { setup in
                setup.attempts.filter { $0.taskKind == "fidelity" }.reversed()
                    .map { Row(setup: setup, attempt: $0) }
            }
            guard !rows.isEmpty else { continue }
            if data.hosts.count > 1 {
                parts.append("### \(Markdown.escape(results.title))")
            }
            let tables = [text(rows), questions(rows)].filter { !$0.isEmpty }
            parts += tables
        }
        guard !parts.isEmpty else { return nil }
        let explanation = """
            Each line is a quantization held against its parent, at the same places of the same \
            text. KL: mean Kullback-Leibler divergence of the next-token distributions, in \
            thousandths of a nat, as llama-perplexity defines it. Same top: how often both find \
            the same token the likeliest. On questions the places are those of the answers, and \
            flips are answers that went from right to wrong (−) or from wrong to right (+). In \
            parentheses stand 95 % intervals.
            """
        return ([explanation] + parts).joined(separator: "\n\n")
    }

    private var naming: [TableColumn<Row>] {
        [
            TableColumn("Model") { $0.setup.model },
            TableColumn("Quantization") { $0.setup.quantization },
            TableColumn("Hardware") { $0.setup.hardware },
            TableColumn("Parent") { $0.fact("reference") },
        ]
    }

    private func text(_ rows: [Row]) -> String {
        let columns: [TableColumn<Row>] =
            naming + [
                TableColumn("Text") { $0.fact("text") },
                TableColumn("Tokens", .right) {
                    $0.metric("kl_divergence")?.count.map(NumberFormat.grouped)
                },
                divergence(""), agreement(""),
                TableColumn(
                    "Perplexity", .right, value: { $0.metric("perplexity") },
                    format: { NumberFormat.fixed($0.value, 3) }),
                TableColumn(
                    "of the parent", .right, value: { $0.metric("perplexity_reference") },
                    format: { NumberFormat.fixed($0.value, 3) }),
                TableColumn(
                    "Ratio", .right, value: { $0.metric("perplexity_ratio") },
                    format: { Self.withInterval($0, decimals: 3, scale: 1) }),
            ]
        let shown = rows.filter { $0.metric("kl_divergence") != nil }
        return MarkdownTable(columns: columns, rows: shown).markdown()
    }

    private func questions(_ rows: [Row]) -> String {
        let columns: [TableColumn<Row>] =
            naming + [
                TableColumn("Dataset") { $0.attempt.dataset },
                TableColumn("Questions", .right) {
                    $0.metric("answers_changed")?.count.map(NumberFormat.grouped)
                },
                divergence("/questions"), agreement("/questions"),
                share("Answers changed %", "answers_changed"),
                share("Flips − %", "right_to_wrong"),
                share("Flips + %", "wrong_to_right"),
            ]
        let shown = rows.filter { $0.metric("answers_changed") != nil }
        return MarkdownTable(columns: columns, rows: shown).markdown()
    }

    private func divergence(_ suffix: String) -> TableColumn<Row> {
        TableColumn(
            "KL (10⁻³)", .right, value: { $0.metric("kl_divergence" + suffix) },
            format: { Self.withInterval($0, decimals: 2, scale: 1000) })
    }

    private func agreement(_ suffix: String) -> TableColumn<Row> {
        share("Same top %", "top1_agreement" + suffix)
    }

    private func share(_ heading: String, _ name: String) -> TableColumn<Row> {
        TableColumn(
            heading, .right, value: { $0.metric(name) },
            format: { Self.withInterval($0, decimals: 1, scale: 100) })
    }

    private static func withInterval(_ metric: Metric, decimals: Int, scale: Double) -> String {
        let value = NumberFormat.fixed(metric.value * scale, decimals)
        guard let low = metric.confidenceLow, let high = metric.confidenceHigh else { return value }
        return "\(value) (\(NumberFormat.fixed(low * scale, decimals))–"
            + "\(NumberFormat.fixed(high * scale, decimals)))"
    }
}
