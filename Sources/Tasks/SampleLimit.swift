import Basics
import Experiments

/// How many questions of each subject are asked: lm-eval's `--limit`.
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

/// Which questions a limit keeps.
package enum LimitOrder: Hashable, Sendable {
    /// Drawn; a larger limit keeps what a smaller one does, and the order stays the file's.
    case seed(UInt64)
    /// The first ones, as the harness has it.
    case first

    package static let setting: Catalog.Setting = .init(
        "limit_by", .choice(["seed", "first"]), default: .string("seed"),
        "which questions a limit keeps: drawn by the manifest's seed, or the first ones as "
            + "lm-eval's --limit does")

    /// - Parameter name: the setting's word, which the plan has checked.
    package init(_ name: String, seed: UInt64) {
        self = name == "first" ? .first : .seed(seed)
    }
}

extension SampleLimit {
    /// Places of the questions that are asked of `total`, ascending.
    ///
    /// - Parameter group: subjects are drawn from independently.
    package func places(of total: Int, by order: LimitOrder, group: String) -> [Int] {
        let count = count(of: total)
        guard count < total, case .seed(let seed) = order else { return Array(0..<count) }
        var generator = SeededGenerator(seed: seed, stream: group)
        var places = Array(0..<total)
        // Fisher and Yates, as far as it is needed.
        for place in 0..<count {
            let other = place + Int(generator.next() % UInt64(total - place))
            places.swapAt(place, other)
        }
        return places.prefix(count).sorted()
    }
}

extension SeededGenerator {
    /// One of many independent generators that a seed stands for.
    package init(seed: UInt64, stream: String) {
        let digest = SHA256.hex("\(seed)\0\(stream)").prefix(16)
        self.init(seed: UInt64(digest, radix: 16) ?? seed)
    }
}
