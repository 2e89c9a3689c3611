extension TemplateInterpreter {
    func evaluate(_ expression: TemplateExpression) throws(ChatTemplateError) -> TemplateValue {
        try meter.charge(TemplateMeter.step, at: expression.position)
        switch expression.kind {
        case .constant(let value): return value
        case .variable(let name): return value(of: name) ?? .undefined("'\(name)' is undefined")
        case .attribute(let object, let name):
            return try attribute(name, of: evaluate(object), at: site(expression.position))
        case .item(let object, let key):
            return try item(evaluate(key), of: evaluate(object), at: site(expression.position))
        case .not(let operand): return .bool(try !evaluate(operand).isTrue)
        case .and(let left, let right):
            let value = try evaluate(left)
            return value.isTrue ? try evaluate(right) : value
        case .or(let left, let right):
            let value = try evaluate(left)
            return value.isTrue ? value : try evaluate(right)
        case .conditional(let condition, let then, let otherwise):
            if try evaluate(condition).isTrue { return try evaluate(then) }
            guard let otherwise else {
                return .undefined("the inline 'if' has no 'else' and its condition is false")
            }
            return try evaluate(otherwise)
        case .list(let elements, let isTuple):
            return .list(
                try TemplateList(
                    evaluate(elements), kind: isTuple ? .tuple : .list,
                    at: site(expression.position)))
        default: return try evaluateOperation(expression)
        }
    }

    // Apart from `evaluate`, so that the frames of the usual recursion stay small.
    private func evaluateOperation(_ expression: TemplateExpression) throws(ChatTemplateError)
        -> TemplateValue
    {
        let place = site(expression.position)
        switch expression.kind {
        case .arithmetic(let left, let operation, let right):
            return try evaluate(left).applying(operation, to: evaluate(right), at: place)
        case .comparison(let first, let rest):
            return .bool(try compare(first, rest, at: place))
        case .concatenation(let parts):
            var text = ""
            for part in parts { text += try evaluate(part).text(at: place) }
            return .string(text)
        case .negative(let operand): return try evaluate(operand).negated(at: place)
        case .positive(let operand):
            let value = try evaluate(operand)
            guard value.asNumber != nil else {
                throw place.failure("'+' needs a number, found a value of type \(value.typeName).")
            }
            return value.asInteger.map { .integer($0) } ?? value
        case .mapping(let entries):
            var values: [TemplateMapping.Entry] = []
            for entry in entries {
                values.append((try evaluate(entry.key), try evaluate(entry.value)))
            }
            return .mapping(try TemplateMapping(values, at: place))
        case .slice(let object, let slice):
            return try self.slice(evaluate(object), slice, at: place)
        case .call(let callee, let arguments): return try call(callee, arguments, at: place)
        case .filter(let operand, let name, let arguments):
            let call = try makeCall(name, on: evaluate(operand), arguments, at: place)
            return try TemplateFilter.apply(call)
        case .test(let operand, let name, let arguments):
            let call = try makeCall(name, on: evaluate(operand), arguments, at: place)
            return .bool(try TemplateCondition.holds(call))
        default: preconditionFailure("handled by evaluate")
        }
    }

    private func evaluate(_ expressions: [TemplateExpression]) throws(ChatTemplateError)
        -> [TemplateValue]
    {
        var values: [TemplateValue] = []
        for expression in expressions { values.append(try evaluate(expression)) }
        return values
    }

    private func makeCall(
        _ name: String, on value: TemplateValue, _ arguments: TemplateArguments,
        at site: TemplateSite
    ) throws(ChatTemplateError) -> TemplateCall {
        var named: [(name: String, value: TemplateValue)] = []
        for argument in arguments.named {
            named.append((argument.name, try evaluate(argument.value)))
        }
        return TemplateCall(
            name: name, value: value, positional: try evaluate(arguments.positional), named: named,
            site: site)
    }

    // MARK: - Parts of values

    private func attribute(_ name: String, of object: TemplateValue, at site: TemplateSite)
        throws(ChatTemplateError) -> TemplateValue
    {
        if TemplateMethods.names(of: object).contains(name) {
            throw site.unsupported("the method '\(name)' without a call is not supported.")
        }
        switch object {
        case .undefined(let what): throw site.failure("\(what).")
        case .mapping(let mapping):
            return try mapping.value(of: .string(name), at: site)
                ?? .undefined("the mapping has no key \(quoted(name))")
        case .namespace(let namespace):
            return namespace.values[name] ?? .undefined("the namespace has no '\(name)'")
        case .loop(let loop):
            return loop.attribute(name) ?? .undefined("'loop' has no '\(name)'")
        default:
            return .undefined("a value of type \(object.typeName) has no '\(name)'")
        }
    }

    private func item(_ key: TemplateValue, of object: TemplateValue, at site: TemplateSite)
        throws(ChatTemplateError) -> TemplateValue
    {
        switch object {
        case .undefined(let what): throw site.failure("\(what).")
        case .mapping(let mapping):
            if case .list = key { break }
            if case .mapping = key { break }
            if let value = try mapping.value(of: key, at: site) { return value }
        case .list(let list) where list.kind == .list || list.kind == .tuple:
            guard let index = key.asInteger else { break }
            let place = index < 0 ? index + list.elements.count : index
            if list.elements.indices.contains(place) { return list.elements[place] }
        case .string(let text):
            guard let index = key.asInteger else { break }
            try site.charge(bytes: text.utf8.count)
            let scalars = Array(text.unicodeScalars)
            let place = index < 0 ? index + scalars.count : index
            if scalars.indices.contains(place) { return .string(String(scalars[place])) }
        case .namespace, .loop:
            if case .string(let name) = key { return try attribute(name, of: object, at: site) }
        default: break
        }
        let shown = if case .string(let name) = key { " " + quoted(name) } else { "" }
        return .undefined("a value of type \(object.typeName) has no such item\(shown)")
    }

    private func slice(_ object: TemplateValue, _ slice: TemplateSlice, at site: TemplateSite)
        throws(ChatTemplateError) -> TemplateValue
    {
        func bound(_ expression: TemplateExpression?) throws(ChatTemplateError) -> Int? {
            guard let expression else { return nil }
            let value = try evaluate(expression)
            if case .none = value { return nil }
            guard let bound = value.asInteger else {
                throw site.failure(
                    "a slice needs whole numbers, found a value of type \(value.typeName).")
            }
            return bound
        }
        let (lower, upper, step) = (
            try bound(slice.lower), try bound(slice.upper), try bound(slice.step) ?? 1
        )
        guard step != 0 else { throw site.failure("the step of a slice cannot be 0.") }
        switch object {
        case .list(let list) where list.kind == .list || list.kind == .tuple:
            let indices = Self.indices(lower, upper, step, count: list.elements.count)
            return .list(
                try TemplateList(indices.map { list.elements[$0] }, kind: list.kind, at: site))
        case .string(let text):
            try site.charge(elements: text.unicodeScalars.count)
            let scalars = Array(text.unicodeScalars)
            let indices = Self.indices(lower, upper, step, count: scalars.count)
            return .string(String(String.UnicodeScalarView(indices.map { scalars[$0] })))
        case .undefined(let what): throw site.failure("\(what).")
        default: throw site.failure("a value of type \(object.typeName) cannot be sliced.")
        }
    }

    /// The places that Python's `[lower:upper:step]` takes of `count`.
    private static func indices(_ lower: Int?, _ upper: Int?, _ step: Int, count: Int) -> [Int] {
        func place(_ bound: Int?, otherwise: Int) -> Int {
            guard let bound else { return otherwise }
            // Far beyond either end is the end; so nothing overflows below.
            let place = bound < 0 ? max(bound, -count - 1) + count : min(bound, count)
            return step > 0 ? max(place, 0) : min(max(place, -1), count - 1)
        }
        let start = place(lower, otherwise: step > 0 ? 0 : count - 1)
        let end = place(upper, otherwise: step > 0 ? count : -1)
        return Array(stride(from: start, to: end, by: min(max(step, -count - 1), count + 1)))
    }

    // MARK: - Comparisons

    private func compare(
        _ first: TemplateExpression, _ rest: [(TemplateComparison, TemplateExpression)],
        at site: TemplateSite
    ) throws(ChatTemplateError) -> Bool {
        var left = try evaluate(first)
        for (comparison, expression) in rest {
            let right = try evaluate(expression)
            guard try left.compared(comparison, with: right, at: site) else { return false }
            left = right
        }
        return true
    }

    // MARK: - Calls

    private func call(
        _ callee: TemplateExpression, _ arguments: TemplateArguments, at site: TemplateSite
    ) throws(ChatTemplateError) -> TemplateValue {
        switch callee.kind {
        case .attribute(let object, let name):
            let call = try makeCall(name, on: evaluate(object), arguments, at: site)
            return try TemplateMethods.call(call)
        case .variable(let name):
            if let value = value(of: name) {
                throw site.failure(
                    "'\(name)' is a value of type \(value.typeName) and cannot be called.")
            }
            let call = try makeCall(name, on: .none, arguments, at: site)
            return try TemplateFunctions.call(call, date: date)
        default: throw site.unsupported("a call of anything but a name or method is not supported.")
        }
    }
}
