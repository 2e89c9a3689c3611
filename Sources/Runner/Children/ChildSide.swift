import Basics
import Experiments

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// What the hidden subcommand does in a job's process.
///
/// Ctrl-C does not come here (the process group is its own); the runner asks with SIGTERM, and
/// then the unit of work at hand is finished, if it takes no longer than the runner waits. And when the runner is gone, however it went, the process ends itself.
package enum ChildSide {
    /// Reads the assignment from stdin, runs it and reports on stdout.
    ///
    /// From here on stdin reads nothing and stdout is stderr: a stray `print` cannot spoil the
    /// conversation, and helpers do not inherit it.
    ///
    /// - Parameter makeExecutor: gives what runs the job, with the assignment's resources.
    /// - Returns: the code to exit with.
    package static func run(
        makeExecutor: (ChildAssignment) throws -> any JobExecutor
    ) -> Int32 {
        SystemCalls.ignoreBrokenPipes()
        SystemCalls.nameProcess("billion-job")
        do {
            let input = try SystemCalls.duplicateAboveStandard(0)
            let output = try SystemCalls.duplicateAboveStandard(1)
            detachStandardStreams()
            PoliteStop.listen()
            return serve(
                input: input, output: output, runnerIsGone: endProcessGroup,
                makeExecutor: makeExecutor)
        } catch {
            try? SystemCalls.writeAll(Array("billion: \(error)\n".utf8), to: 2)
            return 1
        }
    }

    /// The conversation itself, on any two descriptors.
    ///
    /// - Parameter runnerIsGone: called on another thread when `input` ends.
    static func serve(
        input: Int32, output: Int32, runnerIsGone: @escaping @Sendable () -> Void,
        makeExecutor: (ChildAssignment) throws -> any JobExecutor
    ) -> Int32 {
        let writer = MessageWriter(descriptor: output)
        do {
            let (assignment, completed) = try readAssignment(from: input)
            try watch(input, runnerIsGone: runnerIsGone)
            var throttle = ProgressThrottle()
            try makeExecutor(assignment).execute(assignment.job, resuming: completed) { event in
                if throttle.passes(event, now: SystemCalls.monotonicSeconds()) {
                    try writer.send(.event(event))
                }
                if PoliteStop.isDue(after: event) { throw JobFailure.interrupted }
            }
            try writer.send(.finished)
            return 0
        } catch {
            try? writer.send(message(for: error))
            return 1
        }
    }

    private static func message(for error: any Error) -> ChildMessage {
        switch error {
        case JobFailure.skipped(let reason): .skipped(reason: reason)
        case JobFailure.failed(let reason): .failed(reason: reason)
        case JobFailure.interrupted: .interrupted
        default: .failed(reason: "\(error)")
        }
    }

    /// Reads the first line and the finished work that it announces.
    private static func readAssignment(from descriptor: Int32) throws -> (
        ChildAssignment, CompletedWork
    ) {
        var lines = LineBuffer(limit: ChildSession.lineLimit)
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        var assignment: ChildAssignment?
        var events: [JobEvent] = []
        while true {
            let result = chunk.withUnsafeMutableBytes { SystemCalls.read(descriptor, into: $0) }
            guard case .bytes(let count) = result else {
                throw JobFailure.failed(reason: "the runner went away before it named the job.")
            }
            let whole = chunk[..<count].withUnsafeBytes { lines.append($0) }
            if lines.isOverLimit { throw ChildProtocolError.lineTooLong(limit: lines.limit) }
            for line in whole {
                if assignment == nil {
                    let first = try decode(ChildAssignment.self, line, what: "an assignment")
                    guard first.version == ChildMessage.protocolVersion else {
                        throw ChildProtocolError.version(first.version)
                    }
                    assignment = first
                } else {
                    events.append(try decode(JobEvent.self, line, what: "finished work"))
                }
            }
            if let assignment, events.count >= assignment.completedEvents {
                return (assignment, CompletedWork(events))
            }
        }
    }

    private static func decode<Value: Decodable>(
        _ type: Value.Type, _ line: [UInt8], what: String
    ) throws -> Value {
        let text = String(decoding: line, as: UTF8.self)
        do { return try JSON.decode(type, from: text) } catch {
            throw JobFailure.failed(
                reason: "the job's process got a line that is not \(what): "
                    + "'\(ReasonText.oneLine(text.prefix(400), limit: 120))'.")
        }
    }

    /// Waits, on a thread of its own, for the end of the pipe that the runner holds.
    private static func watch(_ descriptor: Int32, runnerIsGone: @escaping @Sendable () -> Void)
        throws(RunnerError)
    {
        try SystemCalls.startThread {
            var chunk = [UInt8](repeating: 0, count: 256)
            while case .bytes = chunk.withUnsafeMutableBytes({
                SystemCalls.read(descriptor, into: $0)
            }) {}
            runnerIsGone()
        }
    }

    private static func detachStandardStreams() {
        dup2(2, 1)
        let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
        if null >= 0 {
            dup2(null, 0)
            close(null)
        }
    }

    /// Ends this process and its helpers at once; there is nobody left to tell.
    @Sendable private static func endProcessGroup() {
        // Started by hand the group may be a shell's script: then only this process ends.
        if getpgrp() == getpid() { kill(0, SIGKILL) }
        _exit(1)
    }
}

/// Writes messages, each flushed whole.
struct MessageWriter {
    let descriptor: Int32

    func send(_ message: ChildMessage) throws {
        let line: [UInt8]
        do {
            line = try message.line()
        } catch {
            throw JobFailure.failed(
                reason: "\(Self.name(message)) cannot be written as JSON: is a number not finite?")
        }
        try SystemCalls.writeAll(line, to: descriptor)
    }

    private static func name(_ message: ChildMessage) -> String {
        switch message {
        case .event(.metric(let metric)): "the metric '\(metric.name)'"
        case .event(.fact(let name, _)): "the fact '\(name)'"
        case .event(.sample(let sample)): "the sample \(sample.index)"
        case .event(.record(let record)): "the record '\(record.kind)' \(record.index)"
        default: "a message"
        }
    }
}

/// Thins progress out, so that telling it does not disturb what is measured.
struct ProgressThrottle {
    private static let interval = 0.1
    private var last: (phase: String, time: Double)?

    /// Whether an event is to be sent: everything but progress, new phases, their ends, what
    /// follows results (the store commits at a progress), and ten a second of the rest.
    mutating func passes(_ event: JobEvent, now: Double) -> Bool {
        guard case .progress(let progress) = event else {
            last = nil
            return true
        }
        if let last, last.phase == progress.phase, progress.completed < progress.total,
            now - last.time < Self.interval
        {
            return false
        }
        last = (progress.phase, now)
        return true
    }
}
