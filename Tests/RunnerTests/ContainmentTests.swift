import Basics
import Experiments
import Store
import Synchronization
import TestSupport
import Testing

@testable import Runner

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Jobs that hang, crash, or eat memory, among jobs that work.
@Suite struct ContainmentTests {
    /// Does what the name of its job says; tells its process id first.
    private static let script = """
        IFS= read -r line
        say() { echo '{"version":2,'"$1"'}'; }
        say '"event":{"fact":{"name":"pid","value":'$$'}}'
        case "$line" in
        *'"task":"hang"'*) trap '' TERM; (trap '' TERM; sleep 100) & while :; do sleep 1; done;;
        *'"task":"crash"'*) sleep 100 & kill -SEGV $$;;
        *'"task":"eat"'*) x=$(head -c 300000000 /dev/zero | tr '\\0' x); sleep 100; : "$x";;
        *'"task":"blink"'*) [ -e "$BLINK" ] || { : >"$BLINK"; kill -9 $$; };;
        *'"task":"slay"'*) echo 'oom_kill 1' >"$BLINK/memory.events"
            echo 1610612736 >"$BLINK/memory.peak"; kill -9 $$;;
        esac
        say '"outcome":"finished"'
        """

    private func run(
        _ names: [String], _ change: (inout RunPolicy) -> Void = { _ in },
        blink: String = "/nonexistent/blink", controlGroups: ControlGroups? = nil
    ) throws -> (summary: RunSummary, store: FakeStore, progress: RecordingProgress, pids: [pid_t])
    {
        var policy = samplePolicy
        change(&policy)
        let stop = try StopRequests()
        let child = ChildProcessExecutor(
            program: "/bin/sh", arguments: ["-c", Self.script], environment: ["BLINK": blink],
            policy: policy, controlGroups: controlGroups, stop: stop,
            assignment: { ChildAssignment(job: $0, resources: [:]) })
        let pids = Mutex<[pid_t]>([])
        let executor = FakeExecutor { job, report in
            try child.execute(job, resuming: .none) { event in
                if case .fact("pid", .integer(let pid)) = event {
                    pids.withLock { $0.append(pid_t(pid)) }
                }
                try report(event)
            }
        }
        let (store, progress) = (FakeStore(), RecordingProgress())
        let runner = JobRunner(
            store: store, executor: executor, policy: policy, progress: progress, stop: stop)
        let summary = try runner.run(
            try names.map { .ready(try sampleJob($0)) }, facts: sampleFacts)
        return (summary, store, progress, pids.withLock { $0 })
    }

    @Test func threeBadJobsOfTwentyAreNamedAndTheOthersDone() throws {
        var names = (1...17).map { "good\($0)" }
        names.insert("hang", at: 3)
        names.insert("crash", at: 8)
        names.insert("eat", at: 15)
        let (summary, store, _, pids) = try run(names) {
            $0.timeLimitSeconds = 3
            $0.memoryLimitBytes = 100_000_000
        }
        #expect(summary.done == 17)
        #expect(
            summary.failed.map { "\($0.number) \($0.cause?.rawValue ?? "")" }
                == ["4 timed out", "9 crashed", "16 out of memory"])
        #expect(
            summary.lines[0].hasSuffix(
                ": 17 done, 3 failed (1 timed out, 1 out of memory, 1 crashed)."))
        #expect(summary.failed[1].reason == "the job's process was killed by signal 11 (SIGSEGV).")
        // The peak is told, and lies above the limit.
        let peak = summary.failed[2].reason
        #expect(peak.hasPrefix("it held ") && peak.hasSuffix("; a job may hold 95.4 MiB."))
        #expect(store.log.filter { $0 == "done" }.count == 17)
        #expect(pids.count == 20)
        for pid in pids { #expect(isGone(group: pid)) }
    }

    /// A folder in place of the kernel's hierarchy: what is written where, and what is read.
    @Test func aControlGroupKeepsTheLimitToo() throws {
        let folder = try TemporaryFolder()
        let own = folder["user/scope"]
        try FileSystem.makeFolder(own)
        _ = try folder.write("1:cpu:/\n0::/user/scope\n", to: "membership")
        func groups() -> ControlGroups? {
            ControlGroups(root: folder[""], membership: folder["membership"])
        }
        #expect(groups() == nil, "no memory controller is delegated")
        _ = try folder.write("cpu memory pids\n", to: "user/scope/cgroup.controllers")
        let found = try #require(groups())
        func text(_ path: String) -> String? { SystemCalls.readText("\(own)/\(path)") }
        #expect(text("billion-runner/cgroup.procs") == "\(getpid())")
        #expect(text("cgroup.subtree_control") == "+memory")

        // The kernel's part is played by the test: it kills, and says so.
        let job = "billion-job-\(getpid())-"
        try FileSystem.makeFolder("\(own)/\(job)1")
        let (summary, _, _, pids) = try run(
            ["good", "slay"], { $0.memoryLimitBytes = 1 << 30 }, blink: "\(own)/\(job)2",
            controlGroups: found)
        #expect(summary.done == 1, "a group that cannot be made is done without")
        #expect(text(job + "2/memory.max") == "1073741824")
        #expect(text(job + "2/memory.oom.group") == "1")
        #expect(text(job + "2/cgroup.procs") == "\(pids[1])")
        #expect(text(job + "2/cgroup.kill") == "1", "strays end with the job")
        #expect(summary.failed.map(\.cause) == [.outOfMemory])
        #expect(summary.failed[0].reason == "it held 1.50 GiB; a job may hold 1.00 GiB.")
        _ = try folder.write("0::/nowhere\n", to: "membership")
        #expect(groups() == nil)
    }

    @Test func whatMayPassIsTriedAgainAfterAPause() throws {
        let folder = "/tmp/billion-blink-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        defer { unlink(folder) }
        let start = SystemCalls.monotonicSeconds()
        let (summary, store, progress, _) = try run(
            ["blink", "crash"],
            { $0.retries = RetryPolicy(limit: 2, firstDelaySeconds: 0.2) }, blink: folder)
        #expect(SystemCalls.monotonicSeconds() - start >= 0.2)
        #expect(summary.done == 1 && summary.failed.map(\.cause) == [.crashed])
        // A crash comes out the same, and is not repeated.
        #expect(
            store.log.filter { $0.hasPrefix("begin") } == [
                "begin blink", "begin blink", "begin crash",
            ])
        #expect(progress.titles.filter { $0.hasPrefix("retry") } == ["retry 1/2 killed"])
    }

    @Test func aJobWithoutResultsIsStopped() throws {
        let (summary, _, _, pids) = try run(["hang"]) { $0.resultLimitSeconds = 0.5 }
        #expect(summary.failed.map(\.cause) == [.timedOut])
        #expect(summary.failed[0].reason == "no result for 0.5 s, at 'starting'.")
        for pid in pids { #expect(isGone(group: pid)) }
    }

    @Test func theEndOfTheTimeStopsTheRunAndSaysHowToGoOn() throws {
        let (summary, store, _, _) = try run(["good", "hang", "good2"]) {
            $0.deadline = SystemCalls.wallSeconds() + 1
        }
        #expect(summary.exit == .interrupted && !summary.wasInterrupted)
        #expect(summary.notStarted == 1)
        #expect(
            store.log.suffix(3) == ["begin hang", "event", "interrupted"]
                || store.log.contains("interrupted"))
        #expect(
            summary.lines.last
                == "The time is up; what is finished is kept. Go on with: billion run x.yaml")
    }

    @Test func pausesGrowAndStayBounded() {
        let policy = RetryPolicy(limit: 9, firstDelaySeconds: 2, growth: 4)
        #expect((1...6).map(policy.delaySeconds) == [2, 8, 32, 128, 300, 300])
    }

    @Test func onlySomeCausesMayPass() {
        #expect(FailureCause.allCases.filter(\.mayPass) == [.killed, .notStarted])
    }
}

@Suite struct CircuitBreakerTests {
    private func cell(_ model: String, _ task: String) throws -> Cell {
        var cell = try sampleJob(task).cell
        cell.model = model
        return cell
    }

    @Test func jobsThatShareTheCauseAreLeft() throws {
        var breaker = CircuitBreaker(limit: 3)
        breaker.noteSuccess(of: try cell("good", "mmlu"))
        for (index, task) in ["mmlu", "speed", "memory"].enumerated() {
            #expect(breaker.objection(to: try cell("bad", "x")) == nil)
            breaker.noteFailure(
                of: try cell("bad", task), cause: .crashed, reason: "tensor \(index) is missing.")
        }
        #expect(
            breaker.objection(to: try cell("bad", "x"))
                == "not tried, for 3 jobs with bad q8_0 cpu failed alike: tensor 2 is missing.")
        #expect(breaker.objection(to: try cell("good", "x")) == nil)
    }

    @Test func differentReasonsDoNotAddUp() throws {
        var breaker = CircuitBreaker(limit: 2)
        breaker.noteFailure(of: try cell("bad", "a"), cause: .crashed, reason: "one.")
        breaker.noteFailure(of: try cell("bad", "b"), cause: .timedOut, reason: "one.")
        breaker.noteFailure(of: try cell("bad", "c"), cause: .crashed, reason: "two.")
        #expect(breaker.objection(to: try cell("bad", "d")) == nil)
    }

    @Test func aSuccessWithTheSameInCommonShowsAnotherCause() throws {
        var breaker = CircuitBreaker(limit: 2)
        breaker.noteSuccess(of: try cell("mixed", "mmlu"))
        breaker.noteFailure(of: try cell("mixed", "a"), cause: nil, reason: "no.")
        breaker.noteFailure(of: try cell("mixed", "b"), cause: nil, reason: "no.")
        #expect(breaker.objection(to: try cell("mixed", "c")) == nil)
    }

    @Test func ofAHundredJobsWithOneCauseFiveAreTried() throws {
        let store = FakeStore()
        var policy = samplePolicy
        policy.sameFailureLimit = 5
        let runner = JobRunner(
            store: store,
            executor: FakeExecutor { _, _ in throw JobFailure.failed(reason: "no such file.") },
            policy: policy, progress: RecordingProgress(), stop: try StopRequests())
        let summary = try runner.run(
            try (1...100).map { .ready(try sampleJob("t\($0)")) }, facts: sampleFacts)
        #expect(summary.failed.count == 5 && summary.skipped.count == 95)
        #expect(
            summary.skipped[0].reason
                == "not tried, for 5 jobs with tiny q8_0 cpu failed alike: no such file.")
    }
}

@Suite struct JobOrderTests {
    /// `model quantization task`, and the seconds it is said to take.
    private static let jobs: [(String, String, String, Double?)] = [
        ("a", "f32", "speed", 10), ("a", "q8_0", "speed", 5), ("b", "f32", "speed", 1),
        ("a", "f32", "mmlu", 100), ("a", "q8_0", "mmlu", nil), ("b", "f32", "mmlu", 2),
    ]

    private func order(_ strategy: JobOrder.Strategy, first: [String] = []) throws -> [Int] {
        var seconds: [JobID: Double] = [:]
        let plan = try Self.jobs.map { model, quantization, task, time in
            var cell = try sampleJob(task).cell
            (cell.model, cell.quantization) = (model, quantization)
            let job = try Job(
                cell: cell, modelDigest: model, datasetDigest: nil, taskVersion: 1,
                engineVersion: 1)
            seconds[job.id] = time
            return PlannedJob.ready(job)
        }
        return JobOrder(strategy: strategy, first: first, predictedSeconds: seconds).arranged(plan)
    }

    @Test(arguments: [
        (JobOrder.Strategy.plan, [0, 1, 2, 3, 4, 5]), (.grouped, [0, 3, 1, 4, 2, 5]),
        // Groups: a f32 110 s, a q8_0 5 s and one like the average (23.6 s), b f32 3 s.
        (.cheapest, [2, 5, 1, 4, 0, 3]), (.longest, [3, 0, 4, 1, 5, 2]),
    ])
    func strategies(_ strategy: JobOrder.Strategy, expected: [Int]) throws {
        #expect(try order(strategy) == expected)
    }

    @Test func namedOnesGoFirst() throws {
        #expect(try order(.grouped, first: ["mmlu", "b"]) == [3, 4, 5, 2, 0, 1])
    }
}

@Suite struct LocalTimeTests {
    @Test func theNextTimeOfDayIsWithinADay() throws {
        let now = 1_700_000_000.0
        for text in ["00:00", "07:00", "23:59"] {
            let next = try #require(LocalTime.next(text, after: now))
            #expect(next > now && next <= now + 86_400 + 3600)
            #expect(LocalTime.clock(next, now: next - 60) == text)
        }
        for text in ["7", "24:00", "07:60", "soon", "-1:00", "07:00:00"] {
            #expect(LocalTime.next(text) == nil)
        }
    }
}
