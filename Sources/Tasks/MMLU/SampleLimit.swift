import Basics

/// How many questions of each subject are asked, counted from the first: lm-eval's `--limit`.
package enum SampleLimit: Hashable, Sendable {
    case all
    /// At most so many.
    case first(Int)
    /// This share of each subject, rounded up; above 0 and below 1.
    case fraction(Double)

    /// Reads the task's setting `limit`: null, a whole number from 1, or a fraction below 1.
    package init(setting: JSONValue) throws(DatasetError) {
        switch setting {
        case .null: self = .all
        case .integer(let count) where count >= 1: self = .first(Int(clamping: count))
        case .number(let share) where share > 0 && share < 1: self = .fraction(share)
        case .number(let count) where count >= 1 && Int(exactly: count) != nil:
            self = .first(Int(count))
        default:
            throw DatasetError(
                "limit",
                "wanted a whole number of questions a subject, or a share between 0 and 1, found "
                    + "\(setting.plainText).")
        }
    }

    /// The number of questions asked of a subject that has `total`.
    package func count(of total: Int) -> Int {
        switch self {
        case .all: total
        case .first(let count): min(count, total)
        case .fraction(let share): min(Int((Double(total) * share).rounded(.up)), total)
        }
    }
}
