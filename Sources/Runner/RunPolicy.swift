/// What the person decided about a run, beside what is in the manifest.
package struct RunPolicy: Hashable, Sendable {
    /// Measures finished jobs again, beside the old rows.
    package var fresh: Bool
    /// A job that runs longer is stopped and failed; nil means no limit.
    package var timeLimitSeconds: Double?
    /// Time between asking a job's process to stop (TERM) and killing it.
    package var stopGraceSeconds: Double
    /// Time that a job's process may take to go away after its last word.
    package var exitGraceSeconds: Double
    /// The command that goes on with this run after an interruption.
    package var resumeCommand: String
    /// The command that measures everything again.
    package var freshCommand: String

    package init(
        fresh: Bool = false, timeLimitSeconds: Double? = nil, stopGraceSeconds: Double = 5,
        exitGraceSeconds: Double = 10, resumeCommand: String, freshCommand: String
    ) {
        self.fresh = fresh
        self.timeLimitSeconds = timeLimitSeconds
        self.stopGraceSeconds = stopGraceSeconds
        self.exitGraceSeconds = exitGraceSeconds
        self.resumeCommand = resumeCommand
        self.freshCommand = freshCommand
    }
}
