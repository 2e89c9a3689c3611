/// Time to the first token and between tokens.
struct LatencySection: ReportSection {
    let title = "Latency"

    private static let metrics = ["ttft", "itl_mean", "itl_p50", "itl_p95"]

    func body(_ data: ReportData) -> String? {
        let headings = [
            "First token (ms)", "Between tokens, mean (ms)", "median (ms)", "95th percentile (ms)",
        ]
        let figures = zip(Self.metrics, headings).map { name, heading in
            TableColumn<ReportData.Setup>(
                heading, .right, value: { $0.metric(name) }, format: Figures.milliseconds)
        }
        return data.tablePerHost(TableColumn.naming + figures) { setup in
            Self.metrics.contains { setup.metric($0) != nil }
        }
    }
}
