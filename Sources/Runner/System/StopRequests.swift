import Synchronization

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Wishes to stop, from Ctrl-C and other signals, as bytes in a pipe.
///
/// A pipe, because the runner sleeps in `poll`: a byte wakes it, whichever thread the signal hit.
/// The first wish lets the current job go politely, the second at once.
package final class StopRequests: Sendable {
    /// Readable when a wish has come; for `poll`.
    let descriptor: Int32
    private let writeEnd: Int32
    private let seen = Atomic<Int>(0)

    package init() throws(RunnerError) {
        (descriptor, writeEnd) = try SystemCalls.makePipe()
        SystemCalls.setNonBlocking(descriptor)
        // A handler must never wait, not even when nobody reads.
        SystemCalls.setNonBlocking(writeEnd)
    }

    deinit {
        forget()
        close(descriptor)
        close(writeEnd)
    }

    /// Asks to stop, as a signal does.
    package func send() {
        var byte: UInt8 = 1
        _ = SystemCalls.retrying { write(writeEnd, &byte, 1) }
    }

    /// How many wishes there were until now.
    package var count: Int {
        var bytes = [UInt8](repeating: 0, count: 64)
        while case .bytes(let new) = bytes.withUnsafeMutableBytes({
            SystemCalls.read(descriptor, into: $0)
        }) {
            seen.add(new, ordering: .relaxed)
        }
        return seen.load(ordering: .relaxed)
    }

    /// Takes SIGINT, SIGTERM and SIGHUP over, from all threads of this process.
    ///
    /// SIGHUP stays ignored where it is (`nohup`).
    package func listenForSignals() {
        signalPipe.store(writeEnd, ordering: .sequentiallyConsistent)
        for number in [SIGINT, SIGTERM, SIGHUP] {
            let previous = signal(number, noteSignal)
            let wasIgnored = unsafeBitCast(previous, to: Int.self) == 1
            if number == SIGHUP && wasIgnored { signal(number, SIG_IGN) }
        }
    }

    /// Gives the signals back to their default, which ends the program.
    package func stopListening() {
        let isOurs = signalPipe.load(ordering: .relaxed) == writeEnd
        for number in [SIGINT, SIGTERM, SIGHUP] where isOurs { signal(number, SIG_DFL) }
        forget()
    }

    /// Takes this pipe from the handler, unless another one has its place by now.
    private func forget() {
        _ = signalPipe.compareExchange(
            expected: writeEnd, desired: -1, ordering: .sequentiallyConsistent)
    }
}

/// Where the handler writes.
///
/// Set before the handler is installed: inside a handler nothing may be allocated or locked, and
/// another thread may give the signals back while one arrives.
private let signalPipe = Atomic<Int32>(-1)

private func noteSignal(_ number: Int32) {
    let saved = errno
    var byte: UInt8 = 1
    _ = write(signalPipe.load(ordering: .relaxed), &byte, 1)
    errno = saved
}
