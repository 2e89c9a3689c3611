/// One part of the report.
package protocol ReportSection: Sendable {
    /// The heading, already Markdown.
    var title: String { get }
    /// Kinds of records that it reads. Only small ones: a report is made in seconds.
    var recordKinds: [String] { get }
    /// Markdown under the heading, without a final newline; nil where there is nothing to tell.
    func body(_ data: ReportData) -> String?
    /// The pictures that the body refers to with `ReportData.reference`, each once.
    func charts(_ data: ReportData) -> [ReportChart]
}

extension ReportSection {
    package var recordKinds: [String] { [] }
    package func charts(_ data: ReportData) -> [ReportChart] { [] }
}

/// The parts of the report in their order.
///
/// A new one is a file in `Sections` and a line here.
package enum ReportSections {
    package static let all: [any ReportSection] = [
        VerdictSection(),
        SummarySection(),
        ComparisonSection(),
        SubjectSection(),
        CodeSection(),
        LatencySection(),
        MemorySection(),
        DamageSection(),
        SpeculativeSection(),
        FineTuningSection(),
        NoiseSection(),
        PublishedSection(),
        UnfinishedSection(),
        EnvironmentSection(),
        MethodSection(),
        ReproductionSection(),
    ]
}

extension ReportData {
    /// The paragraph that shows a chart.
    package func reference(to chart: ReportChart) -> String { chart.markdown(folder: chartFolder) }

    /// One table per host, each under the host's label; without columns that say nothing.
    func tablePerHost(
        _ columns: [TableColumn<Setup>], where isShown: (Setup) -> Bool = { _ in true },
        notes: (HostResults) -> String? = { _ in nil }
    ) -> String? {
        let parts = hosts.compactMap { results -> String? in
            let setups = results.setups.filter(isShown)
            guard !setups.isEmpty else { return nil }
            let table = MarkdownTable(columns: columns, rows: setups).withoutEmptyColumns()
            let heading = "### \(Markdown.escape(results.title))"
            return ([heading, table.markdown()] + [notes(results)].compactMap { $0 })
                .joined(separator: "\n\n")
        }
        return parts.isEmpty ? nil : parts.joined(separator: "\n\n")
    }
}

extension TableColumn where Row == ReportData.Setup {
    /// The columns that name a line.
    static var naming: [TableColumn] {
        [
            TableColumn("Model") { $0.model },
            TableColumn("Quantization") { $0.quantization },
            TableColumn("Hardware") { $0.hardware },
        ]
    }
}
