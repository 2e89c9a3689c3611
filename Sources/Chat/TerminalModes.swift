import Synchronization

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// How a terminal hands over keys, and its way back to how it was found.
///
/// The modes that were found are restored when this ends, when the process exits, and when a
/// signal ends it. One at a time per process.
package final class TerminalModes {
    private let descriptor: Int32
    private let found: termios

    /// Nil when the descriptor is no terminal.
    package init?(descriptor: Int32) {
        var modes = termios()
        guard isatty(descriptor) == 1, tcgetattr(descriptor, &modes) == 0 else { return nil }
        self.descriptor = descriptor
        found = modes
        foundModes = modes
        // Made before a handler could be the first to touch it.
        interruptions.store(0, ordering: .relaxed)
        for number in [
            SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGABRT, SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE,
        ] {
            signal(number, restoreAndEnd)
        }
        if wakePipe[0] < 0 { makeWakePipe() }
        signal(SIGWINCH, wakeReader)
        signal(SIGCONT, wakeReader)
        if !isExitPrepared {
            isExitPrepared = true
            atexit { restoreFoundModes() }
        }
    }

    deinit { restore() }

    /// Every key comes at once and as it is, Ctrl-C included; nothing is echoed.
    package func beginEditing() {
        let isFirst = changedTerminal < 0
        set(signals: false)
        // Pasted text comes between marks.
        if isFirst { writeStatic("\u{1B}[?2004h", to: descriptor) }
    }

    /// Keys wait unseen for the next line, but for Ctrl-C, which is counted.
    ///
    /// Between lines the modes that were found would take some keys for their own line editing.
    package func beginWaiting() {
        interruptions.store(0, ordering: .relaxed)
        signal(SIGINT, noteInterruption)
        set(signals: true)
    }

    package var interruptionCount: Int { interruptions.load(ordering: .relaxed) }

    /// Until the next line, Ctrl-C ends the program.
    package func letInterruptionsEnd() { signal(SIGINT, restoreAndEnd) }

    package func restore() { restoreFoundModes() }

    /// Readable when the line should be drawn again.
    ///
    /// The window's size has changed, or the program goes on after a stop: a byte in a pipe, which
    /// a wait that is only about to begin sees too.
    package var wakeDescriptor: Int32 { wakePipe[0] }

    package func clearWakes() {
        var bytes = [UInt8](repeating: 0, count: 64)
        while read(wakePipe[0], &bytes, bytes.count) > 0 {}
    }

    /// Gives the terminal to the shell until the program is called back.
    package func suspend() {
        restore()
        raise(SIGTSTP)
    }

    private func set(signals: Bool) {
        var modes = found
        modes.c_lflag &= ~tcflag_t(ICANON | ECHO | IEXTEN | (signals ? 0 : ISIG))
        modes.c_iflag &= ~tcflag_t(IXON | ICRNL | INLCR)
        withUnsafeMutableBytes(of: &modes.c_cc) { bytes in
            bytes[Int(VMIN)] = 1
            bytes[Int(VTIME)] = 0
            // Stopping in the middle of an answer would leave the shell with these modes.
            bytes[Int(VSUSP)] = Self.disabledKey
        }
        changedTerminal = descriptor
        tcsetattr(descriptor, TCSANOW, &modes)
    }
}

// What the handlers use: plain values that are set before them, because inside a handler nothing
// may be allocated or locked.
nonisolated(unsafe) private var foundModes = termios()
/// The terminal whose modes are not those found, or -1.
nonisolated(unsafe) private var changedTerminal: Int32 = -1
nonisolated(unsafe) private var isExitPrepared = false
private let interruptions = Atomic<Int>(0)
/// Its ends for reading and for writing; -1 while there is none, which poll takes for nothing.
nonisolated(unsafe) private var wakePipe: [Int32] = [-1, -1]
/// The end for writing again: a handler must not touch an array.
nonisolated(unsafe) private var wakeEnd: Int32 = -1

private func makeWakePipe() {
    guard pipe(&wakePipe) == 0 else { return }
    for end in wakePipe {
        _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        // A handler must never wait, and clearing must not either.
        _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL, 0) | O_NONBLOCK)
    }
    wakeEnd = wakePipe[1]
}

private func writeStatic(_ text: StaticString, to descriptor: Int32) {
    _ = write(descriptor, text.utf8Start, text.utf8CodeUnitCount)
}

private func restoreFoundModes() {
    guard changedTerminal >= 0 else { return }
    writeStatic("\u{1B}[?2004l", to: changedTerminal)
    tcsetattr(changedTerminal, TCSANOW, &foundModes)
    changedTerminal = -1
}

private func restoreAndEnd(_ number: Int32) {
    restoreFoundModes()
    signal(number, SIG_DFL)
    raise(number)
}

private func noteInterruption(_ number: Int32) { interruptions.add(1, ordering: .relaxed) }

private func wakeReader(_ number: Int32) {
    let saved = errno
    var byte: UInt8 = 1
    _ = write(wakeEnd, &byte, 1)
    errno = saved
}
