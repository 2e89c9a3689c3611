import Basics
import Experiments
import Store

/// Accuracy by subject: subjects down, quantizations across, one table per model.
struct SubjectSection: ReportSection {
    let title = "Accuracy by subject"

    func body(_ data: ReportData) -> String? {
        var parts: [String] = []
        for results in data.hosts {
            for variant in data.accuracyVariants {
                let measured = results.setups.filter { variant.attempt(of: $0) != nil }
                let groups = measured.map { [$0.model, $0.hardware] }.unique()
                for group in groups {
                    let setups = measured.filter { [$0.model, $0.hardware] == group }
                    guard let table = table(variant, setups) else { continue }
                    var heading = "### \(Markdown.escape(variant.heading)), \(named(group))"
                    if data.hosts.count > 1 {
                        heading += ", \(Markdown.escape(results.host.label))"
                    }
                    parts += [heading, table]
                }
            }
        }
        guard !parts.isEmpty else { return nil }
        return (["Correct answers in percent."] + parts).joined(separator: "\n\n")
    }

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
        let groupPrefix = "acc/group:"
        var lines = names.filter { !$0.hasPrefix(groupPrefix) }
            .map { Line(label: String($0.dropFirst(4)), metric: $0) }
        lines += names.filter { $0.hasPrefix(groupPrefix) }
            .map { name in
                let words = name.dropFirst(groupPrefix.count).split(separator: "_")
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
