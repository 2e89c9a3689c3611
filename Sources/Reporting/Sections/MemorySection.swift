import Basics

/// Weights, cache, peak and load time.
struct MemorySection: ReportSection {
    let title = "Memory"

    private static let metrics = [
        "weights_bytes", "kv_bytes_per_token", "peak_resident_bytes", "load_seconds",
    ]

    func body(_ data: ReportData) -> String? {
        let figures: [TableColumn<ReportData.Setup>] = [
            TableColumn(
                "Weights", .right, value: { $0.metric("weights_bytes") }, format: Figures.bytes),
            TableColumn(
                "KV cache per token", .right, value: { $0.metric("kv_bytes_per_token") },
                format: Figures.bytes),
            TableColumn(
                "Peak resident", .right, value: { $0.metric("peak_resident_bytes") },
                format: Figures.bytes),
            TableColumn(
                "Load time", .right, value: { $0.metric("load_seconds") },
                format: { NumberFormat.duration(seconds: $0.value) }),
        ]
        let table = data.tablePerHost(TableColumn.naming + figures) { setup in
            Self.metrics.contains { setup.metric($0) != nil }
        }
        return table.map { ([$0] + charts(data).map(data.reference)).joined(separator: "\n\n") }
    }

    /// One per host on which several setups were weighed.
    func charts(_ data: ReportData) -> [ReportChart] {
        data.hosts.enumerated().compactMap { number, results in
            let names = results.setups.shortNames()
            let rows = zip(results.setups, names).compactMap { setup, name in
                setup.metric("peak_resident_bytes").map { peak in
                    BarChart.Row(
                        name,
                        [
                            BarChart.Bar(peak.value),
                            setup.metric("weights_bytes").map { BarChart.Bar($0.value) },
                        ])
                }
            }
            guard (2...BarChart.mostRows).contains(rows.count) else { return nil }
            return ReportChart(
                "memory-\(number + 1)",
                BarChart(
                    title: data.titled("Peak memory and size of the weights", results),
                    summary: "The largest resident set of each job's process, and its weights.",
                    axis: ChartAxis("bytes", .fromZero, .bytes),
                    series: ["peak resident", "weights"], rows: rows))
        }
    }
}
