/// What stops a whole run.
///
/// A job that fails is not one of these: it is a row with its reason.
package enum RunnerError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A system call that must work did not.
    case system(call: String, detail: String)
    /// A program could not be started.
    case cannotStart(program: String, detail: String)
    /// The store refused; `doing` says at which moment, `next` what to do about it.
    case store(doing: String, detail: String, next: String)

    package var description: String {
        switch self {
        case .system(let call, let detail):
            "\(call): expected to succeed, the system says '\(detail)'."
        case .cannotStart(let program, let detail):
            "\(program): cannot be started as the job's process: \(detail)."
        case .store(let doing, let detail, let next):
            "\(doing): the store refused: \(detail) \(next)"
        }
    }
}
