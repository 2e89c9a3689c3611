import Basics
import Reporting
import Store
import TestSupport
import Testing

/// The project's own lab notebook: the committed report is the committed database's.
@Suite struct NotebookTests {
    @Test func reportMatchesTheDatabase() throws {
        let root = SharedData.packageRoot
        let store = try ReadOnlyStore(path: root + "/runs.sqlite")
        let report = try ReportFiles(
            store, path: root + "/COMPARISON.md", format: .markdown, isProjectReport: true)
        let complaint = try report.complaint()
        #expect(complaint == nil, "write it again with ./billion report")
    }

    @Test func databaseHoldsNoPathsOrNames() throws {
        let path = SharedData.packageRoot + "/runs.sqlite"
        let findings = try ReadOnlyStore(path: path).privacyFindings(forbidden: ["/root", "/home/"])
        #expect(findings.isEmpty, "\(findings)")
        #expect(try FileSystem.size(of: path) <= 20 << 20)
    }
}
