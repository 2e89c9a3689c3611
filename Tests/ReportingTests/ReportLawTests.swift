import Basics
import Experiments
import TestSupport
import Testing

@testable import Reporting
@testable import Store

/// What holds for the report of every database.
@Suite struct ReportLawTests {
    @Test func aHundredReportsOfOneDatabaseAreTheSameBytes() throws {
        var digests: Set<String> = []
        try withStore {
            try Quickstart.fill($0)
        } read: { store in
            for round in 0..<100 {
                let report = try Report(store)
                var text = report.markdown() + report.charts.map(\.svg).joined()
                // The page is made of these two; a few rounds are enough for what it adds.
                if round % 20 == 0 { digests.insert(SHA256.hex(report.html())) }
                text += report.contentDigest
                digests.insert(SHA256.hex(text))
            }
        }
        #expect(digests.count == 2)
    }

    /// Names, figures and holes that no run of ours leaves, and that a file may have all the same.
    @Test(arguments: 0..<40)
    func damagedResultsAreReportedAndInjectNothing(_ seed: UInt64) throws {
        var fuzz = Fuzz(seed: seed)
        let snapshot = fuzz.snapshot()
        let report = Report(snapshot)
        let markdown = report.markdown()
        #expect(!markdown.contains("<"))
        // A figure that is none must not be told. (Names may say what they like.)
        for word in [" nan ", " inf ", " -inf "] { #expect(!markdown.contains(word), "\(seed)") }
        try PageCheck(report.html()).run()
        for chart in report.charts { try PictureCheck(chart.svg).run() }
        #expect(Set(report.charts.map(\.name)).count == report.charts.count)
        // Nothing can close a table's cell, a heading or a link.
        for block in MarkdownDocument(markdown).blocks {
            if case .image(_, let target) = block {
                #expect(report.charts.contains { target == "experiments/charts/\($0.name).svg" })
            }
        }
        #expect(markdown == Report(snapshot).markdown())
    }

    /// A thousand jobs with five million answers, read as every report reads them.
    @Test(.enabled(if: SharedData.runsSlowTests, "slow: set BILLION_SLOW_TESTS=1"))
    func aLargeDatabaseIsReportedInTwoSeconds() throws {
        let folder = try TemporaryFolder()
        let path = folder["large.sqlite"]
        try LargeDatabase.write(to: path)
        let clock = ContinuousClock()
        var bytes = 0
        let time = try clock.measure {
            let files = try ReportFiles(
                try ReadOnlyStore(path: path), path: folder["REPORT.md"], format: .markdown,
                isProjectReport: false)
            try files.write()
            bytes = files.text.utf8.count
        }
        print("report over 1,000 jobs and 5 million samples: \(time), \(bytes) bytes")
        #expect(time < .seconds(2))
    }
}

/// Snapshots with anything in them.
private struct Fuzz {
    private var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    private mutating func below(_ count: Int) -> Int { Int(generator.next() % UInt64(count)) }

    private mutating func pick<T>(_ values: [T]) -> T { values[below(values.count)] }

    private mutating func name() -> String {
        let pieces = [
            "|", "<script>alert(1)</script>", "**", "_x_", "`", "\n", "\\", "&lt;", "](http://x)",
            "# ", "~~", "$y$", "\u{202E}", "é", "\t", "-->", "a", "\u{0}", "---", "\"", "'",
            "</svg>", "<![CDATA[", "]]>", "![x](y.svg)", "javascript:", "日本", "\u{1F600}", "NaN",
            "onload=\"x\"", "</td>", "<img src=x>", "```", "- ", "| --- |",
        ]
        if below(4) == 0 { return String(repeating: pick(pieces + ["x"]), count: 200) }
        return (0..<(1 + below(8))).map { _ in pick(pieces) }.joined()
    }

    private mutating func figure() -> Double {
        pick([
            0, -0.0, 1, 0.25, 0.5, 100, 1e9, -1, 1e308, -1e308, .leastNonzeroMagnitude, .nan,
            .infinity,
            -.infinity, Double(below(1000)) / 1000,
        ])
    }

    private mutating func maybe<T>(_ value: (inout Fuzz) -> T) -> T? {
        below(3) == 0 ? nil : value(&self)
    }

    private mutating func metric(_ name: String) -> Metric {
        Metric(
            name: name, value: figure(),
            unit: pick(["fraction", "tokens/s", "bytes", "s", "", self.name()]),
            higherIsBetter: pick([true, false, nil]),
            count: maybe { $0.pick([0, 1, 2, 100, -1, Int.max]) },
            standardDeviation: maybe { $0.figure() }, confidenceLow: maybe { $0.figure() },
            confidenceHigh: maybe { $0.figure() })
    }

    mutating func snapshot() -> StoreSnapshot {
        let names = (0..<4).map { _ in name() }
        let known = [
            "acc", "acc_stderr", "acc_macro", "acc/\(name())", "acc/a", "acc/b", "acc/group:stem",
            "pass@1", "pp512", "tg64", "pp", "tgx", "pp99999999999999999999", "ttft", "itl_p50",
            "weights_bytes", "peak_resident_bytes", "load_seconds", "unknown", name(),
        ]
        let hosts = (0..<below(3)).map { id in
            StoredHost(
                id: Int64(id), label: name(), processor: name(), cores: 2,
                architecture: name())
        }
        let runs = (0..<below(3)).map { id in
            StoredRun(
                id: Int64(id), hostID: 0, experiment: name(), manifestDigest: name(),
                status: "finished", startedAt: name(), memoryBytes: Int64(below(1000)),
                operatingSystem: name(), libraries: [name(): name()],
                buildConfiguration: name(), commit: pick([nil, name() + "+"]), version: name())
        }
        let attempts = (0..<below(12)).map { id in
            var attempt = StoredAttempt(
                id: Int64(id), jobRow: Int64(below(4)), jobID: JobID(text: name()),
                runID: Int64(below(3)), hostID: Int64(below(3)), model: pick(names),
                modelDigest: pick(["", "ab", name()]), dataset: pick([nil, "mmlu", name()]),
                datasetDigest: pick([nil, "cd"]), quantization: pick(["f32", "q8_0", name()]),
                task: pick(["mmlu", name()]), taskKind: pick(["mmlu", "memory", name()]),
                taskSettings: ["num_fewshot": .integer(5), name(): .string(name())],
                hardware: pick(["cpu", name()]), backend: "cpu",
                hardwareSettings: ["threads": .integer(2)], seed: pick(["1234", name()]),
                status: pick(["done", "done", "done", "failed", "skipped", "interrupted"]),
                reason: pick([nil, name()]), startedAt: pick(["2026-03-01T10:00:00.000Z", ""]),
                digest: "00")
            for name in known where below(2) == 0 { attempt.metrics[name] = metric(name) }
            attempt.facts = [name(): .string(name()), "provenance": .string(name())]
            return attempt
        }
        return StoreSnapshot(hosts: hosts, runs: runs, attempts: attempts, digests: [name()])
    }
}
