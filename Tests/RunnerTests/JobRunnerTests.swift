import Experiments
import Store
import Testing

@testable import Runner

@Suite struct JobRunnerTests {
    let store = FakeStore()
    let progress = RecordingProgress()

    /// Runs jobs named by single words on an executor that does what the words say.
    private func run(
        _ plan: [PlannedJob], fresh: Bool = false, stop: StopRequests? = nil,
        executor: FakeExecutor = FakeExecutor { job, report in
            switch job.cell.task {
            case "bad": throw JobFailure.failed(reason: "no such\ntensor in /models/tiny.gguf.")
            case "later": throw JobFailure.skipped(reason: "no GPU here.")
            case "stopped": throw JobFailure.interrupted
            case "odd": throw FakeStore.Refusal()
            default:
                try report(.progress(JobProgress(phase: "loading", completed: 0, total: 1)))
                try report(sampleMetric(0.5))
            }
        }
    ) throws -> RunSummary {
        var policy = samplePolicy
        policy.fresh = fresh
        let runner = JobRunner(
            store: store, executor: executor, policy: policy, progress: progress,
            stop: try stop ?? StopRequests())
        return try runner.run(plan, facts: sampleFacts)
    }

    private func jobs(_ names: String...) throws -> [PlannedJob] {
        try names.map { .ready(try sampleJob($0)) }
    }

    @Test func runsInThePlansOrder() throws {
        let summary = try run(try jobs("a", "b"))
        #expect(
            store.log == [
                "run example", "begin a", "metric 0.5", "done", "begin b", "metric 0.5", "done",
                "end finished",
            ])
        #expect(
            progress.titles == [
                "plan of 2", "1/2", "loading 0", "1 done", "2/2", "loading 0", "2 done", "ended",
            ])
        #expect(summary.exit == .success)
        #expect(summary.lines[0].hasPrefix("2 jobs in "))
        #expect(summary.lines[0].hasSuffix(": 2 done."))
    }

    @Test func secondRunFindsNothingToDo() throws {
        _ = try run(try jobs("a", "b"))
        store.log = []
        let summary = try run(try jobs("a", "b"))
        #expect(store.log.isEmpty)
        #expect(summary.exit == .success)
        #expect(
            summary.lines == [
                "Nothing left to do: 2 jobs are done already on this machine.",
                "To measure again beside the old rows: billion run x.yaml --fresh",
            ])
    }

    @Test func resumesWithWhatIsMissing() throws {
        store.finished = [try sampleJob("a").id]
        let summary = try run(try jobs("a", "b"))
        #expect(store.log == ["run example", "begin b", "metric 0.5", "done", "end finished"])
        #expect((summary.done, summary.doneBefore) == (1, 1))
        #expect(progress.titles.contains("2/2"))
    }

    @Test func freshMeasuresAgain() throws {
        store.finished = [try sampleJob("a").id]
        let summary = try run(try jobs("a"), fresh: true)
        #expect((summary.done, summary.doneBefore) == (1, 0))
    }

    @Test func failureIsARowAndNotAStop() throws {
        let summary = try run(try jobs("bad", "odd", "later", "a"))
        #expect(
            store.log == [
                "run example", "begin bad", "failed no such tensor in /models/tiny.gguf.",
                "begin odd",
                "failed database or disk is full (SQLITE_FULL).", "begin later",
                "skipped no GPU here.", "begin a", "metric 0.5", "done", "end failed",
            ])
        #expect(summary.exit == .jobFailed)
        #expect(
            Array(summary.lines.dropFirst()) == [
                "  failed  job 1 of 4: tiny q8_0 bad cpu: no such tensor in /models/tiny.gguf.",
                "  failed  job 2 of 4: tiny q8_0 odd cpu: database or disk is full (SQLITE_FULL).",
                "  skipped  job 3 of 4: tiny q8_0 later cpu: no GPU here.",
                "Finished jobs are kept. Try the failed ones again with: billion run x.yaml",
            ])
        #expect(summary.lines[0].hasSuffix(": 1 done, 2 failed, 1 skipped."))
    }

    @Test func failedJobsAreTriedAgain() throws {
        _ = try run(try jobs("bad", "a"))
        store.log = []
        _ = try run(try jobs("bad", "a"))
        #expect(store.log.filter { $0.hasPrefix("begin") } == ["begin bad"])
    }

    @Test func sameJobRunsOnce() throws {
        let summary = try run(try jobs("a", "b", "a"))
        #expect(summary.done == 2)
        #expect(summary.repeated.map(\.number) == [3])
        #expect(summary.lines[1] == "  repeated  job 3 of 3: tiny q8_0 a cpu: the same as job 1")
        #expect(summary.exit == .success)
    }

    @Test func sameJobRunsOnceAlsoWhenFresh() throws {
        #expect(try run(try jobs("a", "a"), fresh: true).done == 1)
    }

    @Test func unavailableJobsAreSkippedAndKept() throws {
        let job = try sampleJob("b")
        let plan: [PlannedJob] = [
            .ready(try sampleJob("a")),
            .unavailable(job.cell, job: job, reason: "no CUDA device in /dev."),
            .unavailable(job.cell, reason: "no dataset 'x'."),
        ]
        let summary = try run(plan)
        #expect(
            store.log.suffix(3) == ["begin b", "skipped no CUDA device in /dev.", "end finished"])
        #expect(summary.skipped.map(\.number) == [2, 3])
        #expect(summary.exit == .success)
    }

    @Test func oneLineForACauseThatJobsShare() throws {
        let (a, b, c) = (try sampleJob("a"), try sampleJob("b"), try sampleJob("c"))
        let summary = try run([
            .broken(a.cell, reason: "x.gguf: no such model file."), .ready(try sampleJob("d")),
            .unavailable(b.cell, reason: "no dataset."), .broken(b.cell, reason: "y.gguf: gone."),
            .broken(c.cell, reason: "x.gguf: no such model file."),
        ])
        #expect(summary.exit == .badInput && summary.exit.rawValue == 2)
        #expect(
            Array(summary.lines.dropFirst()) == [
                "  cannot run  jobs 1, 5 of 5: tiny q8_0 a cpu and 1 more: "
                    + "x.gguf: no such model file.",
                "  cannot run  job 4 of 5: tiny q8_0 b cpu: y.gguf: gone.",
                "  skipped  job 3 of 5: tiny q8_0 b cpu: no dataset.",
                "With that mended, the same command goes on: billion run x.yaml",
            ])
        #expect(summary.lines[0].hasSuffix(": 1 done, 3 cannot run, 1 skipped."))
        #expect(store.log.last == "end failed")
    }

    @Test func nothingButUnavailableJobsLeavesNoRun() throws {
        let summary = try run([.unavailable(try sampleJob("b").cell, reason: "no CUDA device.")])
        #expect(store.log.isEmpty)
        #expect(
            summary.lines == [
                "1 job in 0 s: 0 done, 1 skipped.",
                "  skipped  job 1 of 1: tiny q8_0 b cpu: no CUDA device.",
            ])
    }

    @Test func interruptedJobEndsTheRun() throws {
        let summary = try run(try jobs("a", "stopped", "b"))
        #expect(
            store.log == [
                "run example", "begin a", "metric 0.5", "done", "begin stopped", "interrupted",
                "end interrupted",
            ])
        #expect(summary.exit == .interrupted)
        #expect(summary.exit.rawValue == 130)
        #expect(summary.lines[0].hasSuffix(": 1 done, 1 interrupted, 1 not started."))
        #expect(
            summary.lines.last
                == "Interrupted; what is finished is kept. Go on with: billion run x.yaml")
    }

    @Test func stopBetweenJobsStartsNoMore() throws {
        let stop = try StopRequests()
        let summary = try run(
            try jobs("a", "b"), stop: stop,
            executor: FakeExecutor { _, _ in stop.send() })
        #expect(store.log == ["run example", "begin a", "done", "end interrupted"])
        #expect(summary.notStarted == 1)
    }

    @Test func stopAfterTheLastJobChangesNothing() throws {
        let stop = try StopRequests()
        let summary = try run(
            try jobs("a"), stop: stop, executor: FakeExecutor { _, _ in stop.send() })
        #expect(summary.exit == .success)
    }

    @Test(arguments: [
        ("finishedJobs", "reading what is done already", []),
        ("run", "beginning a run", []),
        ("begin", "beginning job 1 of 2 (tiny q8_0 a cpu)", ["run example", "end failed"]),
        (
            "metric", "keeping the results of job 1 of 2 (tiny q8_0 a cpu)",
            [
                "run example", "begin a",
                "failed its results could not be stored: database or disk is full (SQLITE_FULL).",
                "end failed",
            ]
        ),
        (
            "done", "keeping the outcome of job 1 of 2 (tiny q8_0 a cpu)",
            ["run example", "begin a", "metric 0.5", "end failed"]
        ),
        (
            "end", "ending the run",
            ["run example", "begin a", "metric 0.5", "done", "begin b", "metric 0.5", "done"]
        ),
    ])
    func refusingStoreStopsTheRun(at call: String, doing: String, log: [String]) throws {
        store.refusesAt = call
        let error = try #require(throws: RunnerError.self) { try run(try jobs("a", "b")) }
        #expect(
            error.description
                == "\(doing): the store refused: database or disk is full (SQLITE_FULL). Jobs that "
                + "finished before are kept; when the cause is mended, go on with: "
                + "billion run x.yaml")
        #expect(store.log == log)
    }

    @Test(arguments: [
        StoreError.reportedTwice(what: "metric 'acc'"),
        .notFinite(what: "metric 'acc'", value: "nan"),
        .sqlite(file: "runs.sqlite", code: 275, message: "CHECK constraint failed", sql: nil),
    ])
    func refusedValueFailsItsJobOnly(refusal: StoreError) throws {
        store.refusesAt = "metric"
        store.refusal = refusal
        let summary = try run(try jobs("a", "bad"))
        #expect(summary.failed.map(\.number) == [1, 2])
        #expect(store.log[2] == "failed \(refusal)")
        #expect(store.log.last == "end failed")
    }

    @Test func executorThatGoesOnAfterARefusalIsNotDone() throws {
        store.refusesAt = "metric"
        #expect(throws: RunnerError.self) {
            try run(
                try jobs("a"),
                executor: FakeExecutor { _, report in
                    try? report(sampleMetric(1))
                    try? report(.fact(name: "x", value: .null))
                })
        }
        #expect(!store.log.contains("event"))
        #expect(!store.log.contains("done"))
    }
}

@Suite struct ReasonTextTests {
    @Test(arguments: [
        ("a\n\tb  c\u{1B}[31m", "a b c [31m"),
        ("  x  ", "x"),
        ("", ""),
    ])
    func oneLine(text: String, expected: String) {
        #expect(ReasonText.oneLine(text) == expected)
    }

    @Test func longTextsAreCut() {
        #expect(ReasonText.oneLine(String(repeating: "ä", count: 20), limit: 5) == "äääää...")
    }
}
