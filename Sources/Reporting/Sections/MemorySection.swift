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
        return data.tablePerHost(TableColumn.naming + figures) { setup in
            Self.metrics.contains { setup.metric($0) != nil }
        }
    }
}
