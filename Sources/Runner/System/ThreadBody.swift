/// Carries a closure through the C call that starts a thread.
final class ThreadBody: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

/// The error number of a failed spawn.
struct SpawnFailure: Error {
    let code: Int32
}
