import Basics

extension Catalog.Setting {
    /// The value that a manifest gives this setting, read as the setting's type.
    ///
    /// nil for a value that has been reported already.
    func value(of node: YAMLNode) -> Result<JSONValue, ManifestError.Issue>? {
        if node.isInvalid { return nil }
        if let value = converted(node) { return .success(value) }
        var message = "'\(key)' must be \(wanted), found \(node.found)."
        if case .choice(let words) = kind, let text = node.text, text.count <= 100,
            let best = Suggestion.nearest(to: text, among: words)
        {
            message += " Did you mean '\(best)'?"
        }
        return .failure(.init(at: node.mark, message))
    }

    private func converted(_ node: YAMLNode) -> JSONValue? {
        if node.isNull { return defaultValue == .null ? .null : nil }
        switch kind {
        case .integer(let range):
            return Self.integer(node, in: range)
        case .integerOrAuto(let range):
            return node.text == "auto" ? .string("auto") : Self.integer(node, in: range)
        case .number(let range):
            return node.number.flatMap { range.contains($0) ? .number($0) : nil }
        case .countOrShare:
            if let count = node.integer { return count >= 1 ? .integer(Int64(count)) : nil }
            return node.number.flatMap { $0 > 0 && $0 < 1 ? .number($0) : nil }
        case .bool:
            return node.bool.map { .bool($0) }
        case .text:
            return node.text.map { .string($0) }
        case .choice(let words):
            return node.text.flatMap { words.contains($0) ? .string($0) : nil }
        }
    }

    private static func integer(_ node: YAMLNode, in range: ClosedRange<Int>) -> JSONValue? {
        node.integer.flatMap { range.contains($0) ? .integer(Int64($0)) : nil }
    }

    /// `an integer from 0 to 5`: the end of a sentence that starts with "must be".
    var wanted: String {
        let orNull = defaultValue == .null ? ", or null" : ""
        switch kind {
        case .integer(let range): return Self.wanted(range) + orNull
        case .integerOrAuto(let range): return Self.wanted(range) + " or 'auto'" + orNull
        case .number(let range):
            let isOpen = range.upperBound >= .greatestFiniteMagnitude
            let low = JSONValue.number(range.lowerBound).plainText
            return
                (isOpen
                ? "a number of at least \(low)"
                : "a number from \(low) to \(JSONValue.number(range.upperBound).plainText)")
                + orNull
        case .countOrShare: return "an integer of at least 1 or a share between 0 and 1" + orNull
        case .bool: return "true or false" + orNull
        case .text: return "a text" + orNull
        case .choice(let words): return "one of " + words.joined(separator: ", ") + orNull
        }
    }

    private static func wanted(_ range: ClosedRange<Int>) -> String {
        range.upperBound == .max
            ? "an integer of at least \(range.lowerBound)"
            : "an integer from \(range.lowerBound) to \(range.upperBound)"
    }
}
