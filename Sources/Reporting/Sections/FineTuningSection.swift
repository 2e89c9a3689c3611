import Basics
import Experiments
import Store

/// What LoRA fine-tuning did: held-out figures before and after, the loss while it went on, and
/// some answers side by side.
struct FineTuningSection: ReportSection {
    let title = "Fine-tuning"
    let recordKinds = ["training_step", "lora_answer"]

    /// Lines of the table of losses, and answers shown of a job.
    private static let shownSteps = 12
    private static let shownAnswers = 3
    /// Characters of an answer in a table.
    private static let answerLength = 160

    func body(_ data: ReportData) -> String? {
        let parts = data.hosts.compactMap { results -> String? in
            let jobs = results.setups.flatMap { setup in
                newest(setup.attempts).map { job(setup, $0) }
            }
            guard !jobs.isEmpty else { return nil }
            return (["### \(Markdown.escape(results.title))"] + jobs)
                .joined(separator: "\n\n")
        }
        guard !parts.isEmpty else { return nil }
        return (parts + charts(data).map(data.reference)).joined(separator: "\n\n")
    }

    /// The newest attempt of each job that trained something.
    func newest(_ attempts: [StoredAttempt]) -> [StoredAttempt] {
        var seen: Set<Int64> = []
        return attempts.filter { attempt in
            recordKinds.contains { attempt.records[$0]?.isEmpty == false }
                && seen.insert(attempt.jobRow).inserted
        }
    }

    private func job(_ setup: ReportData.Setup, _ attempt: StoredAttempt) -> String {
        let name = [setup.model, setup.quantization, attempt.task, setup.hardware]
            .map(Markdown.escape).joined(separator: " · ")
        return
            (["**\(name)**"]
            + [figures(attempt), steps(attempt), answers(attempt)].compactMap { $0 })
            .joined(separator: "\n\n")
    }

    // MARK: - Before and after

    private struct Figure {
        let label: String
        let before: Metric
        let after: Metric
        let change: Metric?
        let isShare: Bool

        func text(_ value: Double) -> String {
            isShare ? "\(NumberFormat.percent(value)) %" : NumberFormat.fixed(value, 3)
        }

        /// With a sign, for a difference.
        var changeText: String? {
            guard let change else { return nil }
            let sign = change.value > 0 ? "+" : ""
            guard let low = change.confidenceLow, let high = change.confidenceHigh else {
                return sign + text(change.value)
            }
            return "\(sign)\(text(change.value)) (\(text(low)) to \(text(high)))"
        }
    }

    private func figures(_ attempt: StoredAttempt) -> String? {
        let rows: [(label: String, name: String, isShare: Bool)] = [
            ("Loss, all tokens", "loss", false),
            ("Loss, responses", "response_loss", false),
            ("Perplexity, all tokens", "ppl", false),
            ("Perplexity, responses", "response_ppl", false),
            ("Token accuracy, all tokens", "token_acc", true),
            ("Token accuracy, responses", "response_token_acc", true),
            ("Answers in the form", "format", true),
        ]
        let figures = rows.compactMap { row -> Figure? in
            guard let before = attempt.metrics["\(row.name)/base"],
                let after = attempt.metrics["\(row.name)/adapted"]
            else { return nil }
            return Figure(
                label: row.label, before: before, after: after,
                change: attempt.metrics["\(row.name)/change"], isShare: row.isShare)
        }
        guard !figures.isEmpty else { return nil }
        let columns: [TableColumn<Figure>] = [
            TableColumn("Held out") { $0.label },
            TableColumn("Base", .right) { $0.text($0.before.value) },
            TableColumn("With the adapter", .right) { $0.text($0.after.value) },
            TableColumn("Change (95 %)", .right) { $0.changeText },
        ]
        return MarkdownTable(columns: columns, rows: figures).withoutEmptyColumns().markdown()
    }

    // MARK: - Training

    /// Some of the updates, from the first to the last.
    private func steps(_ attempt: StoredAttempt) -> String? {
        guard let steps = attempt.records["training_step"], !steps.isEmpty else { return nil }
        let count = min(steps.count, Self.shownSteps)
        let shown = (0..<count).map { steps[count > 1 ? $0 * (steps.count - 1) / (count - 1) : 0] }
        func number(_ key: String) -> (JobRecord) -> Double? {
            { record in
                switch record.values[key] {
                case .integer(let value)?: Double(value)
                case .number(let value)?: value
                default: nil
                }
            }
        }
        let columns: [TableColumn<JobRecord>] = [
            TableColumn("Update", .right) { String($0.index + 1) },
            TableColumn(
                "Loss", .right, value: number("loss"), format: { NumberFormat.fixed($0, 4) }),
            TableColumn(
                "Learning rate", .right, value: number("lr"),
                format: { NumberFormat.fixed($0, 7) }),
            TableColumn(
                "Gradient norm", .right, value: number("grad_norm"),
                format: { NumberFormat.fixed($0, 3) }),
            TableColumn(
                "Tokens", .right, value: number("tokens"),
                format: { NumberFormat.grouped(Int($0)) }),
        ]
        let table = MarkdownTable(columns: columns, rows: shown).withoutEmptyColumns().markdown()
        guard shown.count < steps.count else { return table }
        return table + "\n\n\(shown.count) of \(steps.count) updates."
    }

    // MARK: - Answers

    private func answers(_ attempt: StoredAttempt) -> String? {
        let records = (attempt.records["lora_answer"] ?? []).filter {
            text("base_answer", $0) != nil && text("adapted_answer", $0) != nil
        }
        guard !records.isEmpty else { return nil }
        let columns: [TableColumn<JobRecord>] = [
            TableColumn("Asked") { text("question", $0) },
            TableColumn("Base") { text("base_answer", $0) },
            TableColumn("With the adapter") { text("adapted_answer", $0) },
        ]
        return MarkdownTable(columns: columns, rows: Array(records.prefix(Self.shownAnswers)))
            .markdown()
    }

    private func text(_ key: String, _ record: JobRecord) -> String? {
        guard case .string(let text)? = record.values[key] else { return nil }
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        return line.count > Self.answerLength ? line.prefix(Self.answerLength) + " ..." : line
    }
}
