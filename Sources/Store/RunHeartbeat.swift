import Experiments

/// What a run tells of itself while it goes on.
package struct RunHeartbeat: Hashable, Sendable {
    /// Another one after every start of the machine; nil where the system does not tell.
    package var bootID: String?
    package var processID: Int
    package var jobID: JobID
    package var jobTitle: String
    /// The job's number in the plan, from 1, and how many jobs the plan has.
    package var jobNumber: Int
    package var jobTotal: Int
    package var phase: String
    package var completed: Int
    package var total: Int

    package init(
        bootID: String?, processID: Int, jobID: JobID, jobTitle: String, jobNumber: Int,
        jobTotal: Int, phase: String, completed: Int, total: Int
    ) {
        self.bootID = bootID
        self.processID = processID
        self.jobID = jobID
        self.jobTitle = jobTitle
        self.jobNumber = jobNumber
        self.jobTotal = jobTotal
        self.phase = phase
        self.completed = completed
        self.total = total
    }
}
