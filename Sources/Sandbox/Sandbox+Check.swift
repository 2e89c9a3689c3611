import Basics

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension Sandbox {
    /// Runs a program against its tests and waits for the verdict.
    ///
    /// Both processes, and everything they started, are gone when it returns. Thread-safe; must
    /// not be interrupted by the end of the calling thread, with which the processes end.
    package func check(_ program: CheckedProgram) throws(SandboxError) -> CheckOutcome {
        let task: [UInt8]
        do {
            task = Array(try JSON.data(program))
        } catch {
            throw .broken("sandbox: the program cannot be written as JSON: \(error).")
        }
        var folder: TemporaryWorkFolder?
        var sandbox = self
        if isolation == .none {
            let made = try TemporaryWorkFolder()
            sandbox = Sandbox(
                isolation: isolation, python: python, layers: layers, limits: limits,
                command: command.inFolder(made.path))
            folder = made
        }
        defer { withExtendedLifetime(folder) {} }
        return try CheckSession(sandbox, task: task).run()
    }
}

extension SandboxCommand {
    fileprivate func inFolder(_ path: String) -> SandboxCommand {
        var copy = self
        copy.workFolder = path
        return copy
    }
}

/// A folder of its own for a program that is not isolated, removed with what is in it.
private final class TemporaryWorkFolder {
    let path: String

    init() throws(SandboxError) {
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array(FileSystem.join(base, "billion-check.XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else {
            throw .broken("sandbox: \(base): cannot make a folder: \(BasicsError.reason(errno)).")
        }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit { try? FileSystem.remove(path) }
}

/// The descriptors of one check, and what has been read from them.
private final class CheckSession {
    private let limits: SandboxLimits
    private let judge: SandboxedProcess
    private let candidate: SandboxedProcess
    private let forked: Int64
    private var task: ArraySlice<UInt8>
    private var taskInput: Descriptor
    private var verdicts: Descriptor
    private var outputs: [Descriptor]
    private var reports = ReportReader()
    private var kept: [[UInt8]] = [[], []]

    init(_ sandbox: Sandbox, task: [UInt8]) throws(SandboxError) {
        limits = sandbox.limits
        self.task = task[...]
        let (taskEnd, taskInput) = try Descriptor.pipe()
        let (verdicts, verdictEnd) = try Descriptor.pipe()
        let (judgeOutput, judgeOutputEnd) = try Descriptor.pipe()
        let (candidateOutput, candidateOutputEnd) = try Descriptor.pipe()
        let (requests, requestEnd) = try Descriptor.pipe()
        let (answers, answerEnd) = try Descriptor.pipe()
        let null = try Descriptor.null()
        self.taskInput = taskInput
        self.verdicts = verdicts
        outputs = [candidateOutput, judgeOutput]
        candidate = try sandbox.start(
            CandidateScript.text,
            descriptors: [
                null.number, candidateOutputEnd.number, candidateOutputEnd.number,
                requests.number, answerEnd.number,
            ])
        forked = monotonicNanoseconds()
        judge = try sandbox.start(
            JudgeScript.text,
            descriptors: [
                taskEnd.number, judgeOutputEnd.number, judgeOutputEnd.number, answers.number,
                requestEnd.number, verdictEnd.number,
            ])
        taskInput.setNonBlocking()
        // The numbers must stay ours until both processes have them.
        withExtendedLifetime(
            [
                taskEnd, verdictEnd, judgeOutputEnd, candidateOutputEnd, requests, requestEnd,
                answers, answerEnd, null,
            ]
        ) {}
    }

    /// Feeds the judge, drains all output, and ends both processes when there is a verdict or no
    /// more time.
    func run() throws(SandboxError) -> CheckOutcome {
        var deadline = ContinuousClock.now + limits.startTime
        var begun: ContinuousClock.Instant?
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
        defer { buffer.deallocate() }
        while reports.verdict == nil, !reports.isBroken {
            let left = deadline - ContinuousClock.now
            if left <= .zero { break }
            step(waiting: left, buffer)
            if begun == nil, reports.hasBegun {
                begun = ContinuousClock.now
                deadline = ContinuousClock.now + limits.time
            }
        }
        let end = ContinuousClock.now
        // The candidate first: while it lives it may write.
        candidate.end()
        judge.end()
        for index in outputs.indices { drain(index, buffer) }
        guard let begun else {
            let said =
                String(decoding: kept[1] + kept[0], as: UTF8.self)
                .split(separator: "\n").last.map { " It said: \($0)" } ?? ""
            throw .broken(
                "sandbox: Python did not start within \(limits.startTime).\(said)")
        }
        // A judge that ended without a verdict has failed at reading the program or the tests.
        let verdict: Verdict = reports.verdict ?? (end >= deadline ? .timedOut : .vanished)
        return CheckOutcome(
            verdict: verdict, duration: end - begun,
            startDuration: .nanoseconds((reports.firstLine ?? forked) - forked), output: kept[0])
    }

    private func step(waiting: Duration, _ buffer: UnsafeMutableRawBufferPointer) {
        let seconds = waiting.components
        let milliseconds = min(
            1000, seconds.seconds * 1000 + seconds.attoseconds / 1_000_000_000_000_000 + 1)
        let input = Int16(POLLIN)
        var waited = [
            pollfd(fd: verdicts.number, events: input, revents: 0),
            pollfd(fd: outputs[0].number, events: input, revents: 0),
            pollfd(fd: outputs[1].number, events: input, revents: 0),
            pollfd(fd: taskInput.number, events: Int16(POLLOUT), revents: 0),
        ]
        guard poll(&waited, 4, Int32(milliseconds)) > 0 else { return }
        if waited[1].revents != 0 { readOutput(0, buffer) }
        if waited[2].revents != 0 { readOutput(1, buffer) }
        if waited[3].revents != 0 { feed() }
        if waited[0].revents != 0 {
            let count = verdicts.read(into: buffer)
            if count > 0 {
                reports.take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            } else {
                reports.isBroken = true
            }
        }
    }

    private func feed() {
        let count = task.withUnsafeBytes { write(taskInput.number, $0.baseAddress, $0.count) }
        if count > 0 { task = task.dropFirst(count) }
        let isOver = count < 0 && errno != EAGAIN && errno != EINTR
        if task.isEmpty || isOver { taskInput.close() }
    }

    private func readOutput(_ index: Int, _ buffer: UnsafeMutableRawBufferPointer) {
        let count = outputs[index].read(into: buffer)
        guard count > 0 else { return outputs[index].close() }
        let room = limits.outputBytes - kept[index].count
        kept[index] += buffer[..<min(count, max(0, room))]
    }

    /// What was written before the end; nobody can add to it any more.
    private func drain(_ index: Int, _ buffer: UnsafeMutableRawBufferPointer) {
        outputs[index].setNonBlocking()
        while outputs[index].number >= 0, kept[index].count < limits.outputBytes {
            readOutput(index, buffer)
        }
    }
}

/// The judge's reports: a letter, a length in four bytes, text.
private struct ReportReader {
    var isBroken = false
    private(set) var hasBegun = false
    private(set) var verdict: Verdict?
    /// When the judge's first line ran, on the monotonic clock.
    private(set) var firstLine: Int64?
    private var bytes: [UInt8] = []

    mutating func take(_ more: UnsafeRawBufferPointer) {
        bytes += more
        while bytes.count >= 5, verdict == nil {
            let length = (1...4).reversed().reduce(0) { $0 << 8 | Int(bytes[$1]) }
            // Texts are cut at 20,000 characters of at most four bytes.
            guard length <= 1 << 17 else { return isBroken = true }
            guard bytes.count >= 5 + length else { return }
            let text = String(decoding: bytes[5..<(5 + length)], as: UTF8.self)
            switch bytes[0] {
            case UInt8(ascii: "L"): firstLine = Int64(text)
            case UInt8(ascii: "B"): hasBegun = true
            case UInt8(ascii: "P"): verdict = .passed
            case UInt8(ascii: "F"): verdict = .failed(text)
            case UInt8(ascii: "E"): verdict = .vanished
            default: return isBroken = true
            }
            bytes.removeFirst(5 + length)
        }
    }
}
