import Basics
import Store

/// A report with its charts as files, to be written or compared.
package struct ReportFiles: Sendable {
    package enum Format: String, Sendable, CaseIterable {
        case markdown
        case html
    }

    /// The document's path.
    package let path: String
    /// The document.
    package let text: String
    /// Where the charts go; nil for a page that has them in it.
    let chartFolder: String?
    /// Paths and contents of the charts.
    let charts: [(path: String, text: String)]

    /// - Parameters:
    ///   - path: of the document; its charts go into a folder beside it.
    ///   - isProjectReport: whether its charts are those of the project.
    package init(
        _ store: ReadOnlyStore, path: String, format: Format, isProjectReport: Bool
    ) throws(StoreError) {
        self.path = path
        let name = Self.folderName(of: path, isProjectReport: isProjectReport)
        let report = try Report(store, chartFolder: name)
        switch format {
        case .html:
            text = report.html()
            chartFolder = nil
            charts = []
        case .markdown:
            text = report.markdown()
            let folder = FileSystem.join(FileSystem.folder(of: path), name)
            chartFolder = folder
            charts = report.charts.map { ("\(folder)/\($0.name).svg", $0.svg) }
        }
    }

    /// `experiments/charts` for the project's report, `REPORT-charts` for `REPORT.md`.
    private static func folderName(of path: String, isProjectReport: Bool) -> String {
        if isProjectReport { return ReportChart.folder }
        let name = FileSystem.name(of: path)
        let stem = name.hasSuffix(".md") ? String(name.dropLast(3)) : name
        // Other characters would have to be escaped in a Markdown target.
        return "\(ReportChart.fileName(stem))-charts"
    }

    // MARK: Writing

    /// Writes what is not so already, and removes charts that the report has no more.
    ///
    /// - Returns: the paths that were written or removed.
    @discardableResult
    package func write() throws(BasicsError) -> [String] {
        var changed: [String] = []
        for file in charts + [(path, text)] {
            if try isWritten(file.path, file.text) { continue }
            try FileSystem.makeFolder(FileSystem.folder(of: file.path))
            try FileSystem.write(Array(file.text.utf8), atomicallyTo: file.path)
            changed.append(file.path)
        }
        for stale in try staleCharts() {
            try FileSystem.remove(stale)
            changed.append(stale)
        }
        return changed
    }

    private func isWritten(_ path: String, _ text: String) throws(BasicsError) -> Bool {
        guard FileSystem.exists(path) else { return false }
        return try FileSystem.read(path) == Array(text.utf8)
    }

    /// Files in the folder of the charts that we wrote once, and would not write today.
    private func staleCharts() throws(BasicsError) -> [String] {
        guard let chartFolder, FileSystem.exists(chartFolder) else { return [] }
        let known = Set(charts.map(\.path))
        var stale: [String] = []
        for name in try FileSystem.names(in: chartFolder).sorted() where name.hasSuffix(".svg") {
            let path = "\(chartFolder)/\(name)"
            guard !known.contains(path) else { continue }
            let start = try FileSystem.read(path).prefix(4096)
            if String(decoding: start, as: UTF8.self).contains(SVGCanvas.signature) {
                stale.append(path)
            }
        }
        return stale
    }

    // MARK: Checking

    /// What is not as the database says, in a sentence; nil where everything is.
    package func complaint() throws(BasicsError) -> String? {
        for file in [(path: path, text: text)] + charts {
            guard FileSystem.exists(file.path) else {
                return "\(file.path): there is no such file."
            }
            let written = try FileSystem.read(file.path)
            if let difference = Report.difference(written: written, expected: file.text) {
                return "\(file.path): \(difference)"
            }
        }
        if let stale = try staleCharts().first {
            return "\(stale): the report has no such chart any more."
        }
        return nil
    }
}
