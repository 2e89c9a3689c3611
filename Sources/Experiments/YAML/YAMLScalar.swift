/// Reading a node as the type that is wanted, by the core schema of YAML 1.2.
///
/// Only plain scalars are numbers, truth values or null: `"5"` is text.
extension YAMLNode {
    /// Whether nothing is written: `~`, `null`, or no value at all.
    package var isNull: Bool {
        guard let text = plainText else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    package var isInvalid: Bool {
        if case .invalid = content { return true }
        return false
    }

    /// The text of any scalar that is not null, whatever it looks like: `1.10` is a version.
    package var text: String? {
        guard case .scalar(let text, _) = content, !isNull else { return nil }
        return text
    }

    /// `true` or `false` and their capitalised spellings; `yes` and `on` are text.
    package var bool: Bool? {
        switch plainText {
        case "true", "True", "TRUE": true
        case "false", "False", "FALSE": false
        default: nil
        }
    }

    /// Decimal with an optional sign, `0o17` or `0x1F`; nil when it does not fit.
    package var integer: Int? {
        guard let text = plainText else { return nil }
        func digits(after prefix: String, _ allowed: String, radix: Int) -> Int? {
            let rest = text.dropFirst(prefix.count)
            guard text.hasPrefix(prefix), !rest.isEmpty, rest.allSatisfy(allowed.contains) else {
                return nil
            }
            return Int(rest, radix: radix)
        }
        if text.hasPrefix("0o") { return digits(after: "0o", "01234567", radix: 8) }
        if text.hasPrefix("0x") {
            return digits(after: "0x", "0123456789abcdefABCDEF", radix: 16)
        }
        let unsigned = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : text[...]
        guard !unsigned.isEmpty, unsigned.allSatisfy("0123456789".contains) else { return nil }
        return Int(text)
    }

    /// A finite number: an integer, or decimals with an optional exponent.
    package var number: Double? {
        if let integer { return Double(integer) }
        guard let text = plainText, Self.isDecimal(text), let value = Double(text),
            value.isFinite
        else { return nil }
        return value == 0 ? 0 : value
    }

    /// Whether a text is spelled as a number.
    ///
    ///     [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
    private static func isDecimal(_ text: String) -> Bool {
        var rest = Substring(text)
        func take(_ allowed: String) -> Int {
            let run = rest.prefix { allowed.contains($0) }
            rest = rest.dropFirst(run.count)
            return run.count
        }
        func takeOne(_ allowed: String) -> Bool {
            guard let first = rest.first, allowed.contains(first) else { return false }
            rest = rest.dropFirst()
            return true
        }
        _ = takeOne("-+")
        let whole = take("0123456789")
        let hasPoint = takeOne(".")
        let fraction = hasPoint ? take("0123456789") : 0
        guard whole > 0 || fraction > 0 else { return false }
        if takeOne("eE") {
            _ = takeOne("-+")
            guard take("0123456789") > 0 else { return false }
        }
        return rest.isEmpty
    }

    private var plainText: String? {
        if case .scalar(let text, .plain) = content { return text }
        return nil
    }

    /// What is there, for the end of a message: `found 'abc'`, `found a list`.
    package var found: String {
        switch content {
        case .scalar(let text, .plain): isNull ? "nothing" : quoted(text)
        case .scalar(let text, _): "the quoted text \(quoted(text))"
        case .sequence: "a list"
        case .mapping: "a mapping"
        case .invalid: "a fault"
        }
    }
}
