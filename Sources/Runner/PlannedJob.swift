import Experiments

/// One line of a plan: a cell, and what will happen to it here.
package struct PlannedJob: Hashable, Sendable {
    package enum State: Hashable, Sendable {
        /// It will run.
        case ready
        /// A finished row from this installation exists.
        case alreadyDone
        /// The same measurement as an earlier line of the plan, numbered from 1; `reason` where the
        /// two are not written alike.
        case sameAs(number: Int, reason: String? = nil)
        /// It cannot run here, and why: it is skipped.
        case unavailable(reason: String)
        /// Its model is not what the manifest promises: there is no row, for a job without a
        /// model has no identity.
        case broken(reason: String)
        /// It will run once its model is fetched; only then its identity is known.
        case notPulled
    }

    package let cell: Cell
    /// nil where the inputs could not be resolved, and so there is no identity.
    package let job: Job?
    package let state: State
    /// What the job would be with the weights as they are stored, where converting them changes
    /// nothing.
    private var asStored: JobID?

    /// What `plan`, `run` and `validate` call a job whose model is not there.
    package static let unableWord = "cannot run"

    private init(cell: Cell, job: Job?, state: State) {
        self.cell = cell
        self.job = job
        self.state = state
    }

    /// - Parameter asStored: the same job on the weights as they are stored, where these are in the
    ///   format wanted already.
    package static func ready(_ job: Job, asStored: JobID? = nil) -> PlannedJob {
        var line = PlannedJob(cell: job.cell, job: job, state: .ready)
        line.asStored = asStored
        return line
    }

    package static func unavailable(_ cell: Cell, job: Job? = nil, reason: String) -> PlannedJob {
        PlannedJob(cell: cell, job: job, state: .unavailable(reason: reason))
    }

    package static func broken(_ cell: Cell, reason: String) -> PlannedJob {
        PlannedJob(cell: cell, job: nil, state: .broken(reason: reason))
    }

    package static func notPulled(_ cell: Cell) -> PlannedJob {
        PlannedJob(cell: cell, job: nil, state: .notPulled)
    }

    /// Of two lines on the same weights, the name of their format.
    private func format(or other: PlannedJob) -> String {
        asStored != nil ? cell.quantization : other.cell.quantization
    }

    /// Resume, as a set difference: what is finished is not run, and nothing is run twice.
    ///
    /// `billion plan` prints and `billion run` does what this says. A job that cannot run here any
    /// more but has a finished row counts as done.
    package static func resolve(_ planned: [PlannedJob], finished: Set<JobID>, fresh: Bool)
        -> [PlannedJob]
    {
        var firstNumbers: [JobID: Int] = [:]
        return planned.enumerated().map { index, line in
            guard let job = line.job else { return line }
            if let first = firstNumbers[line.asStored ?? job.id] {
                let cell = planned[first - 1].cell
                let reason =
                    cell.quantization == job.cell.quantization
                    ? nil
                    : "\(cell.model) is \(line.format(or: planned[first - 1])) as it is stored"
                return PlannedJob(
                    cell: line.cell, job: job, state: .sameAs(number: first, reason: reason))
            }
            firstNumbers[line.asStored ?? job.id] = index + 1
            if !fresh, finished.contains(job.id) {
                return PlannedJob(cell: line.cell, job: job, state: .alreadyDone)
            }
            return line
        }
    }
}
