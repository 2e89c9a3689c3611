import Basics
import Experiments

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The conversation with one job's process, from its assignment to its end.
///
/// One thread, one `poll`: it wakes for output, for a wish to stop and for the next deadline.
struct ChildSession {
    /// Why the runner ended the process, where it was the runner.
    private enum Ending {
        case interrupted
        case timeLimit
        case resultLimit
        case memoryLimit
        case silent
    }

    /// A line is one event; a sample with a long question has some hundred kilobytes.
    static let lineLimit = 64 << 20
    /// How long `poll` sleeps at most.
    ///
    /// A process whose helper keeps its stdout open ends without
    /// waking us.
    private static let tick = 0.25
    /// The same when stdout has ended, for then the process ends any moment.
    private static let shortTick = 0.005
    /// After so long without a word it is said that the job lives, for whoever watches the run.
    private static let silence = 1.0
    /// Seconds between two looks at the memory of a job with a limit, however much it talks.
    private static let memoryInterval = 0.2
    /// A machine that slept for longer is said to have slept.
    private static let shortestSleep = 0.5

    private let child: ChildProcess
    private let group: ControlGroup?
    private let policy: RunPolicy
    private let stop: StopRequests
    private let isVerbose: Bool
    private let note: (String) -> Void
    private let log: JobLog?

    private var unsent: ArraySlice<UInt8>
    private var lines = LineBuffer(limit: ChildSession.lineLimit)
    private var lastWords = LastWords()
    private var chunk = [UInt8](repeating: 0, count: 1 << 16)
    private var outcome: ChildMessage?
    private var ending: Ending?
    private var stopsSeen = 0
    private let startTime = SystemCalls.monotonicSeconds()
    private var lastEventTime = SystemCalls.monotonicSeconds()
    private var lastResultTime = SystemCalls.monotonicSeconds()
    private var lastProgress = JobProgress(phase: "starting", completed: 0, total: 0)
    private var exitDeadline: Double?
    private var killTime: Double?
    private var memory: GroupMemory
    private var nextMemoryLook = 0.0
    private let memoryKillsBefore = ProcessTable.memoryKills()
    private var sleptBefore = SystemCalls.suspendedSeconds()
    private var sleptSeconds = 0.0

    init(
        child: ChildProcess, group: ControlGroup? = nil, input: [UInt8], policy: RunPolicy,
        stop: StopRequests,
        isVerbose: Bool, note: @escaping (String) -> Void, log: JobLog? = nil
    ) {
        self.log = log
        memory = GroupMemory(group: child.pid)
        self.child = child
        self.group = group
        self.policy = policy
        self.stop = stop
        self.isVerbose = isVerbose
        self.note = note
        unsent = input[...]
    }

    /// - Throws: `JobFailure`, or what `report` throws.
    mutating func run(report: (JobEvent) throws -> Void) throws {
        do {
            while !child.hasExited() {
                keepDeadlines()
                sleepUntilSomethingHappens()
                sendInput()
                readErrors()
                try readOutput(report)
                try breakSilence(report)
            }
            // Helpers go first, so that what is read below comes to an end.
            child.signalGroup(SIGKILL)
            readErrors()
            try readOutput(report)
        } catch let error as ChildProtocolError {
            child.end()
            if ending == .interrupted { throw JobFailure.interrupted }
            throw JobFailure.failed(reason: ReasonText.sentence(error.description))
        }
        try judge(child.end())
    }

    // MARK: - Time and signals

    private mutating func keepDeadlines() {
        let now = SystemCalls.monotonicSeconds()
        let stops = stop.count
        if stops > 0, stopsSeen == 0 {
            note("stopping the current job; once more stops it at once")
            askToEnd(.interrupted, now)
        }
        if stops > 1, stopsSeen < 2 { child.signalGroup(SIGKILL) }
        stopsSeen = stops
        if outcome == nil, ending == nil {
            if let deadline = policy.deadline, SystemCalls.wallSeconds() >= deadline {
                note("the time is up: stopping the current job")
                askToEnd(.interrupted, now)
            } else if let limit = policy.timeLimitSeconds, now >= startTime + limit {
                askToEnd(.timeLimit, now)
            } else if let limit = policy.resultLimitSeconds, now >= lastResultTime + limit {
                askToEnd(.resultLimit, now)
            }
        }
        if let limit = policy.memoryLimitBytes, ending != .memoryLimit, now >= nextMemoryLook {
            nextMemoryLook = now + Self.memoryInterval
            if let resident = memory.residentBytes(now: now), resident > limit {
                // At once: until a polite end the machine may have no memory left.
                ending = ending ?? .memoryLimit
                child.signalGroup(SIGKILL)
            }
        }
        if let time = exitDeadline, now >= time {
            exitDeadline = nil
            if ending == nil, outcome == nil { ending = .silent }
            child.signalGroup(SIGKILL)
        }
        if let time = killTime, now >= time {
            killTime = nil
            child.signalGroup(SIGKILL)
        }
    }

    private mutating func askToEnd(_ reason: Ending, _ now: Double) {
        if ending == nil { ending = reason }
        child.signalGroup(SIGTERM)
        // A stopped process (SIGSTOP) sees TERM only when it goes on.
        child.signalGroup(SIGCONT)
        if killTime == nil { killTime = now + policy.stopGraceSeconds }
    }

    private func sleepUntilSomethingHappens() {
        let now = SystemCalls.monotonicSeconds()
        var seconds = child.output < 0 ? Self.shortTick : Self.tick
        for time in [exitDeadline, killTime] { if let time { seconds = min(seconds, time - now) } }
        if ending == nil, outcome == nil {
            if let limit = policy.timeLimitSeconds {
                seconds = min(seconds, startTime + limit - now)
            }
            if let limit = policy.resultLimitSeconds {
                seconds = min(seconds, lastResultTime + limit - now)
            }
        }
        let readable = Int16(POLLIN)
        var entries = [
            pollfd(fd: child.output, events: readable, revents: 0),
            pollfd(fd: child.errors, events: readable, revents: 0),
            pollfd(fd: stop.descriptor, events: readable, revents: 0),
            pollfd(fd: unsent.isEmpty ? -1 : child.input, events: Int16(POLLOUT), revents: 0),
        ]
        // Rounded up, or the last millisecond would be spent spinning.
        let milliseconds = Int32((max(0, seconds) * 1000).rounded(.up))
        // An interruption is as good as an event: the loop looks at everything anyway.
        _ = poll(&entries, nfds_t(entries.count), milliseconds)
    }

    /// Says that the job lives, and that the machine has slept.
    private mutating func breakSilence(_ report: (JobEvent) throws -> Void) throws {
        let slept = SystemCalls.suspendedSeconds() - sleptBefore
        if slept > Self.shortestSleep {
            sleptBefore += slept
            sleptSeconds += slept
            lastResultTime = SystemCalls.monotonicSeconds()
            note("the machine slept for \(DurationText.plain(slept))")
            try report(.fact(name: "suspended_seconds", value: .number(sleptSeconds)))
        }
        guard outcome == nil else { return }
        let now = SystemCalls.monotonicSeconds()
        guard now - lastEventTime >= Self.silence else { return }
        lastEventTime = now
        try report(.alive)
    }

    // MARK: - Pipes

    /// Sends what the pipe takes; stdin stays open afterwards, its end means that we are gone.
    private mutating func sendInput() {
        while !unsent.isEmpty {
            let count = unsent.withUnsafeBytes { rest in
                SystemCalls.retrying { write(child.input, rest.baseAddress, rest.count) }
            }
            if count > 0 {
                unsent.removeFirst(count)
                continue
            }
            // A process that does not read tells why by how it ends.
            if errno != EAGAIN && errno != EWOULDBLOCK { unsent = [] }
            return
        }
    }

    private mutating func readOutput(_ report: (JobEvent) throws -> Void) throws {
        // Bounded, so that a process that never stops talking cannot keep us from the clock.
        for _ in 0..<64 where child.output >= 0 {
            let result = chunk.withUnsafeMutableBytes { SystemCalls.read(child.output, into: $0) }
            switch result {
            case .bytes(let count):
                let whole = chunk[..<count].withUnsafeBytes { lines.append($0) }
                for line in whole { try take(line, report) }
                if lines.isOverLimit { throw ChildProtocolError.lineTooLong(limit: lines.limit) }
            case .wouldBlock:
                return
            case .endOfFile, .failed:
                child.closeOutput()
                expectExit()
            }
        }
    }

    private mutating func take(_ line: [UInt8], _ report: (JobEvent) throws -> Void) throws {
        guard outcome == nil else { return }
        switch try ChildMessage.parse(line) {
        case .event(let event):
            lastEventTime = SystemCalls.monotonicSeconds()
            if case .progress(let step) = event {
                if step != lastProgress { lastResultTime = lastEventTime }
                lastProgress = step
            } else {
                lastResultTime = lastEventTime
            }
            try report(event)
        case .finished:
            outcome = .finished
            expectExit()
        case let message:
            // What a process says while it is being stopped is about the stopping.
            if ending == nil { outcome = message }
            expectExit()
        }
    }

    private mutating func expectExit() {
        guard exitDeadline == nil else { return }
        exitDeadline = SystemCalls.monotonicSeconds() + policy.exitGraceSeconds
    }

    private mutating func readErrors() {
        for _ in 0..<64 where child.errors >= 0 {
            let result = chunk.withUnsafeMutableBytes { SystemCalls.read(child.errors, into: $0) }
            switch result {
            case .bytes(let count):
                log?.append(chunk[..<count])
                chunk[..<count].withUnsafeBytes { bytes in
                    for line in lastWords.append(bytes) where isVerbose { note(line) }
                }
            case .wouldBlock:
                return
            case .endOfFile, .failed:
                child.closeErrors()
            }
        }
    }

    // MARK: - The end

    private func judge(_ status: ExitStatus?) throws(JobFailure) {
        switch outcome {
        case .finished: return
        case .failed(let reason): throw .failed(reason: reason)
        case .skipped(let reason): throw .skipped(reason: reason)
        case .interrupted where ending == nil:
            if stop.count > 0 { throw .interrupted }
            throw .ended(.killed, reason: "a signal told it to stop.")
        case .event, .interrupted, nil: break
        }
        let lastWords = self.lastWords.tellingLine.map { " Its last words: \($0)" } ?? ""
        switch ending {
        case .interrupted:
            throw .interrupted
        case .timeLimit:
            let limit = DurationText.plain(policy.timeLimitSeconds ?? 0)
            throw .ended(.timedOut, reason: "time limit of \(limit) exceeded.")
        case .resultLimit:
            let limit = DurationText.plain(policy.resultLimitSeconds ?? 0)
            throw .ended(
                .timedOut,
                reason: "no result for \(limit), at '\(lastProgress.phase)'." + lastWords)
        case .memoryLimit:
            throw overMemoryLimit
        case .silent:
            throw .ended(
                .crashed,
                reason: "the job's process closed its output without an outcome and did not end."
                    + lastWords)
        case nil:
            break
        }
        switch status {
        case .killed(SIGKILL) where group?.wasKilledForMemory == true:
            throw overMemoryLimit
        case .killed(SIGKILL) where wasKilledForMemory:
            let peak =
                memory.peakBytes > 0
                ? " Its peak was \(NumberFormat.bytes(memory.peakBytes))." : ""
            throw .ended(
                .outOfMemory, reason: "the system killed it for want of memory." + peak)
        case .killed(let signal):
            throw .ended(
                SignalName.comesFromOutside(signal) ? .killed : .crashed,
                reason: ReasonText.sentence(
                    "the job's process was killed by \(SignalName.sentence(signal))") + lastWords)
        case .exited(let code):
            throw .ended(
                .crashed,
                reason: "the job's process exited with code \(code) without an outcome."
                    + lastWords)
        case nil:
            throw .ended(
                .killed, reason: "the job's process was lost: the system does not know it.")
        }
    }

    private var overMemoryLimit: JobFailure {
        let peak = NumberFormat.bytes(max(memory.peakBytes, group?.peakBytes ?? 0))
        let limit = NumberFormat.bytes(policy.memoryLimitBytes ?? 0)
        return .ended(.outOfMemory, reason: "it held \(peak); a job may hold \(limit).")
    }

    /// Whether the system has killed somebody for memory while the job ran.
    private var wasKilledForMemory: Bool {
        guard let before = memoryKillsBefore, let now = ProcessTable.memoryKills() else {
            return false
        }
        return now > before
    }
}
