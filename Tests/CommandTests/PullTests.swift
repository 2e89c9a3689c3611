import Basics
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The program pulls, and is killed while it does.
@Suite(
    .enabled(if: realPython != nil, needsPython),
    .enabled(if: Subprocess.find("curl") != nil, "curl is not here"), .timeLimit(.minutes(30)))
struct PullTests {
    private static let byteCount = 6 << 20
    /// Three in the fast suite; the promise is about a hundred.
    private static let rounds = SharedData.runsSlowTests ? 100 : 3

    @Test func aKilledPullIsResumedToTheRightFile() throws {
        let project = try ProjectFolder()
        // Four connections of 4 MB/s: about 0.4 s for the whole model.
        let server = try HubServer(byteCount: Self.byteCount, bytesPerSecond: 4_000_000)
        let content = HubServer.content(Self.byteCount)
        let settings = ["HF_ENDPOINT": server.address + "/plain"]
        var resumed = 0
        for round in 0..<Self.rounds {
            let home = project.temporary["hub-\(round)"]
            let variables = settings.merging(["HF_HOME": home]) { $1 }
            // `timeout` kills the program alone: what it has started must find its own end.
            let seconds = Double.random(in: 0.05...0.7)
            _ = try Subprocess(
                "timeout",
                [
                    "--foreground", "-s", "KILL", "\(seconds)", CommandLineTool.executable,
                    "models", "pull", "pythia-70m",
                ],
                environment: project.tool.environment.merging(variables) { $1 }
            ).run()
            let repository = "\(home)/hub/models--EleutherAI--pythia-70m"
            let blobs = (try? FileSystem.names(in: "\(repository)/blobs")) ?? []
            if blobs.contains(where: { $0.hasSuffix(".billion.journal") }) { resumed += 1 }
            let before = try server.log().count
            let result = try project.run("models", "pull", "pythia-70m", setting: variables)
            #expect(result.status == 0, "\(result.errors)")
            let place = "\(repository)/snapshots/\(HubServer.commit)"
            #expect(result.output == place + "\n")
            #expect(try FileSystem.read("\(place)/model.safetensors") == content, "\(round)")
            #expect(
                try FileSystem.names(in: "\(repository)/blobs").allSatisfy {
                    !$0.contains("billion")
                })
            #expect(try server.log().count >= before)
            try FileSystem.remove(home)
        }
        print("\(Self.rounds) pulls killed, \(resumed) of them in the middle of the weights")
    }

    /// Two at once wait for each other and agree.
    @Test func twoPullsOfOneModelDoNotMeet() throws {
        let project = try ProjectFolder()
        let server = try HubServer(byteCount: Self.byteCount, bytesPerSecond: 8_000_000)
        let variables = [
            "HF_ENDPOINT": server.address + "/plain", "HF_HOME": project.temporary["hub"],
        ]
        let outcome = try Subprocess(
            "/bin/sh",
            [
                "-c",
                "\"$0\" models pull pythia-70m & \"$0\" models pull pythia-70m; s=$?; wait; "
                    + "exit $s", CommandLineTool.executable,
            ],
            environment: project.tool.environment.merging(variables) { $1 }
        ).run()
        #expect(outcome.succeeded, "\(outcome.errorText)")
        let lines = outcome.outputText.split(separator: "\n")
        #expect(lines.count == 2 && Set(lines).count == 1)
        let path = String(lines.first ?? "") + "/model.safetensors"
        #expect(try FileSystem.read(path) == HubServer.content(Self.byteCount))
    }
}
