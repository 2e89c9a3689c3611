import Basics
import Experiments

/// How an attempt at a job ended.
package enum AttemptOutcome: Hashable, Sendable {
    case done
    case failed(reason: String)
    /// Its process was ended, or ended without a word.
    case ended(FailureCause, reason: String)
    case skipped(reason: String)
    case interrupted
}

/// Names a row of `runs`.
package struct RunKey: Hashable, Sendable {
    package let rowID: Int64
    package init(rowID: Int64) { self.rowID = rowID }
}

/// Names a row of `attempts`: one try at one job in one run.
package struct AttemptKey: Hashable, Sendable {
    package let rowID: Int64
    package init(rowID: Int64) { self.rowID = rowID }
}

/// What the runner needs of a store.
///
/// `RunStore` is the database; tests may use another.
package protocol JobStore: AnyObject {
    /// Jobs that have a finished row from this installation.
    func finishedJobs(installation: String) throws -> Set<JobID>
    func beginRun(_ run: RunFacts) throws -> RunKey
    /// Ends a run; `status` is `finished`, `failed` or `interrupted`.
    func endRun(_ run: RunKey, status: String) throws
    func beginAttempt(_ job: Job, in run: RunKey) throws -> AttemptKey
    /// Moves to an attempt what the last one at the same job on this host had finished when it was
    /// cut off or failed, and gives it back. Called before the attempt reports anything.
    func adoptUnfinishedWork(for attempt: AttemptKey) throws -> CompletedWork
    /// Keeps facts, timings, samples, records and metrics; progress is not stored.
    ///
    /// What is reported between one progress and the next is a unit of work: the next progress
    /// commits it whole, and of a job that is cut off in the middle none of it is kept.
    func record(_ event: JobEvent, for attempt: AttemptKey) throws
    /// Ends an attempt; a finished job's digest is written in the same transaction.
    func finish(_ attempt: AttemptKey, outcome: AttemptOutcome) throws
    /// Says that a run lives, and how far it is.
    func beat(_ beat: RunHeartbeat, in run: RunKey) throws
    /// Jobs of a run that somebody wants no more.
    func cancelledJobs(in run: RunKey) throws -> Set<JobID>
}

extension JobStore {
    package func beat(_ beat: RunHeartbeat, in run: RunKey) throws {}
    package func cancelledJobs(in run: RunKey) throws -> Set<JobID> { [] }
}
