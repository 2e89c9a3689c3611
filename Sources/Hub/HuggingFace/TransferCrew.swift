import Basics
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Threads that wait for several transfers at once, while the caller shows how far they are.
///
/// The first error ends all of them and is the caller's.
final class TransferCrew: Sendable {
    private struct State {
        var running = 0
        var error: (any Error)?
    }

    /// Thrown in a thread whose work is no longer wanted; never seen by the caller.
    struct Stopped: Error {}

    private let state = Mutex(State())

    private static let glance = Duration.milliseconds(20)

    /// Runs `body` on so many threads and waits for all of them.
    ///
    /// - Parameter onTick: called on the caller's thread, about fifty times a second.
    func run(
        threads: Int, _ body: @escaping @Sendable (TransferCrew) throws -> Void,
        onTick: () -> Void
    ) throws {
        var started = 0
        for _ in 0..<threads {
            state.withLock { $0.running += 1 }
            let hasStarted = WorkerThread.start { [self] in
                do {
                    try body(self)
                    leave(nil)
                } catch {
                    leave(error)
                }
            }
            if hasStarted { started += 1 } else { state.withLock { $0.running -= 1 } }
        }
        // A system that gives no thread at all has to wait for us.
        if started == 0, threads > 0 { try body(self) }
        while state.withLock({ $0.running > 0 }) {
            Pause.wait(Self.glance)
            onTick()
        }
        onTick()
        if let error = state.withLock({ $0.error }) { throw error }
    }

    /// Throws when another thread has failed.
    func checkStop() throws {
        if state.withLock({ $0.error != nil }) { throw Stopped() }
    }

    /// Sleeps, unless another thread fails meanwhile.
    func wait(_ duration: Duration) throws {
        let end = ContinuousClock.now + duration
        repeat {
            try checkStop()
            let left = end - ContinuousClock.now
            if left > .zero { Pause.wait(min(left, .milliseconds(50))) }
        } while ContinuousClock.now < end
    }

    private func leave(_ error: (any Error)?) {
        state.withLock { state in
            state.running -= 1
            if let error, !(error is Stopped), state.error == nil { state.error = error }
        }
    }
}

/// Sleeping for a part of a second.
enum Pause {
    static func wait(_ duration: Duration) {
        let seconds = max(0, duration.seconds)
        var time = timespec()
        time.tv_sec = Int(seconds)
        time.tv_nsec = Int((seconds - seconds.rounded(.down)) * 1e9)
        nanosleep(&time, nil)
    }
}
