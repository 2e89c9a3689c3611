import Basics
import TestSupport
import Testing

@testable import Hub

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Outside of the suite: its own attribute cannot name it.
private let referencePython = ProcessInfo.processInfo.environment["BILLION_REFERENCE_PYTHON"]

/// One cache for this program and `huggingface_hub`: what one has fetched, the other uses without
/// a network.
@Suite(
    .enabled(if: realPython != nil, needsPython), .enabled(if: hasCurl, needsCurl),
    .enabled(
        if: referencePython != nil && SharedData.runsSlowTests,
        "needs BILLION_REFERENCE_PYTHON, a Python with huggingface_hub; run with --slow"),
    .timeLimit(.minutes(15)))
struct HubReferenceTests {
    private let hub: HubHome
    private static let content = HubHome.content

    init() throws { hub = try HubHome() }

    /// What the library prints last.
    private func library(_ call: String, isOffline: Bool) throws -> String {
        var environment = ["HOME": hub.home.path, "PATH": "/usr/local/bin:/usr/bin:/bin"]
        environment["HF_ENDPOINT"] = hub.server.address + "/plain"
        if isOffline { environment["HF_HUB_OFFLINE"] = "1" }
        let outcome = try Subprocess(
            try #require(referencePython),
            ["-c", "import huggingface_hub as hub; print(hub.\(call))"],
            environment: environment
        ).run()
        try #require(outcome.succeeded, "\(outcome.errorText)")
        return outcome.outputText.split(separator: "\n").last.map(String.init) ?? ""
    }

    private static let offline = ["HF_HUB_OFFLINE": "1"]

    @Test func theLibraryReadsOurs() throws {
        let store = try hub.store("plain")
        _ = try store.pull(.catalog("made-up"))
        _ = try store.pull(HubHome.location)
        let requests = try hub.server.log().count
        let snapshot = try library("snapshot_download('org/repo')", isOffline: true)
        #expect(snapshot == hub.snapshot)
        let file = try library(
            "hf_hub_download('org/repo', 'sub folder/model.gguf', revision='refs/pr/1')",
            isOffline: true)
        #expect(file == hub.place)
        #expect(try library("scan_cache_dir().warnings", isOffline: true) == "[]")
        #expect(try hub.server.log().count == requests)
    }

    @Test func weReadTheLibrarys() throws {
        _ = try library("snapshot_download('org/repo')", isOffline: false)
        _ = try library(
            "hf_hub_download('org/repo', 'sub folder/model.gguf', revision='refs/pr/1')",
            isOffline: false)
        let requests = try hub.server.log().count
        let store = try hub.store("plain", Self.offline)
        #expect(try store.pull(.catalog("made-up")) == hub.snapshot)
        #expect(try store.pull(HubHome.location) == hub.place)
        #expect(try FileSystem.read(hub.place) == Self.content)
        let verification = try store.verify(.catalog("made-up"))
        #expect(verification.isKnown)
        #expect(try hub.server.log().count == requests)
    }
}
