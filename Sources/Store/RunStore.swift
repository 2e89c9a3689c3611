import Basics
import Experiments

/// How an attempt at a job ended.
package enum AttemptOutcome: Hashable, Sendable {
    case done
    case failed(reason: String)
    case skipped(reason: String)
    case interrupted
}
