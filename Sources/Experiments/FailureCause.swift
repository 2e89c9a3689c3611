/// What ended a job's process, where it was not the job's own word.
package enum FailureCause: String, Hashable, Sendable, Codable, CaseIterable {
    /// It ran longer than it may, or gave no result for longer than it may.
    case timedOut = "timed out"
    /// It took more memory than it may, or than the machine has.
    case outOfMemory = "out of memory"
    /// It ended by a fault of its own: a bad access, a failed check, no outcome.
    case crashed
    /// Somebody else ended it.
    case killed
    /// The system would not start it.
    case notStarted = "not started"
    /// The user took this one job off with `billion cancel`.
    case cancelled

    /// Whether the same job may well succeed when it is simply started again.
    ///
    /// What a limit, a fault in the program or a person has decided comes out the same.
    package var mayPass: Bool {
        switch self {
        case .killed, .notStarted: true
        case .timedOut, .outOfMemory, .crashed, .cancelled: false
        }
    }
}
