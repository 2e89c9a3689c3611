import Basics
import Experiments
import Synchronization
import Testing

@testable import Runner

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Real processes, with the shell in the part of the job.
@Suite struct ChildProcessExecutorTests {
    /// Lines that scripts write.
    private static let prelude = """
        finished() { echo '{"version":2,"outcome":"finished"}'; }
        fact() { echo '{"version":2,"event":{"fact":{"name":"'$1'","value":'$2'}}}'; }
        metric() { echo '{"version":2,"event":{"metric":{"_0":{"name":"m","value":'$1',"unit":"s"}}}}'; }
        fact pid $$

        """

    private struct Outcome {
        var events: [JobEvent] = []
        var error: (any Error)?
        var seconds = 0.0

        var reason: String? {
            switch error {
            case JobFailure.failed(let reason)?, JobFailure.ended(_, let reason)?: return reason
            default: return nil
            }
        }

        func integer(_ name: String) -> Int64? {
            for case .fact(name, .integer(let value)) in events { return value }
            return nil
        }
    }

    private func execute(
        _ script: String, policy: RunPolicy = samplePolicy, stop: StopRequests? = nil,
        isVerbose: Bool = false, notes: Transcript = Transcript(),
        resources: [String: String] = [:], onEvent: (JobEvent) throws -> Void = { _ in }
    ) throws -> Outcome {
        let executor = ChildProcessExecutor(
            program: "/bin/sh", arguments: ["-c", Self.prelude + script],
            environment: ["BILLION_TEST": "set"], policy: policy, stop: try stop ?? StopRequests(),
            isVerbose: isVerbose, note: { notes.add($0) },
            assignment: { ChildAssignment(job: $0, resources: resources) })
        var outcome = Outcome()
        let start = SystemCalls.monotonicSeconds()
        do {
            try executor.execute(try sampleJob("a")) { event in
                outcome.events.append(event)
                try onEvent(event)
            }
        } catch {
            outcome.error = error
        }
        outcome.seconds = SystemCalls.monotonicSeconds() - start
        if let group = outcome.integer("pid") { #expect(isGone(group: pid_t(group))) }
        return outcome
    }

    @Test func eventsComeInOrderAndTheEndIsDone() throws {
        let outcome = try execute(
            "metric 1; metric 2.5; fact env \"\\\"$BILLION_TEST\\\"\"; finished")
        #expect(outcome.error == nil)
        let values = outcome.events.compactMap { event -> Double? in
            if case .metric(let metric) = event { metric.value } else { nil }
        }
        #expect(values == [1, 2.5])
        #expect(outcome.events.last == .fact(name: "env", value: .string("set")))
        #expect(outcome.seconds < 5)
    }

    @Test func assignmentArrivesWholeAndStdinStaysOpen() throws {
        // More than a pipe holds, so that it must be sent in pieces.
        let long = String(repeating: "x", count: 300_000)
        let outcome = try execute(
            """
            sleep 0.1; IFS= read -r line; fact bytes ${#line}; exec 3<&0
            ( IFS= read -r more && fact stdin 1 || fact stdin 0 ) <&3 & reader=$!
            sleep 0.2; kill -0 $reader && fact waits 1; finished
            """, resources: ["model": long])
        #expect(outcome.error == nil)
        #expect((outcome.integer("bytes") ?? 0) > 300_000)
        #expect(outcome.integer("stdin") == nil)
    }

    @Test func processThatDoesNotReadItsAssignmentIsNoTrouble() throws {
        let long = String(repeating: "x", count: 300_000)
        #expect(try execute("exec <&-; finished", resources: ["model": long]).error == nil)
    }

    @Test(arguments: [
        (
            "killed", "kill -9 $$",
            "the job's process was killed by signal 9 (SIGKILL): out of memory?"
        ),
        (
            "crash with last words", "echo 'Fatal error: Index out of range' >&2; kill -SEGV $$",
            "the job's process was killed by signal 11 (SIGSEGV). Its last words: "
                + "Fatal error: Index out of range"
        ),
        (
            "exit code", "echo first >&2; echo 'disk on fire' >&2; exit 3",
            "the job's process exited with code 3 without an outcome. Its last words: disk on fire"
        ),
        ("silent exit", "exit 0", "the job's process exited with code 0 without an outcome."),
        (
            "half a line", "printf '{\"version\":2,\"outcome\":\"fini'; exit 0",
            "the job's process exited with code 0 without an outcome."
        ),
        (
            "garbage", "echo 'Segmentation fault: \"core\"'; sleep 60",
            "the job's process wrote a line that is not a message: 'Segmentation fault: \"core\"'."
        ),
        (
            "other JSON", "echo '[1,2]'; sleep 60",
            "the job's process wrote a line that is not a message: '[1,2]'."
        ),
        (
            "unknown outcome", "echo '{\"version\":2,\"outcome\":\"perhaps\"}'; sleep 60",
            "the job's process wrote a line that is not a message: "
                + "'{\"version\":2,\"outcome\":\"perhaps\"}'."
        ),
        (
            "other version", "echo '{\"version\":7,\"outcome\":\"finished\"}'; sleep 60",
            "the job's process speaks version 7 of the protocol, the runner speaks 2: was the "
                + "program replaced while it ran?"
        ),
        (
            "its own words",
            "echo '{\"version\":2,\"outcome\":\"failed\",\"reason\":\"no.\"}'; exit 1",
            "no."
        ),
        (
            "silent and alive", "exec >&-; sleep 60",
            "the job's process closed its output without an outcome and did not end."
        ),
    ])
    func failures(name: String, script: String, reason: String) throws {
        let outcome = try execute(script)
        #expect(outcome.reason == reason, "\(name)")
        #expect(outcome.seconds < 10)
    }

    @Test func longGarbageIsCut() throws {
        let outcome = try execute("head -c 5000 /dev/zero | tr '\\0' z; echo; sleep 60")
        #expect(outcome.reason?.count ?? 0 < 250)
        #expect(outcome.reason?.contains("zzz...") == true)
    }

    @Test func skippedIsSkipped() throws {
        let outcome = try execute(
            #"echo '{"version":2,"outcome":"skipped","reason":"no AVX."}'; exit 1"#)
        #expect(outcome.error as? JobFailure == .skipped(reason: "no AVX."))
    }

    @Test func processThatStaysAfterItsOutcomeIsEnded() throws {
        let outcome = try execute("finished; sleep 60")
        #expect(outcome.error == nil)
        #expect(outcome.seconds < 5)
    }

    @Test func helpersThatHoldThePipesEndToo() throws {
        let outcome = try execute("(trap '' TERM; sleep 60) & finished; exit 0")
        #expect(outcome.error == nil)
        #expect(outcome.seconds < 5)
    }

    @Test func chattyStderrIsDrainedAndItsEndKept() throws {
        let notes = Transcript()
        let script =
            "i=0; while [ $i -lt 4000 ]; do echo \"line $i of many words\"; i=$((i+1)); done >&2"
        let outcome = try execute(script + "; exit 9", isVerbose: true, notes: notes)
        #expect(outcome.reason?.hasSuffix("Its last words: line 3999 of many words") == true)
        #expect(notes.all.count == 4000)
        #expect(try execute("echo quiet >&2; finished", notes: notes).error == nil)
        #expect(notes.all.count == 4000)
    }

    @Test(arguments: [
        ("polite", "sleep 60"),
        ("deaf", "trap '' TERM; while :; do sleep 1; done"),
        ("stopped", "kill -STOP $$; sleep 60"),
    ])
    func timeLimit(name: String, script: String) throws {
        var policy = samplePolicy
        policy.timeLimitSeconds = 0.4
        let outcome = try execute(script, policy: policy)
        #expect(outcome.reason == "time limit of 0.4 s exceeded.", "\(name)")
        #expect(outcome.seconds < 5)
    }

    @Test func firstStopAsksAndWaits() throws {
        let stop = try StopRequests()
        let notes = Transcript()
        let outcome = try execute(
            "trap 'exit 1' TERM; fact ready 1; while :; do sleep 0.1; done", stop: stop,
            notes: notes
        ) {
            if case .fact("ready", _) = $0 { stop.send() }
        }
        #expect(outcome.error as? JobFailure == .interrupted)
        #expect(notes.all == ["stopping the current job; once more stops it at once"])
        #expect(stop.count == 1)
    }

    @Test func deafProcessIsKilledAfterTheGrace() throws {
        let stop = try StopRequests()
        let outcome = try execute(
            "trap '' TERM; fact ready 1; while :; do sleep 1; done", stop: stop
        ) {
            if case .fact("ready", _) = $0 { stop.send() }
        }
        #expect(outcome.error as? JobFailure == .interrupted)
        #expect(outcome.seconds >= 0.3 && outcome.seconds < 5)
    }

    @Test func secondStopKillsAtOnce() throws {
        let stop = try StopRequests()
        var policy = samplePolicy
        policy.stopGraceSeconds = 60
        let outcome = try execute(
            "trap '' TERM; fact ready 1; while :; do sleep 1; done", policy: policy, stop: stop
        ) {
            if case .fact("ready", _) = $0 {
                stop.send()
                stop.send()
            }
        }
        #expect(outcome.error as? JobFailure == .interrupted)
        #expect(outcome.seconds < 5)
    }

    @Test func stopFromAnotherThreadWakesTheRunner() throws {
        let stop = try StopRequests()
        try SystemCalls.startThread {
            usleep(200_000)
            stop.send()
        }
        let outcome = try execute("sleep 60", stop: stop)
        #expect(outcome.error as? JobFailure == .interrupted)
        #expect(outcome.seconds < 3)
    }

    @Test func outcomeThatCameBeforeTheStopStands() throws {
        let stop = try StopRequests()
        let outcome = try execute(
            "both=$(fact ready 1; finished); echo \"$both\"; sleep 60", stop: stop
        ) {
            if case .fact("ready", _) = $0 { stop.send() }
        }
        #expect(outcome.error == nil)
    }

    @Test func refusedEventEndsTheProcess() throws {
        let outcome = try execute("metric 1; sleep 60") { event in
            if case .metric = event { throw FakeStore.Refusal() }
        }
        #expect(outcome.error is FakeStore.Refusal)
        #expect(outcome.seconds < 5)
    }

    @Test func missingProgramIsAFailedJob() throws {
        let executor = ChildProcessExecutor(
            program: "/nowhere/billion", arguments: [], policy: samplePolicy,
            stop: try StopRequests(), assignment: { ChildAssignment(job: $0, resources: [:]) })
        let expected = JobFailure.ended(
            .notStarted,
            reason: "/nowhere/billion: cannot be started as the job's process: "
                + "No such file or directory.")
        #expect(throws: expected) { try executor.execute(try sampleJob("a")) { _ in } }
    }

    @Test func largeLinesArriveWhole() throws {
        let outcome = try execute(
            """
            long=$(head -c 100000 /dev/zero | tr '\\0' q)
            for i in 1 2 3 4 5; do fact long "\\"$long\\""; done; finished
            """)
        #expect(outcome.error == nil)
        let lengths = outcome.events.compactMap { event -> Int? in
            if case .fact("long", .string(let text)) = event { text.utf8.count } else { nil }
        }
        #expect(lengths == [100_000, 100_000, 100_000, 100_000, 100_000])
    }

    @Test func noPipeOfOursReachesTheChild() throws {
        var other = try SystemCalls.makePipe()
        defer { SystemCalls.closeDescriptor(&other.readEnd) }
        var atEnd = SystemCalls.ReadResult.wouldBlock
        let outcome = try execute("fact ready 1; sleep 0.3; finished") { event in
            guard case .fact("ready", _) = event else { return }
            SystemCalls.closeDescriptor(&other.writeEnd)
            var byte = [UInt8(0)]
            SystemCalls.setNonBlocking(other.readEnd)
            atEnd = byte.withUnsafeMutableBytes { SystemCalls.read(other.readEnd, into: $0) }
        }
        #expect(outcome.error == nil)
        #expect(atEnd == .endOfFile)
    }

    @Test func signalsAreAtTheirDefaultsInTheChild() throws {
        let outcome = try execute("yes | head -n 1 > /dev/null; kill -PIPE $$; finished")
        #expect(outcome.reason == "the job's process was killed by signal 13 (SIGPIPE).")
    }

    @Test func killedAtAnyMomentTheOutcomeIsWellFormed() throws {
        var random = SeededGenerator(seed: 7)
        var interruptions = 0
        for round in 0..<50 {
            let delay = Int.random(in: 0..<40, using: &random)
            let text = delay < 10 ? "0.00\(delay)" : "0.0\(delay)"
            let outcome = try execute(
                """
                ( sleep \(text); kill -9 $$ ) &
                i=0; while [ $i -lt 3000 ]; do metric $i; i=$((i+1)); done; finished; exit 0
                """)
            let values = outcome.events.compactMap { event -> Int? in
                if case .metric(let metric) = event { Int(metric.value) } else { nil }
            }
            #expect(values == Array(0..<values.count), "round \(round)")
            if outcome.error == nil {
                #expect(values.count == 3000)
            } else {
                interruptions += 1
                #expect(
                    outcome.reason
                        == "the job's process was killed by signal 9 (SIGKILL): out of memory?")
            }
        }
        #expect(interruptions > 0)
    }
}

@Suite(.serialized) struct StopRequestsTests {
    @Test func signalsAreCounted() throws {
        let stop = try StopRequests()
        stop.listenForSignals()
        #expect(stop.count == 0)
        // To the process, as Ctrl-C does: the threads of a dispatch queue block signals.
        var expected = 0
        for number in [SIGTERM, SIGHUP, SIGINT] {
            kill(getpid(), number)
            expected += 1
            for _ in 0..<200 where stop.count < expected { usleep(10_000) }
            #expect(stop.count == expected)
        }
        stop.stopListening()
    }

    @Test func wishesAreCountedOnce() throws {
        let stop = try StopRequests()
        for _ in 0..<100 { stop.send() }
        #expect(stop.count == 100)
        #expect(stop.count == 100)
    }
}
