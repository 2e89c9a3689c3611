import Basics
import Experiments
import Store
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite struct PrivacyTests {
    private static let redaction = Redaction(
        folders: ["/home/jane doe"], words: ["jane": "<user>", "build-7": "<host>"])

    @Test(arguments: [
        ("cannot open /srv/models/x.gguf: No such file", "cannot open …/x.gguf: No such file"),
        ("'/home/jane doe/.cache/x.gguf' is truncated", "'…/x.gguf' is truncated"),
        ("~/models/x.gguf, ~/y.gguf", "…/x.gguf, …/y.gguf"),
        ("path=/a/b;(/c/d) [/e]", "path=…/b;(…/d) […/e]"),
        ("see /usr/share/doc/.", "see …/doc/."),
        ("file:///home/x/y.gguf", "file://…/y.gguf"),
        ("https://example.org/a/b and 5 tokens/s", "https://example.org/a/b and 5 tokens/s"),
        ("and/or, 1/2, a / b, //, ../up/x", "and/or, 1/2, a / b, //, ../up/x"),
        ("killed on build-7 by jane", "killed on <host> by <user>"),
        ("janet rebuilt build-70", "janet rebuilt build-70"),
        ("", ""),
    ])
    func scrubs(text: String, expected: String) {
        #expect(Self.redaction.scrub(text) == expected)
        // What was scrubbed once stays as it is, and holds nothing that a scan would find.
        #expect(Self.redaction.scrub(expected) == expected)
        #expect(!Redaction.holdsPath(expected))
    }

    @Test func namesThatArePathsLoseTheirFolders() {
        #expect(Redaction.name("/srv/models/x.gguf") == "x.gguf")
        #expect(Redaction.name("~/x.gguf") == "x.gguf")
        #expect(Redaction.name("org/model") == "org/model")
        #expect(Redaction.name("/") == "unnamed")
    }

    /// Everything that could bring a path or a name in, then a look at every text of the file.
    @Test func aDatabaseTellsNothingAboutTheMachine() throws {
        let scratch = try Scratch()
        let here = FileManager.default.currentDirectoryPath
        let home = ProcessInfo.processInfo.environment["HOME"] ?? "/home/someone"
        var facts = Sample.run()
        facts.host.operatingSystem = "Linux from \(home)/linux"
        facts.host.libraries["blas"] = "OpenBLAS in \(here)/lib/libopenblas.so"
        let job = try Sample.job()
        var cell = job.cell
        cell.model = "\(home)/models/private.gguf"
        cell.source = .path("\(home)/models/private.gguf")
        cell.taskSettings["dataset"] = .string("\(here)/datasets/mine")
        cell.hardwareSettings["driver"] = .array([.string("/dev/accelerator0")])
        let secret = try Job(
            cell: cell, modelDigest: job.modelDigest, datasetDigest: job.datasetDigest,
            taskVersion: 1, engineVersion: 1)

        let store = try RunStore(path: scratch.database)
        let run = try store.beginRun(facts)
        let first = try store.beginAttempt(secret, in: run)
        var sample = Sample.sample(0)
        sample.question = "Which file holds passwords? /etc/shadow"
        for event: JobEvent in [
            .fact(name: "library", value: .object(["path": .string("\(home)/lib/x.so")])),
            .sample(sample), .metric(Sample.metric("acc", 1)),
        ] { try store.record(event, for: first) }
        try store.finish(first, outcome: .done)
        let host = ProcessInfo.processInfo.hostName
        let second = try store.beginAttempt(try Sample.job("speed"), in: run)
        try store.finish(
            second, outcome: .failed(reason: "\(host): cannot open \(here)/x.gguf: denied"))
        let third = try store.beginAttempt(try Sample.job("memory"), in: run)
        try store.finish(third, outcome: .skipped(reason: "needs \(home)/.cache/billion"))
        try store.endRun(run, status: "failed")
        try store.close()

        let reader = try ReadOnlyStore(path: scratch.database)
        let findings = try reader.privacyFindings(forbidden: [here, home + "/", scratch.folder])
        #expect(findings.isEmpty, "\(findings)")
        #expect(
            try reader.query("SELECT name FROM models UNION ALL SELECT name FROM datasets").rows
                == [[.text("private.gguf")], [.text("tiny")], [.text("mine")]])
        #expect(
            try reader.query("SELECT value FROM attempt_facts").rows
                == [[.text("{\"path\":\"…/x.so\"}")]])
    }

    @Test func theScanFindsWhatItShould() throws {
        let scratch = try Scratch()
        let store = try RunStore(path: scratch.database)
        try Sample.finish(
            try Sample.job(), in: store,
            events: [.metric(Sample.metric("/abs/olute", 1)), .sample(Sample.sample(0))])
        try store.close()
        let reader = try ReadOnlyStore(path: scratch.database)
        #expect(
            try reader.privacyFindings(forbidden: ["What is"]).map(\.description) == [
                "attempt_metrics.name: absolute path in '/abs/olute'",
                "questions.question: What is in 'What is 0?'",
            ])
    }
}
