import Basics
import Experiments
import Reporting
import Store
import Testing

@Suite struct ReportTests {
    @Test func aQuickstartLooksLikeThis() throws {
        let text = Report(try snapshot { try Quickstart.fill($0) }).markdown()
        let difference = try snapshotDifference(text, "quickstart.md")
        #expect(difference == nil)
    }

    @Test func anEmptyDatabaseSaysSo() throws {
        let text = Report(try snapshot { _ in }).markdown()
        #expect(
            text == """
                # Comparison

                Nothing has been measured yet. `./billion run experiments/quickstart.yaml` \
                measures a small model.

                """)
    }

    @Test func everySectionRendersAnEmptyStoreToNothing() throws {
        let data = ReportData(try snapshot { _ in })
        for section in ReportSections.all {
            #expect(section.body(data) == nil, "\(section.title)")
        }
        let titles = ReportSections.all.map(\.title)
        #expect(Set(titles).count == titles.count)
    }

    @Test func failuresAloneAreReported() throws {
        let text = Report(
            try snapshot { store in
                let run = try store.beginRun(Quickstart.run())
                let attempt = try store.beginAttempt(try Quickstart.job("speed", "f32"), in: run)
                try store.finish(attempt, outcome: .failed(reason: "no memory"))
            }
        ).markdown()
        #expect(text.contains("## Jobs without a result"))
        #expect(text.contains("| failed  | no memory |"))
        #expect(!text.contains("## Summary"))
    }

    @Test func equalDatabasesGiveEqualBytes() throws {
        let first = Report(try snapshot { try Quickstart.fill($0) }).markdown()
        let second = Report(try snapshot { try Quickstart.fill($0) }).markdown()
        #expect(first == second)
    }

    @Test func theContentDigestIsThatOfTheSortedDigests() throws {
        let snapshot = try snapshot { try Quickstart.fill($0) }
        #expect(snapshot.digests.count == 8)
        #expect(snapshot.digests == snapshot.digests.sorted())
        let report = Report(snapshot)
        #expect(
            report.contentDigest == SHA256.hex(snapshot.digests.map { $0 + "\n" }.joined()))
        #expect(report.markdown().contains("`sha256:\(report.contentDigest)`"))
    }

    @Test func hostsAreKeptApart() throws {
        let text = Report(
            try snapshot {
                try Quickstart.fill($0)
                try Quickstart.fill($0, installation: "installation-2")
            }
        ).markdown()
        let summary = text.split(separator: "\n").filter { $0.hasPrefix("### AMD EPYC 7B13") }
        #expect(Set(summary).count == 2)
        // That of the newest run comes first, wherever there are headings of both.
        for (place, heading) in summary.enumerated() {
            #expect(heading.hasSuffix(" (newest run)") == place.isMultiple(of: 2), "\(summary)")
        }
        #expect(text.contains("Finished jobs in the database: 16"))
    }

    @Test func theNewestMeasurementIsShown() throws {
        let text = Report(
            try snapshot { store in
                let run = try store.beginRun(Quickstart.run())
                let job = try Quickstart.job("speed", "f32")
                for value in [111.0, 222] {
                    let attempt = try store.beginAttempt(job, in: run)
                    try store.record(
                        Quickstart.metric("pp512", value, "tokens/s"), for: attempt)
                    try store.finish(attempt, outcome: .done)
                }
                // Stopping a third measurement says nothing about the second.
                try store.finish(try store.beginAttempt(job, in: run), outcome: .interrupted)
            }
        ).markdown()
        #expect(text.contains("222.0"))
        #expect(!text.contains("111.0"))
        #expect(!text.contains("Jobs without a result"))
    }

    @Test func datasetsAndLimitsGetColumnsOfTheirOwn() throws {
        let cases: [(String, Int64?)] = [("mini-mmlu", 10), ("mini-mmlu", nil), ("mmlu", nil)]
        let text = Report(
            try snapshot { store in
                let run = try store.beginRun(Quickstart.run())
                for (dataset, limit) in cases {
                    let job = try Quickstart.job("mmlu", "f32", dataset: dataset, limit: limit)
                    let attempt = try store.beginAttempt(job, in: run)
                    for event in Quickstart.events("mmlu", scale: 1) {
                        try store.record(event, for: attempt)
                    }
                    try store.finish(attempt, outcome: .done)
                }
            }
        ).markdown()
        for heading in [
            "mini-mmlu (5-shot), limit 10", "mini-mmlu (5-shot), all questions", "MMLU (5-shot)",
        ] {
            #expect(text.contains("### \(heading), smollm2-135m-instruct"), "\(heading)")
        }
    }

    @Test func miniMMLUIsNeverCalledMMLU() throws {
        let text = Report(try snapshot { try Quickstart.fill($0) }).markdown()
        let tables = text.split(separator: "\n").filter { $0.hasPrefix("|") || $0.hasPrefix("#") }
        #expect(tables.contains { $0.contains(" mini-mmlu (5-shot) |") })
        #expect(!tables.contains { $0.contains("MMLU") })
    }

    @Test func checkNamesTheFirstDifferentLine() {
        let expected = "# A\n\nb\nc\n"
        #expect(Report.difference(written: Array(expected.utf8), expected: expected) == nil)
        for (written, message) in [
            ("# A\n\nx\nc\n", "line 3: the file has 'x', the database gives 'b'."),
            ("# A\n\nb\n", "line 4: the file has '', the database gives 'c'."),
            ("# A\n\nb\nc", "line 5: the file has nothing more, the database gives ''."),
            ("# A\n\nb\nc\n\n", "line 6: the file has '', the database gives nothing more."),
            ("# A\r\n\nb\nc\n", "line 1: the file has '# A\r', the database gives '# A'."),
        ] {
            let difference = Report.difference(written: Array(written.utf8), expected: expected)
            #expect(difference?.description == message)
        }
        #expect(Report.difference(written: [0xff, 0xfe], expected: "a")?.line == 1)
    }

    /// Names from manifests are anybody's text; they must not become markup or break a table.
    @Test func namesCannotBreakTheDocument() throws {
        let pieces = [
            "|", "<script>", "**", "_x_", "`", "\n", "\\", "&lt;", "](http://x)", "# ", "~~", "$y$",
            "\u{202E}", "é", "\t", "-->", "a", "\u{0}", "---",
        ]
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<12 {
            let name = (0..<15).map { _ in
                pieces[Int(generator.next() % UInt64(pieces.count))]
            }.joined()
            let text = Report(
                try snapshot { store in
                    let run = try store.beginRun(Quickstart.run(name: name))
                    for kind in ["speed", "memory", "mmlu"] {
                        let job = try Quickstart.job(kind, name, model: name, dataset: name)
                        let attempt = try store.beginAttempt(job, in: run)
                        for event in Quickstart.events(kind, scale: 1) {
                            try store.record(event, for: attempt)
                        }
                        try store.record(.fact(name: name, value: .string(name)), for: attempt)
                        try store.finish(attempt, outcome: .done)
                    }
                    try store.finish(
                        try store.beginAttempt(
                            try Quickstart.job("speed", name, model: name + "2"), in: run),
                        outcome: .failed(reason: name))
                }
            ).markdown()
            var width: Int?
            for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
                #expect(!line.contains("<"), "\(line)")
                #expect(line.unicodeScalars.allSatisfy { $0.value >= 32 && $0 != "\u{202E}" })
                guard line.hasPrefix("|") else {
                    width = nil
                    continue
                }
                let cells = unescapedBars(line)
                #expect(cells == width ?? cells, "\(line)")
                width = cells
            }
        }
    }

    private func unescapedBars(_ line: Substring) -> Int {
        var count = 0
        var isEscaped = false
        for character in line.unicodeScalars {
            if character == "|", !isEscaped { count += 1 }
            isEscaped = character == "\\" && !isEscaped
        }
        return count
    }
}
