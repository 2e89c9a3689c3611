import Basics
import Store
import TestSupport
import Testing

@testable import Reporting

/// The report and its charts on disk.
@Suite struct ReportFilesTests {
    private func files(
        _ folder: TemporaryFolder, _ name: String = "COMPARISON.md", isProject: Bool = true,
        format: ReportFiles.Format = .markdown, fill: (RunStore) throws -> Void
    ) throws -> ReportFiles {
        var files: ReportFiles?
        try withStore(fill) { store in
            files = try ReportFiles(
                store, path: folder[name], format: format, isProjectReport: isProject)
        }
        return try #require(files)
    }

    private func names(_ folder: TemporaryFolder, _ path: String) throws -> [String] {
        FileSystem.exists(folder[path]) ? try FileSystem.names(in: folder[path]).sorted() : []
    }

    @Test func onlyWhatHasChangedIsWritten() throws {
        let folder = try TemporaryFolder()
        let report = try files(folder) { try Quickstart.fill($0) }
        #expect(try report.complaint()?.hasSuffix("COMPARISON.md: there is no such file.") == true)
        #expect(try report.write().count == report.charts.count + 1)
        #expect(try report.complaint() == nil)
        #expect(try report.write().isEmpty)

        let chart = try #require(report.charts.first)
        try FileSystem.write(Array("<svg/>".utf8), atomicallyTo: chart.path)
        #expect(try report.complaint()?.contains("\(chart.path): line 1") == true)
        #expect(try report.write() == [chart.path])
        try FileSystem.remove(chart.path)
        #expect(try report.complaint() == "\(chart.path): there is no such file.")
        #expect(try report.write() == [chart.path])
    }

    @Test func chartsThatAreNoLongerShownAreRemovedAndNoOthers() throws {
        let folder = try TemporaryFolder()
        let full = try files(folder) { try Quickstart.fill($0) }
        try full.write()
        try folder.write("<svg>mine</svg>", to: "experiments/charts/mine.svg")
        try folder.write("notes", to: "experiments/charts/notes.txt")
        let empty = try files(folder) { _ in }
        #expect(try empty.write().count == full.charts.count + 1)
        #expect(try names(folder, "experiments/charts") == ["mine.svg", "notes.txt"])
        #expect(try empty.complaint() == nil)

        try FileSystem.write(
            Array(full.charts[0].text.utf8), atomicallyTo: full.charts[0].path)
        #expect(
            try empty.complaint()
                == "\(full.charts[0].path): the report has no such chart any more.")
    }

    @Test func anotherReportKeepsItsChartsBesideIt() throws {
        let folder = try TemporaryFolder()
        let report = try files(folder, "other (1).md", isProject: false) {
            try Quickstart.fill($0)
        }
        try report.write()
        #expect(try names(folder, "other-1-charts").count == report.charts.count)
        #expect(try folder.text(of: "other (1).md").contains("](other-1-charts/"))
        let page = try files(folder, "page.html", isProject: false, format: .html) {
            try Quickstart.fill($0)
        }
        #expect(try page.write() == [folder["page.html"]])
    }
}
