import Basics
import Store

/// COMPARISON.md: a pure function of the database.
///
/// No clock, no locale, no machine.
package struct Report {
    private let data: ReportData

    /// - Parameter chartFolder: where the charts lie, seen from the report.
    package init(_ snapshot: StoreSnapshot, chartFolder: String = ReportChart.folder) {
        data = ReportData(snapshot, chartFolder: chartFolder)
    }

    package init(_ store: ReadOnlyStore, chartFolder: String = ReportChart.folder)
        throws(StoreError)
    {
        let kinds = ReportSections.all.flatMap(\.recordKinds)
        self.init(try store.snapshot(recordKinds: Set(kinds)), chartFolder: chartFolder)
    }

    /// The pictures that the document refers to.
    package var charts: [ReportChart] { ReportSections.all.flatMap { $0.charts(data) } }

    /// The whole document, ending in one newline.
    package func markdown() -> String {
        var parts = ["# Comparison", introduction]
        for section in ReportSections.all {
            guard let body = section.body(data), !body.isEmpty else { continue }
            parts.append("## \(section.title)")
            parts.append(body)
        }
        if let footer { parts += ["---", footer] }
        return parts.joined(separator: "\n\n") + "\n"
    }

    /// The same document as one page without other files.
    package func html() -> String {
        let pictures = charts.map { ("\(data.chartFolder)/\($0.name).svg", $0.svg) }
        return HTMLPage(
            markdown: markdown(), pictures: Dictionary(pictures, uniquingKeysWith: { $1 })
        ).html()
    }

    /// SHA-256 over the digests that were written when each job finished, in their own order:
    /// the same for the same results, however the file is laid out.
    package var contentDigest: String {
        SHA256.hex(data.snapshot.digests.map { $0 + "\n" }.joined())
    }

    private var introduction: String {
        guard data.hasResults else {
            return """
                Nothing has been measured yet. `./billion run experiments/quickstart.yaml` \
                measures a small model.
                """
        }
        return """
            Language models measured by `billion run` on the machines named below. `billion report` \
            wrote this file from the database alone, so every figure is a row in it: see \
            `billion query "SELECT * FROM results"`. A dash (\(Markdown.missing)) stands for what \
            was not measured.
            """
    }

    private var footer: String? {
        guard data.hasResults else { return nil }
        let runs = data.runs.map { String($0.id) }.joined(separator: ", ")
        let count = data.snapshot.digests.count
        return """
            Runs: \(runs). Finished jobs in the database: \(count).
            Content digest: `sha256:\(contentDigest)`.
            """
    }
}

extension Report {
    /// Where a written report differs from what the database gives.
    package struct Difference: Hashable, Sendable, CustomStringConvertible {
        /// From 1.
        package var line: Int
        /// nil where the text has ended.
        package var written: String?
        package var expected: String?

        package var description: String {
            let written = written.map { "'\($0)'" } ?? "nothing more"
            let expected = expected.map { "'\($0)'" } ?? "nothing more"
            return "line \(line): the file has \(written), the database gives \(expected)."
        }
    }

    /// The first line that differs, nil when the bytes are the same.
    package static func difference(written: [UInt8], expected: String) -> Difference? {
        let wanted = Array(expected.utf8)
        guard written != wanted else { return nil }
        let newline = UInt8(ascii: "\n")
        let left = written.split(separator: newline, omittingEmptySubsequences: false)
        let right = wanted.split(separator: newline, omittingEmptySubsequences: false)
        var line = 0
        while line < min(left.count, right.count), left[line] == right[line] { line += 1 }
        func text(_ lines: [ArraySlice<UInt8>]) -> String? {
            lines.indices.contains(line) ? String(decoding: lines[line], as: UTF8.self) : nil
        }
        return Difference(line: line + 1, written: text(left), expected: text(right))
    }
}
