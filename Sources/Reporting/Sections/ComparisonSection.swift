import Basics
import Experiments
import Store

/// Which differences in accuracy are there and which are noise: paired, question by question, and
/// problem by problem.
///
/// Compared are a model's quantizations with its largest one, and the models with each other, each
/// in its largest.
struct ComparisonSection: ReportSection {
    let title = "Differences in accuracy"

    private struct Row {
        let a: ReportData.Setup
        let b: ReportData.Setup
        let paired: PairedOutcomes
        /// Of McNemar's exact test, by itself and corrected for the table's number of tests.
        var p: Double
        var corrected = 1.0
    }

    func body(_ data: ReportData) -> String? {
        var parts: [String] = []
        for results in data.hosts {
            for variant in data.accuracyVariants + data.variants(of: "pass@1") {
                let rows = corrected(rows(variant, results, data))
                guard !rows.isEmpty else { continue }
                var heading = "### \(Markdown.escape(variant.heading))"
                if data.hosts.count > 1 { heading += ", \(Markdown.escape(results.title))" }
                parts += [heading, table(rows)]
            }
        }
        guard !parts.isEmpty else { return nil }
        let explanation = """
            Each line holds two setups against each other on the questions that both were asked. \
            B − A is the difference of the shares answered right, in points of a percent, with \
            Tango's 95 % interval; p is McNemar's exact test, corrected for the number of lines \
            (Holm). Where it finds nothing, the last column says how many questions of this kind a \
            difference of the observed size would take, for four chances in five to find it.
            """
        return ([explanation] + parts).joined(separator: "\n\n")
    }

    // MARK: - Pairs

    private func rows(
        _ variant: AccuracyVariant, _ results: ReportData.HostResults, _ data: ReportData
    ) -> [Row] {
        let measured = results.setups.filter { variant.attempt(of: $0) != nil }
        var pairs: [(ReportData.Setup, ReportData.Setup)] = []
        for hardware in measured.map(\.hardware).unique() {
            let setups = measured.filter { $0.hardware == hardware }
            let parents = setups.map(\.model).unique().compactMap { model in
                largest(setups.filter { $0.model == model })
            }
            for parent in parents {
                for child in setups
                where child.model == parent.model && child.quantization != parent.quantization {
                    pairs.append((parent, child))
                }
            }
            for (place, one) in parents.enumerated() {
                pairs += parents.dropFirst(place + 1).map { (one, $0) }
            }
        }
        return pairs.compactMap { a, b in
            guard let one = variant.attempt(of: a), let other = variant.attempt(of: b),
                let paired = data.snapshot.pairedOutcomes(one, other)
            else { return nil }
            return Row(a: a, b: b, paired: paired, p: paired.exactP)
        }
    }

    /// The one whose weights take most room, by the measurement where there is one.
    private func largest(_ setups: [ReportData.Setup]) -> ReportData.Setup? {
        func size(_ setup: ReportData.Setup) -> Double {
            if let bytes = setup.metric("weights_bytes")?.value { return bytes }
            // Names begin with the bits of a weight: q4_0, f16.
            let digits = setup.quantization.drop { !$0.isNumber }.prefix { $0.isNumber }
            return Double(digits) ?? 0
        }
        return setups.max { size($0) < size($1) }
    }

    private func corrected(_ rows: [Row]) -> [Row] {
        zip(rows, HolmCorrection.adjusted(rows.map(\.p))).map { row, p in
            var row = row
            row.corrected = p
            return row
        }
    }

    // MARK: - Table

    private func table(_ rows: [Row]) -> String {
        let hasSeveralHardware = Set(rows.map(\.a.hardware)).count > 1
        let columns: [TableColumn<Row>] = [
            TableColumn("A") { "\($0.a.model) \($0.a.quantization)" },
            TableColumn("B") { "\($0.b.model) \($0.b.quantization)" },
            TableColumn("Hardware") { hasSeveralHardware ? $0.a.hardware : nil },
            TableColumn("Questions", .right) { NumberFormat.grouped($0.paired.count) },
            TableColumn("A %", .right) {
                Findings.share($0.paired.rightA, of: $0.paired.count)
            },
            TableColumn("B %", .right) {
                Findings.share($0.paired.rightB, of: $0.paired.count)
            },
            TableColumn("Only A / only B", .right) {
                "\(NumberFormat.grouped($0.paired.onlyA)) / "
                    + NumberFormat.grouped($0.paired.onlyB)
            },
            TableColumn("B − A (95 %)", .right) { Findings.difference($0.paired) },
            TableColumn("p", .right) { Findings.probability($0.corrected) },
            TableColumn("Finding") { Findings.questions($0.paired, p: $0.corrected) },
        ]
        return MarkdownTable(columns: columns, rows: rows).withoutEmptyColumns().markdown()
    }
}
