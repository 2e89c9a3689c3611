/// The tests that are known, `value is name`.
enum TemplateCondition: String, CaseIterable {
    case defined, undefined, none, boolean, `true`, `false`, integer, float, number, string
    case mapping, sequence, iterable, callable
    case equalTo = "equalto"
    case eq
    case equal = "=="
    case ne
    case notEqual = "!="
    case lt
    case lessThan = "lessthan"
    case less = "<"
    case le
    case lessOrEqual = "<="
    case gt
    case greaterThan = "greaterthan"
    case greater = ">"
    case ge
    case greaterOrEqual = ">="
    case isIn = "in"
    case even, odd
    case divisibleBy = "divisibleby"
    case lower, upper

    static func holds(_ call: TemplateCall) throws(ChatTemplateError) -> Bool {
        guard let condition = TemplateCondition(rawValue: call.name) else {
            throw call.site.unsupported("the test \(quoted(call.name)) is not supported.")
        }
        if let comparison = condition.comparison {
            try call.check("other", required: 1)
            guard let other = call[0, "other"] else { return false }
            return try call.value.compared(comparison, with: other, at: call.site)
        }
        switch condition {
        case .even, .odd, .divisibleBy: return try condition.holdsForNumber(call)
        case .lower, .upper: return try condition.holdsForText(call)
        default:
            try call.check()
            return condition.holdsForType(of: call.value)
        }
    }

    private var comparison: TemplateComparison? {
        switch self {
        case .equalTo, .eq, .equal: .equal
        case .ne, .notEqual: .notEqual
        case .lt, .lessThan, .less: .less
        case .le, .lessOrEqual: .lessOrEqual
        case .gt, .greaterThan, .greater: .greater
        case .ge, .greaterOrEqual: .greaterOrEqual
        case .isIn: .isIn
        default: nil
        }
    }

    private func holdsForType(of value: TemplateValue) -> Bool {
        switch (self, value) {
        case (.defined, .undefined): false
        case (.defined, _): true
        case (.undefined, .undefined), (.none, .none), (.boolean, .bool), (.string, .string): true
        case (.true, .bool(let value)): value
        case (.false, .bool(let value)): !value
        case (.integer, .integer), (.float, .number), (.number, .integer), (.number, .number),
            (.number, .bool):
            true
        case (.mapping, .mapping): true
        // Python asks for a length and for items, and finds both in mappings and undefined too.
        case (.sequence, .list(let list)): list.kind == .list || list.kind == .tuple
        case (.sequence, .string), (.sequence, .mapping), (.sequence, .undefined): true
        case (.iterable, .list), (.iterable, .string), (.iterable, .mapping),
            (.iterable, .undefined), (.iterable, .loop):
            true
        default: false
        }
    }

    private func holdsForNumber(_ call: TemplateCall) throws(ChatTemplateError) -> Bool {
        let divisor: Int
        if self == .divisibleBy {
            try call.check("num", required: 1)
            divisor = try call.integer(0, "num") ?? 0
        } else {
            try call.check()
            divisor = 2
        }
        guard
            case .integer(let rest) = try call.value.applying(
                .modulo, to: .integer(divisor), at: call.site)
        else {
            throw call.site.unsupported("'\(rawValue)' of a fraction is not supported.")
        }
        return self == .odd ? rest == 1 : rest == 0
    }

    /// `str.islower` and `str.isupper`: some letter has case, and none has the other one.
    private func holdsForText(_ call: TemplateCall) throws(ChatTemplateError) -> Bool {
        try call.check()
        let text = try call.value.text(at: call.site)
        var hasCase = false
        for scalar in text.unicodeScalars {
            let properties = scalar.properties
            let isTitle = properties.generalCategory == .titlecaseLetter
            if isTitle { return false }
            if self == .lower ? properties.isUppercase : properties.isLowercase { return false }
            if self == .lower ? properties.isLowercase : properties.isUppercase { hasCase = true }
        }
        return hasCase
    }
}
