import Experiments
import Store

/// Something that happened in a run, for whoever watches it.
package enum RunEvent: Sendable {
    /// The plan, resolved: what is done already or twice is marked.
    case started(plan: [PlannedJob])
    case jobStarted(number: Int, of: Int, title: String)
    case jobProgress(JobProgress)
    case jobEnded(number: Int, of: Int, title: String, outcome: AttemptOutcome, seconds: Double)
    case ended(RunSummary)
}

/// Watches a run; called from the runner's thread.
package protocol RunProgress {
    func handle(_ event: RunEvent)
}
