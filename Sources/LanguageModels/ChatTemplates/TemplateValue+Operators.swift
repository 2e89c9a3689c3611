extension TemplateValue {
    func compared(
        _ comparison: TemplateComparison, with other: TemplateValue, at site: TemplateSite
    ) throws(ChatTemplateError) -> Bool {
        switch comparison {
        case .equal: return try equals(other, at: site)
        case .notEqual: return try !equals(other, at: site)
        case .less: return try isLess(than: other, at: site)
        case .greater: return try other.isLess(than: self, at: site)
        case .lessOrEqual:
            // Not the negation of the opposite: nothing is ordered with NaN.
            if try isLess(than: other, at: site) { return true }
            return try equals(other, at: site)
        case .greaterOrEqual: return try other.compared(.lessOrEqual, with: self, at: site)
        case .isIn: return try other.contains(self, at: site)
        case .isNotIn: return try !other.contains(self, at: site)
        }
    }

    func negated(at site: TemplateSite) throws(ChatTemplateError) -> TemplateValue {
        if let value = asInteger {
            guard value != .min else { throw Self.overflow(at: site) }
            return .integer(-value)
        }
        if let value = asNumber { return .number(-value) }
        throw site.failure("'-' needs a number, found a value of type \(typeName).")
    }

    func applying(
        _ operation: TemplateArithmetic, to other: TemplateValue, at site: TemplateSite
    ) throws(ChatTemplateError) -> TemplateValue {
        switch (self, other) {
        case (.undefined(let what), _), (_, .undefined(let what)): throw site.failure("\(what).")
        case (.string(let one), .string(let two)) where operation == .plus:
            try site.charge(bytes: one.utf8.count + two.utf8.count)
            return .string(one + two)
        case (.string, _) where operation == .modulo:
            throw site.unsupported("formatting with '%' is not supported.")
        case (.list(let one), .list(let two))
        where operation == .plus && one.kind == two.kind
            && (one.kind == .list || one.kind == .tuple):
            return .list(
                try TemplateList(one.elements + two.elements, kind: one.kind, at: site))
        case (.string(let text), _) where operation == .times:
            if let count = other.asInteger { return try Self.repeated(text, count, at: site) }
        case (_, .string(let text)) where operation == .times:
            if let count = asInteger { return try Self.repeated(text, count, at: site) }
        default:
            if let one = asInteger, let two = other.asInteger {
                return try Self.integers(one, operation, two, at: site)
            }
            if let one = asNumber, let two = other.asNumber {
                return .number(try Self.numbers(one, operation, two, at: site))
            }
        }
        throw site.failure(
            "'\(operation.rawValue)' cannot take values of type \(typeName) and "
                + "\(other.typeName).")
    }

    private static func repeated(_ text: String, _ count: Int, at site: TemplateSite)
        throws(ChatTemplateError) -> TemplateValue
    {
        let (bytes, overflow) = text.utf8.count.multipliedReportingOverflow(by: max(0, count))
        try site.charge(bytes: overflow ? .max : bytes)
        return .string(String(repeating: text, count: max(0, count)))
    }

    private static func overflow(at site: TemplateSite) -> ChatTemplateError {
        site.failure("whole numbers beyond \(Int.max) are not supported.")
    }

    private static func integers(
        _ one: Int, _ operation: TemplateArithmetic, _ two: Int, at site: TemplateSite
    ) throws(ChatTemplateError) -> TemplateValue {
        let result: (partialValue: Int, overflow: Bool)
        switch operation {
        case .plus: result = one.addingReportingOverflow(two)
        case .minus: result = one.subtractingReportingOverflow(two)
        case .times: result = one.multipliedReportingOverflow(by: two)
        case .dividedBy:
            return .number(try numbers(Double(one), operation, Double(two), at: site))
        case .floorDividedBy, .modulo:
            guard two != 0 else { throw site.failure("division by zero.") }
            guard two != -1 else {
                if operation == .modulo { return .integer(0) }
                return try TemplateValue.integer(one).negated(at: site)
            }
            let (quotient, remainder) = one.quotientAndRemainder(dividingBy: two)
            // Python rounds down where the processor rounds toward zero.
            let isOff = remainder != 0 && (remainder < 0) != (two < 0)
            if operation == .modulo { return .integer(isOff ? remainder + two : remainder) }
            return .integer(isOff ? quotient - 1 : quotient)
        }
        guard !result.overflow else { throw overflow(at: site) }
        return .integer(result.partialValue)
    }

    private static func numbers(
        _ one: Double, _ operation: TemplateArithmetic, _ two: Double, at site: TemplateSite
    ) throws(ChatTemplateError) -> Double {
        switch operation {
        case .plus: return one + two
        case .minus: return one - two
        case .times: return one * two
        case .dividedBy, .floorDividedBy, .modulo:
            guard two != 0 else { throw site.failure("division by zero.") }
            if operation == .dividedBy { return one / two }
            let remainder = one.truncatingRemainder(dividingBy: two)
            let isOff = remainder != 0 && (remainder < 0) != (two < 0)
            let modulo = isOff ? remainder + two : remainder
            return operation == .modulo ? modulo : ((one - modulo) / two).rounded()
        }
    }
}
