import Basics

/// A requirement on figures, as a line of text.
///
///     rule       = [ task "." ] metric ( threshold | comparison )
///     threshold  = ( ">=" | ">" | "<=" | "<" ) number [ unit ]
///     comparison = "not worse than baseline by" number ( "%" | "points" )
///     unit       = "%" | "KiB" | "MiB" | "GiB" | "KB" | "MB" | "GB" | "ms" | "s" | "min"
///
/// Words stand apart from each other by blanks; the unit may follow its number at once. A share
/// is 0.3 or `30 %`. `by 5 %` is relative to the baseline, `by 2 points` are hundredths of a share.
package struct GateRule: Hashable, Sendable {
    /// As it was written.
    package let text: String
    /// The task's name or kind; nil for any.
    package let task: String?
    package let metric: String
    package let requirement: Requirement

    package enum Requirement: Hashable, Sendable {
        case threshold(Comparison, Double)
        /// A share of the baseline.
        case notWorseByShare(Double)
        /// In the metric's own unit.
        case notWorseByDifference(Double)
    }

    package enum Comparison: String, Hashable, Sendable, CaseIterable {
        case atLeast = ">="
        case above = ">"
        case atMost = "<="
        case below = "<"

        package var wantsMore: Bool { self == .atLeast || self == .above }

        package func holds(_ value: Double, _ limit: Double) -> Bool {
            switch self {
            case .atLeast: value >= limit
            case .above: value > limit
            case .atMost: value <= limit
            case .below: value < limit
            }
        }
    }

    package struct Mistake: Error, Hashable, Sendable, CustomStringConvertible {
        package let description: String
    }

    package init(_ text: String) throws(Mistake) {
        self.text = text
        var words = text.split(separator: " ").map(String.init)[...]
        guard let name = words.popFirst() else {
            throw Mistake(description: "a rule is empty. \(Self.example)")
        }
        if let dot = name.firstIndex(of: ".") {
            task = String(name[..<dot])
            metric = String(name[name.index(after: dot)...])
        } else {
            task = nil
            metric = name
        }
        guard !metric.isEmpty, task?.isEmpty != true else {
            throw Mistake(description: "'\(name)' names no metric. \(Self.example)")
        }
        let phrase = ["not", "worse", "than", "baseline", "by"]
        if let first = words.first, let comparison = Comparison(rawValue: first) {
            let limit = try Self.quantity(words.dropFirst(), Self.units)
            requirement = .threshold(comparison, limit)
        } else if Array(words.prefix(phrase.count)) == phrase {
            let rest = words.dropFirst(phrase.count)
            if rest.last?.hasSuffix("points") == true {
                requirement = .notWorseByDifference(
                    try Self.quantity(rest, ["points": 0.01]))
            } else {
                requirement = .notWorseByShare(try Self.quantity(rest, ["%": 0.01]))
            }
        } else {
            let found = words.isEmpty ? "nothing" : "'\(words.joined(separator: " "))'"
            throw Mistake(
                description: "after '\(name)': expected >=, >, <=, < or 'not worse than baseline "
                    + "by', found \(found). \(Self.example)")
        }
    }

    private static let example =
        "For example: 'mmlu.acc >= 0.30' or 'tg128 not worse than baseline by 5 %'."

    private static let units: [String: Double] = [
        "": 1, "%": 0.01, "KiB": 1024, "MiB": 1_048_576, "GiB": 1_073_741_824, "KB": 1e3,
        "MB": 1e6, "GB": 1e9, "ms": 1e-3, "s": 1, "min": 60,
    ]

    private static func quantity(_ words: ArraySlice<String>, _ units: [String: Double])
        throws(Mistake) -> Double
    {
        let text = words.joined()
        let digits = text.prefix { $0.isASCII && ($0.isNumber || ".-+".contains($0)) }
        let unit = String(text.dropFirst(digits.count))
        guard let number = Double(digits), number.isFinite else {
            let found = text.isEmpty ? "nothing" : "'\(text)'"
            throw Mistake(description: "expected a number, found \(found). \(example)")
        }
        guard let factor = units[unit] else {
            let known = units.keys.filter { !$0.isEmpty }.sorted()
            throw Mistake(
                description: "unknown unit '\(unit)'."
                    + Suggestion.sentence(for: unit, among: known))
        }
        return number * factor
    }
}
