import Experiments
import Store

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Tells now and then, through the store, that a run lives and how far it is.
struct Heart {
    /// Seconds between two beats: seldom enough to disturb no measurement.
    static let interval = 5.0
    private static let bootID = SystemCalls.bootID()

    private let job: Job
    private let number: Int
    private let total: Int
    private var step = JobProgress(phase: "starting", completed: 0, total: 0)
    private var lastTime: Double?

    init(job: Job, number: Int, total: Int) {
        self.job = job
        self.number = number
        self.total = total
    }

    /// A beat when one is due, after whatever event.
    mutating func beat(_ event: JobEvent) -> RunHeartbeat? {
        if case .progress(let new) = event { step = new }
        let now = SystemCalls.monotonicSeconds()
        if let lastTime, now - lastTime < Self.interval { return nil }
        lastTime = now
        return RunHeartbeat(
            bootID: Self.bootID, processID: Int(getpid()), jobID: job.id, jobTitle: job.cell.title,
            jobNumber: number, jobTotal: total, phase: ReasonText.oneLine(step.phase),
            completed: step.completed, total: step.total)
    }
}
