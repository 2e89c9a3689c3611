import Experiments
import Synchronization

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// SIGTERM in a job's process: it ends behind the unit of work at hand.
///
/// Before the first result there is nothing to finish, and it ends at once. Should the unit take
/// too long, the runner kills the process; what was finished before is kept either way.
enum PoliteStop {
    static func listen() { signal(SIGTERM, noteTermination) }

    /// Whether to stop behind an event: a progress ends a unit of work.
    static func isDue(after event: JobEvent) -> Bool {
        switch event {
        case .timing, .sample, .record:
            hasResults.store(true, ordering: .relaxed)
            return false
        case .progress: return isWanted.load(ordering: .relaxed)
        case .alive, .fact, .metric: return false
        }
    }
}

/// Read and written by the handler, which may do nothing that allocates or locks.
private let isWanted = Atomic<Bool>(false)
private let hasResults = Atomic<Bool>(false)

private func noteTermination(_ number: Int32) {
    if !hasResults.load(ordering: .relaxed) { _exit(128 + number) }
    isWanted.store(true, ordering: .relaxed)
}
