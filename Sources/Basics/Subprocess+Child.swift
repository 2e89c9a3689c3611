#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A started child and our ends of its pipes; killed and waited for when dropped early.
final class ChildProcess {
    private let process: pid_t
    private let ownsGroup: Bool
    private var output: Int32
    private var errors: Int32
    private var lifeline: Int32 = -1
    private var status: Int32?
    private var isFinished = false

    init(_ command: Subprocess) throws(BasicsError) {
        guard let path = Subprocess.find(command.program, environment: command.environment) else {
            throw .programMissing(name: command.program)
        }
        var input = OpenInput()
        defer { input.closeChildEnd() }
        try input.open(command.input)
        let (outputEnd, childOutput) = try makePipe()
        defer { close(childOutput) }
        var outputOpen: Int32? = outputEnd
        defer { if let outputOpen { close(outputOpen) } }
        let (errorEnd, childErrors) = try makePipe()
        defer { close(childErrors) }

        // Only a child with a time limit leads its own group: the others stay in ours, where the
        // terminal's Ctrl-C reaches them.
        ownsGroup = command.timeLimit != nil
        var started: pid_t = 0
        let code = spawn(
            &started, path: path, arguments: [command.program] + command.arguments,
            environment: command.environment.map { "\($0.key)=\($0.value)" }.sorted(),
            descriptors: [input.childEnd, childOutput, childErrors], ownGroup: ownsGroup)
        guard code == 0 else {
            close(errorEnd)
            input.closeOwnEnd()
            throw .system(place: path, attempt: "start the program", code: code)
        }
        outputOpen = nil
        process = started
        output = outputEnd
        errors = errorEnd
        lifeline = input.ownEnd
    }

    deinit {
        if !isFinished {
            kill()
            reap()
        }
        for descriptor in [output, errors, lifeline] where descriptor >= 0 { close(descriptor) }
    }

    /// Ends the child, and its group where it leads one.
    private func kill() {
        if ownsGroup {
            _ = systemKill(-process, SIGKILL)
        } else if status == nil {
            _ = systemKill(process, SIGKILL)
        }
    }

    /// Waits for the child to end, once.
    private func reap() {
        guard status == nil else { return }
        var value: Int32 = 0
        status = retrying { waitpid(process, &value, 0) } == process ? value : 0
    }

    private func hasEnded() -> Bool {
        if status != nil { return true }
        var value: Int32 = 0
        if retrying({ waitpid(process, &value, WNOHANG) }) == process { status = value }
        return status != nil
    }

    func wait(
        timeLimit: Duration?, onOutput: (UnsafeRawBufferPointer) throws -> Void,
        onTick: () -> Void
    ) throws -> Subprocess.Outcome {
        let deadline = timeLimit.map { ContinuousClock.now + $0 }
        var errorBytes: [UInt8] = []
        var timedOut = false
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
        defer { buffer.deallocate() }
        var lastTick = ContinuousClock.now

        while output >= 0 || errors >= 0 || !hasEnded() {
            let ended = hasEnded()
            // With both pipes closed the end is a matter of moments.
            let pause: Int32 = output < 0 && errors < 0 ? 2 : 100
            let ready = waitForData(milliseconds: ended ? 0 : pause)
            try drain(&output, ready.output, buffer, onOutput)
            try drain(&errors, ready.errors, buffer) { errorBytes += $0 }
            // A process that the child has left behind may hold the pipes open for ever.
            if ended, !ready.output, !ready.errors { break }
            let now = ContinuousClock.now
            if now - lastTick >= .milliseconds(100) {
                lastTick = now
                onTick()
            }
            if let deadline, !timedOut, now >= deadline {
                timedOut = true
                kill()
            }
        }
        if ownsGroup { kill() }
        reap()
        isFinished = true
        let ending: Subprocess.Ending = timedOut ? .timedOut : Self.ending(status ?? 0)
        return Subprocess.Outcome(ending: ending, output: [], errors: errorBytes)
    }

    private static func ending(_ status: Int32) -> Subprocess.Ending {
        let signal = status & 0x7f
        return signal == 0 ? .exited((status >> 8) & 0xff) : .signalled(signal)
    }

    private func waitForData(milliseconds: Int32) -> (output: Bool, errors: Bool) {
        let events = Int16(POLLIN)
        var waiting = [
            pollfd(fd: output, events: events, revents: 0),
            pollfd(fd: errors, events: events, revents: 0),
        ]
        // Closed ends are -1, which poll passes over. An interruption is the same as no data.
        if poll(&waiting, 2, milliseconds) <= 0 { return (false, false) }
        return (waiting[0].revents != 0, waiting[1].revents != 0)
    }

    /// Reads once; at the end of the stream the descriptor is closed and becomes -1.
    private func drain(
        _ descriptor: inout Int32, _ ready: Bool, _ buffer: UnsafeMutableRawBufferPointer,
        _ take: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        guard ready, descriptor >= 0 else { return }
        let source = descriptor
        let count = retrying { systemRead(source, buffer.baseAddress, buffer.count) }
        if count > 0 {
            try take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        } else {
            close(descriptor)
            descriptor = -1
        }
    }
}

/// The child's standard input and, for a lifeline, our end of it.
private struct OpenInput {
    private(set) var childEnd: Int32 = -1
    private(set) var ownEnd: Int32 = -1

    mutating func open(_ input: Subprocess.Input) throws(BasicsError) {
        switch input {
        case .nothing:
            childEnd = systemOpen("/dev/null", O_RDONLY | O_CLOEXEC)
            guard childEnd >= 0 else { throw .last("/dev/null", "open it") }
        case .lifeline:
            (childEnd, ownEnd) = try makePipe()
        case .bytes(let bytes):
            // A nameless file, not a pipe: nothing to feed, and no signal when the child is gone.
            let path = (getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp") + "/billion-input"
            let (descriptor, name) = try FileSystem.makeTemporary(near: path)
            unlink(name)
            childEnd = descriptor
            try FileSystem.write(bytes, to: descriptor, named: name)
            guard lseek(descriptor, 0, SEEK_SET) == 0 else { throw .last(name, "rewind") }
        }
    }

    mutating func closeChildEnd() {
        if childEnd >= 0 { close(childEnd) }
        childEnd = -1
    }

    mutating func closeOwnEnd() {
        if ownEnd >= 0 { close(ownEnd) }
        ownEnd = -1
    }
}

/// A pipe (read end, write end) that no other child of ours inherits.
private func makePipe() throws(BasicsError) -> (Int32, Int32) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw .last("pipe", "make it") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
}

/// posix_spawn with everything that a clean child needs; the result is an error code or 0.
private func spawn(
    _ process: inout pid_t, path: String, arguments: [String], environment: [String],
    descriptors: [Int32], ownGroup: Bool
) -> Int32 {
    var actions = SpawnActions.make()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    var attributes = SpawnAttributes.make()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }

    for (target, descriptor) in descriptors.enumerated() {
        posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(target))
    }
    var flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | closeOthers(&actions)
    if ownGroup {
        flags |= POSIX_SPAWN_SETPGROUP
        posix_spawnattr_setpgroup(&attributes, 0)
    }
    posix_spawnattr_setflags(&attributes, Int16(flags))
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    for signal in [SIGINT, SIGTERM, SIGQUIT, SIGPIPE, SIGCHLD] { sigaddset(&signals, signal) }
    posix_spawnattr_setsigdefault(&attributes, &signals)

    return withCStrings(arguments) { arguments in
        withCStrings(environment) { environment in
            posix_spawn(&process, path, &actions, &attributes, arguments, environment)
        }
    }
}

/// Lends a null-terminated array of C strings.
private func withCStrings<Result>(
    _ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
) -> Result {
    let pointers = texts.map { strdup($0) }
    defer { for pointer in pointers { free(pointer) } }
    return body(pointers + [nil])
}

private func systemKill(_ process: pid_t, _ signal: Int32) -> Int32 { kill(process, signal) }

private func systemOpen(_ path: String, _ flags: Int32) -> Int32 { open(path, flags) }
