import Experiments
import Store

/// Something that happened in a run, for whoever watches it.
package enum RunEvent: Sendable {
    /// The plan, resolved: what is done already or twice is marked.
    case started(plan: [PlannedJob])
    /// What is known of the time that is left, before the next job starts.
    case outlook(RunOutlook)
    case jobStarted(number: Int, of: Int, title: String)
    case jobProgress(JobProgress)
    /// A failure that may pass: the job starts again after a pause.
    case jobRetried(retry: Int, of: Int, cause: FailureCause, reason: String, delaySeconds: Double)
    case jobEnded(number: Int, of: Int, title: String, outcome: AttemptOutcome, seconds: Double)
    case ended(RunSummary)
}

/// How long a run will still take, as far as that is known.
package struct RunOutlook: Hashable, Sendable {
    /// The job that starts now.
    package var jobSeconds: Double?
    /// All jobs after it whose time is known.
    package var laterSeconds: Double
    /// Whether the time of every job is known.
    package var isComplete: Bool

    package init(jobSeconds: Double?, laterSeconds: Double, isComplete: Bool) {
        self.jobSeconds = jobSeconds
        self.laterSeconds = laterSeconds
        self.isComplete = isComplete
    }
}

/// Watches a run; called from the runner's thread.
package protocol RunProgress {
    func handle(_ event: RunEvent)
}
