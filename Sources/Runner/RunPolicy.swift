/// What the person decided about a run, beside what is in the manifest.
package struct RunPolicy: Hashable, Sendable {
    /// Measures finished jobs again, beside the old rows.
    package var fresh: Bool
    /// A job that runs longer is stopped; nil means no limit.
    package var timeLimitSeconds: Double?
    /// A job that gives no new result for longer is stopped; nil means no limit.
    package var resultLimitSeconds: Double?
    /// A job whose processes hold more together is stopped; nil means no limit.
    package var memoryLimitBytes: Int64?
    package var retries: RetryPolicy
    /// Equal failures after which jobs that share their cause are not started; 0 means never.
    package var sameFailureLimit: Int
    /// When the run has to end, in seconds since 1970; nil means when it is done.
    package var deadline: Double?
    package var order: JobOrder
    /// Time between asking a job's process to stop (TERM) and killing it.
    ///
    /// After one Ctrl-C the whole run ends within five seconds.
    package var stopGraceSeconds: Double
    /// Time that a job's process may take to go away after its last word.
    package var exitGraceSeconds: Double
    /// The command that goes on with this run after an interruption.
    package var resumeCommand: String
    /// The command that measures everything again.
    package var freshCommand: String

    package init(
        fresh: Bool = false, timeLimitSeconds: Double? = nil, resultLimitSeconds: Double? = nil,
        memoryLimitBytes: Int64? = nil, retries: RetryPolicy = RetryPolicy(),
        sameFailureLimit: Int = 0, deadline: Double? = nil, order: JobOrder = JobOrder(),
        stopGraceSeconds: Double = 4, exitGraceSeconds: Double = 10, resumeCommand: String,
        freshCommand: String
    ) {
        self.fresh = fresh
        self.timeLimitSeconds = timeLimitSeconds
        self.resultLimitSeconds = resultLimitSeconds
        self.memoryLimitBytes = memoryLimitBytes
        self.retries = retries
        self.sameFailureLimit = sameFailureLimit
        self.deadline = deadline
        self.order = order
        self.stopGraceSeconds = stopGraceSeconds
        self.exitGraceSeconds = exitGraceSeconds
        self.resumeCommand = resumeCommand
        self.freshCommand = freshCommand
    }
}
