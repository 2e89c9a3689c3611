import Basics
import Synchronization

extension Sandbox {
    /// Runs many programs, `workers` at a time, and returns their outcomes in order.
    ///
    /// - Parameter onOutcome: called on the calling thread, in order, as soon as all earlier ones
    ///   are there too.
    /// - Throws: the first program's error that is none of the program's own; those behind it are
    ///   not started.
    package func check(
        _ programs: [CheckedProgram], workers: Int,
        onOutcome: (Int, CheckOutcome) throws -> Void = { _, _ in }
    ) throws -> [CheckOutcome] {
        precondition(workers > 0)
        let batch = CheckBatch(programs: programs)
        for _ in 0..<min(workers, programs.count) {
            guard WorkerThread.start({ batch.work(self) }) else {
                throw SandboxError.broken("sandbox: the system starts no more threads.")
            }
        }
        var outcomes: [CheckOutcome] = []
        for index in programs.indices {
            let outcome = try batch.wait(for: index).get()
            outcomes.append(outcome)
            do {
                try onOutcome(index, outcome)
            } catch {
                batch.stop()
                throw error
            }
        }
        return outcomes
    }
}

/// The programs that are left, and the outcomes that are there.
private final class CheckBatch: Sendable {
    private struct State {
        var next = 0
        var outcomes: [Int: Result<CheckOutcome, SandboxError>] = [:]
    }

    private let programs: [CheckedProgram]
    private let state = Mutex(State())
    private let changed = Signal()

    init(programs: [CheckedProgram]) { self.programs = programs }

    func stop() { state.withLock { $0.next = programs.count } }

    func work(_ sandbox: Sandbox) {
        while true {
            let taken: Int? = state.withLock { state in
                guard state.next < programs.count else { return nil }
                state.next += 1
                return state.next - 1
            }
            guard let index = taken else { return }
            let outcome = Result { () throws(SandboxError) in
                try sandbox.check(programs[index])
            }
            state.withLock { state in
                state.outcomes[index] = outcome
                if case .failure = outcome { state.next = programs.count }
            }
            changed.raise()
        }
    }

    func wait(for index: Int) -> Result<CheckOutcome, SandboxError> {
        while true {
            let seen = changed.count
            let found = state.withLock { state in
                if let outcome = state.outcomes.removeValue(forKey: index) {
                    return Optional(outcome)
                }
                // Started later than a failure, so it will never come.
                let failed = state.outcomes.values.first {
                    if case .failure = $0 { true } else { false }
                }
                return index >= state.next || state.next == programs.count ? failed : nil
            }
            if let found { return found }
            changed.wait(past: seen)
        }
    }
}
