import Store

/// Jobs that failed, could not run, or were stopped, each with its reason.
struct UnfinishedSection: ReportSection {
    let title = "Jobs without a result"

    func body(_ data: ReportData) -> String? {
        guard !data.unfinished.isEmpty else { return nil }
        let labels = Dictionary(
            data.snapshot.hosts.map { ($0.id, $0.label) }, uniquingKeysWith: { first, _ in first })
        let hasSeveralHosts = Set(data.snapshot.attempts.map(\.hostID)).count > 1
        let columns: [TableColumn<StoredAttempt>] = [
            TableColumn("Model") { $0.model },
            TableColumn("Quantization") { $0.quantization },
            TableColumn("Task") { $0.task },
            TableColumn("Hardware") { $0.hardware },
            TableColumn("Host") { hasSeveralHosts ? labels[$0.hostID] : nil },
            TableColumn("Outcome") { $0.cause ?? $0.status },
            TableColumn("Reason") { $0.reason },
        ]
        return MarkdownTable(columns: columns, rows: data.unfinished).withoutEmptyColumns()
            .markdown()
    }
}
