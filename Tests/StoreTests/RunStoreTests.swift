import Basics
import Experiments
import Store
import Testing

@Suite struct RunStoreTests {
    @Test func aFinishedJobBecomesRows() throws {
        let scratch = try Scratch()
        let store = try RunStore(path: scratch.database, now: { "2026-03-01T10:00:00.000Z" })
        let job = try Sample.job()
        try Sample.finish(
            job, in: store,
            events: [
                .progress(JobProgress(phase: "loading", completed: 0, total: 1)),
                .fact(name: "kernel_variant", value: .string("avx2")),
                .timing(TimingSample(name: "pp512", repetition: 0, tokens: 512, nanoseconds: 9)),
                .sample(Sample.sample(0)), .sample(Sample.sample(1)),
                .metric(
                    Metric(
                        name: "acc", value: 0.5, unit: "fraction", higherIsBetter: true, count: 2,
                        standardDeviation: 0.7, confidenceLow: 0.1, confidenceHigh: 0.9)),
            ])
        try store.close()
        #expect(try scratch.files() == ["runs.sqlite"])

        let reader = try ReadOnlyStore(path: scratch.database)
        let results = try reader.query("SELECT * FROM results")
        #expect(
            results.rows == [
                [
                    .integer(1), .text(job.id.text),
                    .text(
                        HostLabel.label(
                            processor: "AMD EPYC 7B13", cores: 2, installation: Sample.here)),
                    .text("tiny"), .text("q8_0"), .text("mmlu"), .text("cpu"), .text("acc"),
                    .real(0.5), .text("fraction"), .integer(1), .integer(2), .real(0.7),
                    .real(0.1), .real(0.9), .text("done"), .null, .integer(0),
                    .text("quickstart"),
                ]
            ])
        let samples = try reader.query(
            "SELECT sample_index, subject, question, logprobs, prediction, answer, correct "
                + "FROM samples")
        #expect(
            samples.rows == [
                [
                    .integer(0), .text("astronomy"), .text("What is 0?"),
                    .text("[-1.25,-0.5,-3.0,-2.0]"), .text("B"), .text("B"), .integer(1),
                ],
                [
                    .integer(1), .text("astronomy"), .text("What is 1?"),
                    .text("[-1.25,-0.5,-3.0,-3.0]"), .text("B"), .text("A"), .integer(0),
                ],
            ])
        #expect(
            try reader.query("SELECT name, tokens, nanoseconds FROM attempt_timings").rows
                == [[.text("pp512"), .integer(512), .integer(9)]])
        #expect(
            try reader.query("SELECT name, value FROM attempt_facts").rows
                == [[.text("kernel_variant"), .text("\"avx2\"")]])
        #expect(
            try reader.query("SELECT started_at, ended_at FROM runs").rows
                == [[.text("2026-03-01T10:00:00.000Z"), .text("2026-03-01T10:00:00.000Z")]])
    }

    @Test func onlyDoneJobsOfThisInstallationAreFinished() throws {
        let scratch = try Scratch()
        let store = try RunStore(path: scratch.database)
        let done = try Sample.job("speed")
        let failed = try Sample.job("memory")
        let skipped = try Sample.job("mmlu")
        let stopped = try Sample.job("mmlu", quantization: "f32")
        let foreign = try Sample.job("speed", quantization: "f32")
        try Sample.finish(done, in: store, events: [])
        try Sample.finish(foreign, in: store, installation: Sample.elsewhere, events: [])
        let run = try store.beginRun(Sample.run())
        for (job, outcome) in [
            (failed, AttemptOutcome.failed(reason: "no")), (skipped, .skipped(reason: "not here")),
            (stopped, .interrupted),
        ] {
            try store.finish(try store.beginAttempt(job, in: run), outcome: outcome)
        }
        #expect(try store.finishedJobs(installation: Sample.here) == [done.id])
        #expect(try store.finishedJobs(installation: Sample.elsewhere) == [foreign.id])
        try store.close()

        let reader = try ReadOnlyStore(path: scratch.database)
        #expect(try reader.finishedJobs(installation: Sample.here) == [done.id])
        // Failures are found without knowing metrics; stopped attempts are no results.
        let rows = try reader.query(
            "SELECT task, metric, value FROM results WHERE status <> 'done' ORDER BY task")
        #expect(
            rows.rows == [[.text("memory"), .null, .null], [.text("mmlu"), .null, .null]])
        #expect(
            try reader.query("SELECT reason FROM attempts WHERE status = 'failed'").rows
                == [[.text("no")]])
    }

    @Test func samplesAreThoseOfTheNewestDoneAttempt() throws {
        let scratch = try Scratch()
        let store = try RunStore(path: scratch.database)
        let job = try Sample.job()
        for count in [3, 2] {
            try Sample.finish(
                job, in: store,
                events: (0..<count).map { .sample(Sample.sample($0)) }
                    + [.metric(Sample.metric("acc", 1 / Double(count)))])
        }
        let run = try store.beginRun(Sample.run())
        let stopped = try store.beginAttempt(job, in: run)
        for index in 0..<60 { try store.record(.sample(Sample.sample(index)), for: stopped) }
        try store.record(Sample.progress(60), for: stopped)
        try store.finish(stopped, outcome: .interrupted)
        try store.close()

        let reader = try ReadOnlyStore(path: scratch.database)
        #expect(try reader.query("SELECT count(*) FROM samples").rows == [[.integer(2)]])
        #expect(try reader.query("SELECT count(*) FROM results").rows == [[.integer(2)]])
        #expect(
            try reader.query("SELECT acc, dataset FROM leaderboard").rows
                == [[.real(0.5), .text("mini-mmlu")]])
        // Sixty questions were asked, three of them in every attempt; each is kept once.
        #expect(try reader.query("SELECT count(*) FROM questions").rows == [[.integer(60)]])
    }

    @Test func theLeaderboardHasOneLinePerSetupAndHost() throws {
        let scratch = try Scratch()
        let store = try RunStore(path: scratch.database)
        func bytes(_ name: String, _ value: Double) -> JobEvent {
            .metric(Metric(name: name, value: value, unit: "bytes", higherIsBetter: false))
        }
        func speed(_ name: String, _ value: Double) -> JobEvent {
            .metric(Metric(name: name, value: value, unit: "tokens/s", higherIsBetter: true))
        }
        for (place, scale) in [(Sample.here, 1.0), (Sample.elsewhere, 2.0)] {
            try Sample.finish(
                try Sample.job("memory"), in: store, installation: place,
                events: [bytes("peak_resident_bytes", 100 * scale), bytes("weights_bytes", 50)])
            try Sample.finish(
                try Sample.job("speed"), in: store, installation: place,
                events: [
                    speed("pp512", 400 * scale), speed("tg64", 30 * scale),
                    speed("tg64 @ d128", 1), bytes("peak_resident_bytes", 999),
                ])
            try Sample.finish(
                try Sample.job("mmlu"), in: store, installation: place,
                events: [
                    .metric(Sample.metric("acc", 0.25 * scale)),
                    .metric(Sample.metric("acc/astronomy", 0.9)),
                ])
        }
        try store.close()
        let reader = try ReadOnlyStore(path: scratch.database)
        let rows = try reader.query(
            "SELECT acc, pp, tg, pp512, tg128, peak_resident_bytes, weights_bytes, ttft "
                + "FROM leaderboard ORDER BY acc")
        #expect(
            rows.rows == [
                [
                    .real(0.25), .real(400), .real(30), .real(400), .null, .real(100), .real(50),
                    .null,
                ],
                [
                    .real(0.5), .real(800), .real(60), .real(800), .null, .real(200), .real(50),
                    .null,
                ],
            ])
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity])
    func refusesWhatIsNotFinite(value: Double) throws {
        let scratch = try Scratch()
        let store = try RunStore(path: scratch.database)
        let attempt = try store.beginAttempt(
            try Sample.job(), in: try store.beginRun(Sample.run()))
        #expect(
            message { try store.record(.metric(Sample.metric("acc", value)), for: attempt) }
                == "metric 'acc': expected a finite number, found \(value). It was not stored.")
        var spread = Sample.metric("tg128", 1)
        spread.standardDeviation = value
        #expect(
            message { try store.record(.metric(spread), for: attempt) }
                == "metric 'tg128', standard deviation: expected a finite number, found \(value). "
                + "It was not stored.")
        var sample = Sample.sample(3)
        sample.logProbabilities[1] = value
        #expect(
            message { try store.record(.sample(sample), for: attempt) }
                == "sample 3, log-probability: expected a finite number, found \(value). "
                + "It was not stored.")
        #expect(
            message {
                try store.record(.fact(name: "loss", value: .number(value)), for: attempt)
            }
                == "fact 'loss': cannot be written as JSON: a number in it is not finite. "
                + "It was not stored.")
        try store.finish(attempt, outcome: .done)
        #expect(try store.finishedJobs(installation: Sample.here).count == 1)
    }

    @Test func refusesASecondMetricOrSampleOfTheSameName() throws {
        let scratch = try Scratch()
        let store = try RunStore(path: scratch.database)
        let attempt = try store.beginAttempt(
            try Sample.job(), in: try store.beginRun(Sample.run()))
        let events: [(JobEvent, String)] = [
            (.metric(Sample.metric("acc", 1)), "metric 'acc'"),
            (.sample(Sample.sample(0)), "sample 0"),
            (
                .timing(TimingSample(name: "itl", repetition: 4, tokens: 1, nanoseconds: 1)),
                "timing 'itl' repetition 4"
            ),
        ]
        for (event, what) in events {
            try store.record(event, for: attempt)
            #expect(
                message { try store.record(event, for: attempt) }
                    == "\(what): reported twice by the same job. The second one was not stored.")
        }
        let endless = TimingSample(name: "itl", repetition: 5, tokens: 1, nanoseconds: .max)
        #expect(throws: StoreError.self) { try store.record(.timing(endless), for: attempt) }
    }

    @Test func anEndedAttemptTakesNothingMore() throws {
        let scratch = try Scratch()
        let store = try RunStore(path: scratch.database)
        let attempt = try Sample.finish(try Sample.job(), in: store, events: [])
        let expected =
            "attempt \(attempt.rowID): it is not running in this store, so nothing can be added."
        #expect(
            message { try store.record(.metric(Sample.metric("acc", 1)), for: attempt) }
                == expected)
        #expect(message { try store.finish(attempt, outcome: .interrupted) } == expected)
        #expect(throws: StoreError.self) {
            try store.endRun(RunKey(rowID: 1), status: "perhaps")
        }
    }

    @Test func theSameJobUnderNewNamesIsFoundUnderThem() throws {
        let scratch = try Scratch()
        let store = try RunStore(path: scratch.database)
        let job = try Sample.job()
        try Sample.finish(job, in: store, events: [.metric(Sample.metric("acc", 1))])
        var cell = job.cell
        cell.task = "knowledge"
        let renamed = try Job(
            cell: cell, modelDigest: job.modelDigest, datasetDigest: job.datasetDigest,
            taskVersion: 1, engineVersion: 1)
        #expect(renamed.id == job.id)
        try Sample.finish(renamed, in: store, events: [.metric(Sample.metric("acc", 1))])
        try store.close()
        let reader = try ReadOnlyStore(path: scratch.database)
        #expect(
            try reader.query("SELECT DISTINCT task FROM results").rows == [[.text("knowledge")]])
    }

    @Test func equalHostsAreToldApart() throws {
        #expect(
            HostLabel.label(
                processor: "Intel(R) Xeon(R) CPU E5-2673 v4 @ 2.30GHz", cores: 1,
                installation: "abc") == "Intel Xeon E5-2673 v4, 1 core #ba78")
        #expect(
            HostLabel.label(processor: "  ", cores: 8, installation: "abc")
                == "unknown processor, 8 cores #ba78")
        let scratch = try Scratch()
        let store = try RunStore(path: scratch.database)
        for place in [Sample.here, Sample.elsewhere, Sample.here] {
            try store.endRun(
                try store.beginRun(Sample.run(installation: place)), status: "finished")
        }
        try store.close()
        let reader = try ReadOnlyStore(path: scratch.database)
        #expect(try reader.query("SELECT count(DISTINCT label) FROM hosts").rows == [[.integer(2)]])
    }

    @Test func timeIsWrittenInUTC() {
        #expect(UTCTime.text(millisecondsSince1970: 0) == "1970-01-01T00:00:00.000Z")
        #expect(UTCTime.text(millisecondsSince1970: 951_782_400_123) == "2000-02-29T00:00:00.123Z")
        #expect(
            UTCTime.text(millisecondsSince1970: 1_798_761_599_999) == "2026-12-31T23:59:59.999Z")
        #expect(UTCTime.text(millisecondsSince1970: -1) == "1969-12-31T23:59:59.999Z")
    }
}
