import Basics
import Reporting
import Tasks
import TestSupport
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The README's table of settings is made from the registries.
@Suite struct ManifestReferenceTests {
    /// `BILLION_RECORD_SNAPSHOTS=1` writes it anew, and fails, so that nobody records by accident.
    @Test func theTableOfSettingsIsThatOfTheRegistries() throws {
        let path = SharedData.packageRoot + "/README.md"
        let text = String(decoding: try FileSystem.read(path), as: UTF8.self)
        let table = SettingsTable.markdown(
            tasks: TaskRegistry.catalogEntries, backends: HardwareTarget.catalogEntries)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let start = try #require(
            lines.firstIndex { $0.hasPrefix("| for | setting |") }, "README.md has no such table")
        let end = lines[start...].firstIndex { !$0.hasPrefix("|") } ?? lines.endIndex
        let written = lines[start..<end].joined(separator: "\n")
        guard written != table else { return }
        if ProcessInfo.processInfo.environment["BILLION_RECORD_SNAPSHOTS"] == "1" {
            let whole = (lines[..<start] + table.split(separator: "\n") + lines[end...])
                .joined(separator: "\n")
            try FileSystem.write(Array(whole.utf8), atomicallyTo: path)
        }
        Issue.record("README.md: the table of settings is not the registries'; record it anew.")
    }
}
