import Basics

/// Jobs whose timings were disturbed, with what disturbed them.
struct NoiseSection: ReportSection {
    let title = "Disturbed timings"

    private struct Row {
        let host: String
        let setup: ReportData.Setup
        let task: String
        let reason: String
    }

    func body(_ data: ReportData) -> String? {
        let rows = data.hosts.flatMap { results in
            results.setups.flatMap { setup in
                setup.attempts.compactMap { attempt -> Row? in
                    guard case .string(let reason)? = attempt.facts["noisy"] else { return nil }
                    return Row(
                        host: results.host.label, setup: setup, task: attempt.task, reason: reason)
                }
            }
        }
        guard !rows.isEmpty else { return nil }
        let columns: [TableColumn<Row>] = [
            TableColumn("Model") { $0.setup.model },
            TableColumn("Quantization") { $0.setup.quantization },
            TableColumn("Task") { $0.task },
            TableColumn("Hardware") { $0.setup.hardware },
            TableColumn("Host") { data.hosts.count > 1 ? $0.host : nil },
            TableColumn("Disturbance") { $0.reason },
        ]
        return MarkdownTable(columns: columns, rows: rows).withoutEmptyColumns().markdown()
            + "\n\nThe repetitions of these jobs were done again as often as is allowed, and what "
            + "disturbed them went on. Measure them again in a quieter hour before you build on them."
    }
}
