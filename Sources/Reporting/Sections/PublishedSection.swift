import Basics
import Experiments
import Store

/// What others have published of the models here, beside what was measured.
struct PublishedSection: ReportSection {
    let title = "Published scores"

    private struct Line {
        let score: PublishedScore
        let quantization: String?
        let measured: Metric?
    }

    /// Only of models that were really run: a shape of random weights has no scores.
    func body(_ data: ReportData) -> String? {
        let setups = data.hosts.flatMap(\.setups).filter { !$0.isSynthetic }
        let lines = PublishedScores.all.flatMap { score -> [Line] in
            let own = setups.filter { setup in
                setup.attempts.contains { $0.model == score.model }
            }
            guard !own.isEmpty else { return [] }
            let measured = own.compactMap { setup -> Line? in
                let attempt = setup.attempts.first {
                    $0.dataset == score.dataset && $0.metrics[score.metric] != nil
                }
                return attempt.map {
                    Line(
                        score: score, quantization: setup.quantization,
                        measured: $0.metrics[score.metric])
                }
            }
            return measured.isEmpty
                ? [Line(score: score, quantization: nil, measured: nil)] : measured
        }
        guard !lines.isEmpty else { return nil }
        let columns: [TableColumn<Line>] = [
            TableColumn("Model") { $0.score.model },
            TableColumn("Benchmark") { $0.score.dataset == "mmlu" ? "MMLU" : "HumanEval" },
            TableColumn("Published", .right) { "\(NumberFormat.percent($0.score.score)) %" },
            TableColumn("Quantization") { $0.quantization },
            TableColumn(
                "Measured here", .right, value: { $0.measured },
                format: { "\(NumberFormat.percent($0.value)) %" }),
            TableColumn("How it was published") { $0.score.method },
            TableColumn("Source") { $0.score.source },
        ]
        let sources = lines.map { "[\($0.score.source)](\($0.score.address))" }.unique()
        return """
            \(MarkdownTable(columns: columns, rows: lines).markdown())

            Other prompts and harnesses give other scores, by some points. \
            Sources: \(Figures.list(sources)).
            """
    }
}
