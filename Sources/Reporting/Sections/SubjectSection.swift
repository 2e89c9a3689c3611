import Basics
import Experiments
import Store

/// Accuracy by subject: subjects down, quantizations across, one table per model.
struct SubjectSection: ReportSection {
    let title = "Accuracy by subject"

    func body(_ data: ReportData) -> String? {
        let parts = tables(data).flatMap { part -> [String] in
            var heading = "### \(Markdown.escape(part.variant.heading)), \(named(part.group))"
            if data.hosts.count > 1 {
                heading += ", \(Markdown.escape(part.results.title))"
            }
            return [heading, part.table] + [part.chart.map(data.reference)].compactMap { $0 }
        }
        guard !parts.isEmpty else { return nil }
        return (["Correct answers in percent."] + parts).joined(separator: "\n\n")
    }

    func charts(_ data: ReportData) -> [ReportChart] { tables(data).compactMap(\.chart) }

    private struct Part {
        let results: ReportData.HostResults
        let variant: AccuracyVariant
        let group: [String]
        let table: String
        let chart: ReportChart?
    }

    private func tables(_ data: ReportData) -> [Part] {
        var parts: [Part] = []
        for results in data.hosts {
            for variant in data.accuracyVariants {
                let measured = results.setups.filter { variant.attempt(of: $0) != nil }
                for group in measured.map({ [$0.model, $0.hardware] }).unique() {
                    let setups = measured.filter { [$0.model, $0.hardware] == group }
                    guard let table = table(variant, setups) else { continue }
                    parts.append(
                        Part(
                            results: results, variant: variant, group: group, table: table,
                            chart: chart(parts.count + 1, variant, setups)))
                }
            }
        }
        return parts
    }

    /// More quantizations than this make bars too thin to tell apart.
    private static let mostSeries = 4

    /// Subjects down, a bar for each quantization.
    private func chart(_ number: Int, _ variant: AccuracyVariant, _ setups: [ReportData.Setup])
        -> ReportChart?
    {
        let shown = setups.prefix(Self.mostSeries)
        let attempts = shown.compactMap { variant.attempt(of: $0) }
        let names = Set(attempts.flatMap(\.metrics.keys))
            .filter { $0.hasPrefix("acc/") && !$0.hasPrefix(Self.groupPrefix) }.sorted()
        guard (2...BarChart.mostRows).contains(names.count) else { return nil }
        let rows = names.map { name in
            BarChart.Row(
                String(name.dropFirst(4)),
                attempts.map { attempt in
                    attempt.metrics[name].map {
                        BarChart.Bar($0.value, low: $0.confidenceLow, high: $0.confidenceHigh)
                    }
                })
        }
        let model = setups.first?.model ?? ""
        return ReportChart(
            "subjects-\(number)",
            BarChart(
                title: "\(model): \(variant.heading) by subject",
                summary: "Share of right answers with 95 % intervals, one bar per quantization.",
                axis: ChartAxis("right answers", .fromZero, .percent),
                series: shown.count == 1 ? [""] : shown.map(\.quantization), rows: rows,
                reference: .init(0.25, "guessing")))
    }

    private static let groupPrefix = "acc/group:"

    private func named(_ group: [String]) -> String {
        group.map(Markdown.escape).joined(separator: ", ")
    }

    private struct Line {
        let label: String
        let metric: String
    }

    private func table(_ variant: AccuracyVariant, _ setups: [ReportData.Setup]) -> String? {
        let attempts = setups.compactMap { variant.attempt(of: $0) }
        let names = Set(attempts.flatMap(\.metrics.keys)).filter { $0.hasPrefix("acc/") }.sorted()
        guard !names.isEmpty else { return nil }
        var lines = names.filter { !$0.hasPrefix(Self.groupPrefix) }
            .map { Line(label: String($0.dropFirst(4)), metric: $0) }
        lines += names.filter { $0.hasPrefix(Self.groupPrefix) }
            .map { name in
                let words = name.dropFirst(Self.groupPrefix.count).split(separator: "_")
                return Line(label: "all of \(words.joined(separator: " "))", metric: name)
            }
        lines.append(Line(label: "all questions", metric: "acc"))
        lines.append(Line(label: "mean of the subjects", metric: "acc_macro"))
        var columns: [TableColumn<Line>] = [
            TableColumn("Subject") { $0.label },
            TableColumn("Questions", .right) { line in
                let counts = attempts.compactMap { $0.metrics[line.metric]?.count }.unique()
                // The mean of the subjects counts subjects, not questions.
                guard line.metric != "acc_macro", !counts.isEmpty else { return nil }
                return counts.map(NumberFormat.grouped).joined(separator: " / ")
            },
        ]
        for (setup, attempt) in zip(setups, attempts) {
            columns.append(
                TableColumn(
                    setup.quantization, .right, value: { attempt.metrics[$0.metric] },
                    format: { NumberFormat.percent($0.value) }))
        }
        let shown = lines.filter { line in attempts.contains { $0.metrics[line.metric] != nil } }
        return MarkdownTable(columns: columns, rows: shown).withoutEmptyColumns().markdown()
    }
}
