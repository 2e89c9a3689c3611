#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A thread of the operating system that runs one closure.
///
/// The process waits for nothing: threads end with their closure or with the process.
package enum WorkerThread {
    private final class Box {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Starts a detached thread with all signals blocked, so that only the main thread and
    /// threads that ask for them ever see one.
    ///
    /// Returns false when the system refuses.
    @discardableResult
    package static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
        let context = Unmanaged.passRetained(Box(body)).toOpaque()
        var everySignal = sigset_t()
        var previous = sigset_t()
        sigfillset(&everySignal)
        pthread_sigmask(SIG_SETMASK, &everySignal, &previous)
        let started = create(context)
        pthread_sigmask(SIG_SETMASK, &previous, nil)
        if !started { Unmanaged<Box>.fromOpaque(context).release() }
        return started
    }

    #if canImport(Darwin)
        private static func create(_ context: UnsafeMutableRawPointer) -> Bool {
            var thread: pthread_t?
            guard pthread_create(&thread, nil, { WorkerThread.run($0) }, context) == 0 else {
                return false
            }
            if let thread { pthread_detach(thread) }
            return true
        }
    #else
        private static func create(_ context: UnsafeMutableRawPointer) -> Bool {
            var thread = pthread_t()
            guard pthread_create(&thread, nil, { WorkerThread.run($0) }, context) == 0 else {
                return false
            }
            pthread_detach(thread)
            return true
        }
    #endif

    private static func run(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard let context else { return nil }
        Unmanaged<Box>.fromOpaque(context).takeRetainedValue().body()
        return nil
    }
}
