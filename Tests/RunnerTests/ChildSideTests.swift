import Basics
import Experiments
import Testing

@testable import Runner

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

@Suite struct ChildSideTests {
    /// Both sides of a conversation in one process: the child's in a thread of its own.
    private func converse(
        sending input: [UInt8], closesInput: Bool = false,
        executor: @escaping @Sendable (ChildAssignment) throws -> any JobExecutor
    ) throws -> (messages: [ChildMessage], code: Int32) {
        let toChild = try SystemCalls.makePipe()
        let fromChild = try SystemCalls.makePipe()
        let result = Transcript()
        try SystemCalls.startThread {
            let value = ChildSide.serve(
                input: toChild.readEnd, output: fromChild.writeEnd,
                runnerIsGone: { close(toChild.readEnd) }, makeExecutor: executor)
            result.add("code \(value)")
            close(fromChild.writeEnd)
        }
        try SystemCalls.writeAll(input, to: toChild.writeEnd)
        if closesInput { close(toChild.writeEnd) }
        var messages: [ChildMessage] = []
        var lines = LineBuffer(limit: 1 << 24)
        var chunk = [UInt8](repeating: 0, count: 777)
        while case .bytes(let count) = chunk.withUnsafeMutableBytes({
            SystemCalls.read(fromChild.readEnd, into: $0)
        }) {
            for line in chunk[..<count].withUnsafeBytes({ lines.append($0) }) {
                messages.append(try ChildMessage.parse(line))
            }
        }
        close(fromChild.readEnd)
        if !closesInput { close(toChild.writeEnd) }
        return (messages, result.all.contains("code 0") ? 0 : 1)
    }

    private func assignmentLine(_ resources: [String: String] = [:]) throws -> [UInt8] {
        let assignment = ChildAssignment(job: try sampleJob("a"), resources: resources)
        return Array((try JSON.text(assignment) + "\n").utf8)
    }

    @Test func jobAndResourcesArriveAndEventsComeBack() throws {
        let question = String(repeating: "line\n\"quoted\" ä 🙂 \u{1}", count: 5000)
        let sample = EvaluatedSample(
            index: 3, subject: "s", question: question, logProbabilities: [-0.1, -1e-300],
            prediction: "A", answer: "B", isCorrect: false)
        let timing = TimingSample(name: "tg", repetition: 0, tokens: 1, nanoseconds: .max)
        let (messages, code) = try converse(sending: assignmentLine(["model": "/m.gguf"])) {
            #expect($0.resources == ["model": "/m.gguf"])
            return FakeExecutor { job, report in
                #expect(try job == sampleJob("a"))
                try report(.sample(sample))
                try report(.timing(timing))
            }
        }
        #expect(messages == [.event(.sample(sample)), .event(.timing(timing)), .finished])
        #expect(code == 0)
    }

    @Test func finishedWorkArrivesWithTheJob() throws {
        let work: [JobEvent] = [
            .timing(TimingSample(name: "pp8", repetition: 0, tokens: 8, nanoseconds: 7)),
            .record(JobRecord(kind: "step", index: 0, values: ["loss": .number(1.5)])),
            .sample(
                EvaluatedSample(
                    index: 0, subject: "s", question: "q", logProbabilities: [-1],
                    prediction: "A", answer: "A", isCorrect: true)),
        ]
        let assignment = ChildAssignment(job: try sampleJob("a"), resources: [:])
        let input = try assignment.lines(resuming: CompletedWork(work))
        let (messages, _) = try converse(sending: input) { _ in
            ResumingExecutor { completed, report in
                for event in completed.events { try report(event) }
            }
        }
        #expect(messages == work.map { .event($0) } + [.finished])
    }

    @Test func failuresAreReported() throws {
        struct Odd: Error, CustomStringConvertible { let description = "tensor 'x' is missing." }
        let cases: [(any Error & Sendable, ChildMessage)] = [
            (JobFailure.failed(reason: "r"), .failed(reason: "r")),
            (JobFailure.skipped(reason: "r"), .skipped(reason: "r")),
            (Odd(), .failed(reason: "tensor 'x' is missing.")),
        ]
        for (error, message) in cases {
            let (messages, code) = try converse(sending: assignmentLine()) { _ in
                FakeExecutor { _, _ in throw error }
            }
            #expect(messages == [message])
            #expect(code == 1)
            #expect(
                try converse(sending: assignmentLine()) { _ in throw error }.messages == [message])
        }
    }

    @Test func numbersThatJSONCannotWriteAreNamed() throws {
        let (messages, _) = try converse(sending: assignmentLine()) { _ in
            FakeExecutor { _, report in try report(sampleMetric(.nan)) }
        }
        #expect(
            messages == [
                .failed(
                    reason: "the metric 'acc' cannot be written as JSON: is a number not finite?")
            ])
    }

    @Test func brokenAssignments() throws {
        let cases: [(String, Bool, String)] = [
            ("", true, "the runner went away before it named the job."),
            ("{\"version\":2", true, "the runner went away before it named the job."),
            (
                "hello\n", false,
                "the job's process got a line that is not an assignment: 'hello'."
            ),
        ]
        for (text, closes, reason) in cases {
            let (messages, code) = try converse(sending: Array(text.utf8), closesInput: closes) {
                _ in FakeExecutor { _, _ in }
            }
            #expect(messages == [.failed(reason: reason)])
            #expect(code == 1)
        }
    }

    @Test func assignmentOfAnotherVersionIsRefused() throws {
        var assignment = ChildAssignment(job: try sampleJob("a"), resources: [:])
        assignment.version = 7
        let line = Array((try JSON.text(assignment) + "\n").utf8)
        let (messages, _) = try converse(sending: line) { _ in FakeExecutor { _, _ in } }
        guard case .failed(let reason)? = messages.first else {
            Issue.record("expected a failure, found \(messages)")
            return
        }
        #expect(reason.contains("speaks version 7 of the protocol, the runner speaks 2"))
    }

    @Test func goneRunnerIsNoticedWhileTheJobRuns() throws {
        let toChild = try SystemCalls.makePipe()
        let fromChild = try SystemCalls.makePipe()
        let noticed = Transcript()
        try SystemCalls.writeAll(assignmentLine(), to: toChild.writeEnd)
        let code = ChildSide.serve(
            input: toChild.readEnd, output: fromChild.writeEnd,
            runnerIsGone: { noticed.add("gone") }
        ) { _ in
            FakeExecutor { _, _ in
                usleep(50_000)
                #expect(noticed.all.isEmpty)
                close(toChild.writeEnd)
                for _ in 0..<300 where noticed.all.isEmpty { usleep(10_000) }
                #expect(noticed.all == ["gone"])
            }
        }
        #expect(code == 0)
        for descriptor in [toChild.readEnd, fromChild.readEnd, fromChild.writeEnd] {
            close(descriptor)
        }
    }

    @Test func writingToAGoneRunnerStopsTheJob() throws {
        SystemCalls.ignoreBrokenPipes()
        let toChild = try SystemCalls.makePipe()
        let fromChild = try SystemCalls.makePipe()
        close(fromChild.readEnd)
        try SystemCalls.writeAll(assignmentLine(), to: toChild.writeEnd)
        let events = Transcript()
        let code = ChildSide.serve(
            input: toChild.readEnd, output: fromChild.writeEnd,
            runnerIsGone: { close(toChild.readEnd) }
        ) { _ in
            FakeExecutor { _, report in
                events.add("before")
                try report(sampleMetric(1))
                events.add("after")
            }
        }
        #expect(code == 1)
        #expect(events.all == ["before"])
        close(toChild.writeEnd)
        close(fromChild.writeEnd)
    }

    @Test func progressIsThinnedOut() {
        var throttle = ProgressThrottle()
        func passes(_ phase: String, _ completed: Int, at now: Double) -> Bool {
            throttle.passes(
                .progress(JobProgress(phase: phase, completed: completed, total: 10)), now: now)
        }
        #expect(passes("a", 0, at: 0))
        #expect(!passes("a", 1, at: 0.05))
        #expect(passes("a", 2, at: 0.11))
        #expect(!passes("a", 3, at: 0.2))
        #expect(passes("b", 3, at: 0.2))
        #expect(passes("b", 10, at: 0.201))
        let passesMetric = throttle.passes(sampleMetric(1), now: 0.201)
        #expect(passesMetric)
    }
}

@Suite struct LineBufferTests {
    @Test func anySplitGivesTheSameLines() throws {
        var random = SeededGenerator(seed: 42)
        for round in 0..<200 {
            let lines = (0..<Int.random(in: 0..<8, using: &random)).map { _ in
                let length = [0, 1, 2, 100, 5000].randomElement(using: &random) ?? 0
                return (0..<length).map { _ in
                    UInt8.random(in: 11...255, using: &random)
                }
            }
            let rest: [UInt8] = round.isMultiple(of: 2) ? [] : [65, 66]
            let stream = lines.flatMap { $0 + [10] } + rest
            var buffer = LineBuffer(limit: 1 << 20)
            var found: [[UInt8]] = []
            var position = 0
            while position < stream.count {
                let end = min(stream.count, position + Int.random(in: 1...700, using: &random))
                stream[position..<end].withUnsafeBytes { found += buffer.append($0) }
                position = end
            }
            #expect(found == lines, "round \(round)")
            #expect(buffer.unfinished == rest)
        }
    }

    @Test func endlessLinesAreNoticed() {
        var buffer = LineBuffer(limit: 10)
        let ten = [UInt8](repeating: 1, count: 10).withUnsafeBytes { buffer.append($0) }
        #expect(ten.isEmpty && !buffer.isOverLimit)
        let one = [UInt8(1)].withUnsafeBytes { buffer.append($0) }
        #expect(one.isEmpty)
        #expect(buffer.isOverLimit)
    }

    @Test(arguments: [
        ("nothing", "", nil),
        ("last line", "one\ntwo\n\n", "two"),
        ("Swift's", "Fatal error: boom\nCurrent stack trace:\n0  x\n", "Fatal error: boom"),
        (
            "C's", "Program crashed: Bad pointer\nBacktrace took 1 s\n",
            "Program crashed: Bad pointer"
        ),
        ("both", "Fatal error: boom\nProgram crashed: Illegal\n", "Fatal error: boom"),
        ("without end", "one\ntw", "tw"),
    ])
    func tellingLine(name: String, text: String, expected: String?) {
        var words = LastWords()
        _ = Array(text.utf8).withUnsafeBytes { words.append($0) }
        #expect(words.tellingLine == expected, "\(name)")
    }

    @Test func fatalErrorOutlivesALongBacktrace() {
        var words = LastWords()
        func say(_ text: String) -> [String] {
            Array(text.utf8).withUnsafeBytes { words.append($0) }
        }
        #expect(say("Fatal error: boom\n0 main\n1 li").count == 2)
        #expect(say("ne\n") == ["1 line"])
        for _ in 0..<1000 { _ = say("frame of a hundred characters or so\n") }
        #expect(words.tellingLine == "Fatal error: boom")
    }

    @Test func endlessLineOfStderrIsCut() {
        var words = LastWords()
        let block = [UInt8](repeating: UInt8(ascii: "x"), count: 50_000)
        for _ in 0..<10 { _ = block.withUnsafeBytes { words.append($0) } }
        #expect(words.tellingLine == String(repeating: "x", count: 300) + "...")
    }
}
