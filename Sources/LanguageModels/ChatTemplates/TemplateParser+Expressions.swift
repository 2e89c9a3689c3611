// Each rank of operators is a function, from the loosest to the tightest, as in Jinja2's parser.
extension TemplateParser {
    /// A node, unless it is too deep to be evaluated safely.
    private func node(
        _ kind: TemplateExpression.Kind, at position: TemplatePosition,
        over children: [TemplateExpression?] = []
    ) throws(ChatTemplateError) -> TemplateExpression {
        let depth = 1 + (children.compactMap { $0?.depth }.max() ?? 0)
        guard depth <= TemplateLimits.expressionDepth else { throw tooDeep(at: position) }
        return TemplateExpression(kind: kind, position: position, depth: depth)
    }

    private func tooDeep(at position: TemplatePosition) -> ChatTemplateError {
        ChatTemplateError(
            .limit, at: position,
            "an expression has more than \(TemplateLimits.expressionDepth) levels.")
    }

    /// Keeps the parser itself from going too deep.
    func checkNesting() throws(ChatTemplateError) {
        guard nesting <= TemplateLimits.expressionDepth else { throw tooDeep(at: position) }
    }

    /// An expression, or several with commas between them, which make a tuple.
    mutating func tuple(
        withCondition: Bool = true, endingAt names: [String] = [], isBracketed: Bool = false
    ) throws(ChatTemplateError) -> TemplateExpression {
        let place = position
        var parts: [TemplateExpression] = []
        var isTuple = false
        while !isTupleEnd(names) {
            parts.append(withCondition ? try expression() : try or())
            guard skip(",") else { break }
            isTuple = true
        }
        if !isTuple, let first = parts.first { return first }
        guard isTuple || isBracketed else { throw unexpected(wanted: "an expression") }
        return try node(.list(parts, isTuple: true), at: place, over: parts)
    }

    private func isTupleEnd(_ names: [String]) -> Bool {
        switch current.kind {
        case .variableEnd, .blockEnd, .symbol(")"): true
        case .name(let name): names.contains(name)
        default: false
        }
    }

    mutating func expression() throws(ChatTemplateError) -> TemplateExpression {
        nesting += 1
        defer { nesting -= 1 }
        try checkNesting()
        var value = try or()
        while isAt(name: "if") {
            let place = position
            advance()
            let condition = try or()
            let otherwise = skip(name: "else") ? try expression() : nil
            value = try node(
                .conditional(condition: condition, then: value, otherwise: otherwise), at: place,
                over: [condition, value, otherwise])
        }
        return value
    }

    private mutating func or() throws(ChatTemplateError) -> TemplateExpression {
        var left = try and()
        while isAt(name: "or") {
            let place = position
            advance()
            let right = try and()
            left = try node(.or(left, right), at: place, over: [left, right])
        }
        return left
    }

    private mutating func and() throws(ChatTemplateError) -> TemplateExpression {
        var left = try not()
        while isAt(name: "and") {
            let place = position
            advance()
            let right = try not()
            left = try node(.and(left, right), at: place, over: [left, right])
        }
        return left
    }

    private mutating func not() throws(ChatTemplateError) -> TemplateExpression {
        let place = position
        guard skip(name: "not") else { return try comparison() }
        nesting += 1
        defer { nesting -= 1 }
        try checkNesting()
        let value = try not()
        return try node(.not(value), at: place, over: [value])
    }

    private mutating func comparison() throws(ChatTemplateError) -> TemplateExpression {
        let place = position
        let first = try sum()
        var rest: [(TemplateComparison, TemplateExpression)] = []
        while let comparison = comparisonOperator() { rest.append((comparison, try sum())) }
        guard !rest.isEmpty else { return first }
        return try node(.comparison(first, rest), at: place, over: [first] + rest.map(\.1))
    }

    private mutating func comparisonOperator() -> TemplateComparison? {
        switch current.kind {
        case .symbol(let symbol):
            guard let comparison = TemplateComparison(rawValue: symbol) else { return nil }
            advance()
            return comparison
        case .name("in"):
            advance()
            return .isIn
        case .name("not") where following.kind == .name("in"):
            advance()
            advance()
            return .isNotIn
        default: return nil
        }
    }

    private mutating func sum() throws(ChatTemplateError) -> TemplateExpression {
        var left = try concatenation()
        while isAt("+") || isAt("-") {
            let place = position
            let operation: TemplateArithmetic = isAt("+") ? .plus : .minus
            advance()
            let right = try concatenation()
            left = try node(.arithmetic(left, operation, right), at: place, over: [left, right])
        }
        return left
    }

    private mutating func concatenation() throws(ChatTemplateError) -> TemplateExpression {
        let place = position
        var parts = [try product()]
        while skip("~") { parts.append(try product()) }
        return parts.count == 1
            ? parts[0] : try node(.concatenation(parts), at: place, over: parts)
    }

    private mutating func product() throws(ChatTemplateError) -> TemplateExpression {
        var left = try unary()
        while case .symbol(let symbol) = current.kind {
            let place = position
            if symbol == "**" { throw unsupported("the operator '**'", at: place) }
            guard let operation = TemplateArithmetic(rawValue: symbol) else { break }
            guard operation != .plus, operation != .minus else { break }
            advance()
            let right = try unary()
            left = try node(.arithmetic(left, operation, right), at: place, over: [left, right])
        }
        return left
    }

    private mutating func unary(withFilters: Bool = true) throws(ChatTemplateError)
        -> TemplateExpression
    {
        let place = position
        var value: TemplateExpression
        if isAt("-") || isAt("+") {
            let isNegative = isAt("-")
            advance()
            nesting += 1
            defer { nesting -= 1 }
            try checkNesting()
            let operand = try unary(withFilters: false)
            value = try node(
                isNegative ? .negative(operand) : .positive(operand), at: place, over: [operand])
        } else {
            value = try primary()
        }
        value = try postfix(value)
        return withFilters ? try filtersAndTests(value) : value
    }

    private mutating func primary() throws(ChatTemplateError) -> TemplateExpression {
        let place = position
        switch current.kind {
        case .name(let name):
            advance()
            return switch name {
            case "true", "True": try node(.constant(.bool(true)), at: place)
            case "false", "False": try node(.constant(.bool(false)), at: place)
            case "none", "None": try node(.constant(.none), at: place)
            default: try node(.variable(name), at: place)
            }
        case .string(var text):
            advance()
            while case .string(let more) = current.kind {
                text += more
                advance()
            }
            return try node(.constant(.string(text)), at: place)
        case .integer(let value):
            advance()
            return try node(.constant(.integer(value)), at: place)
        case .number(let value):
            advance()
            return try node(.constant(.number(value)), at: place)
        case .symbol("("):
            advance()
            let value = try tuple(isBracketed: true)
            try expect(")")
            return value
        case .symbol("["): return try list()
        case .symbol("{"): return try mapping()
        default: throw unexpected(wanted: "an expression")
        }
    }

    private mutating func list() throws(ChatTemplateError) -> TemplateExpression {
        let place = position
        advance()
        var elements: [TemplateExpression] = []
        while !isAt("]") {
            elements.append(try expression())
            if !isAt("]") { try expect(",") }
        }
        advance()
        return try node(.list(elements, isTuple: false), at: place, over: elements)
    }

    private mutating func mapping() throws(ChatTemplateError) -> TemplateExpression {
        let place = position
        advance()
        var entries: [(key: TemplateExpression, value: TemplateExpression)] = []
        while !isAt("}") {
            let key = try expression()
            try expect(":")
            entries.append((key, try expression()))
            if !isAt("}") { try expect(",") }
        }
        advance()
        return try node(
            .mapping(entries), at: place, over: entries.map(\.key) + entries.map(\.value))
    }

    // MARK: - What follows a value

    private mutating func postfix(_ start: TemplateExpression) throws(ChatTemplateError)
        -> TemplateExpression
    {
        var value = start
        while true {
            let place = position
            switch current.kind {
            case .symbol("."):
                advance()
                if case .integer(let index) = current.kind {
                    let key = try node(.constant(.integer(index)), at: position)
                    advance()
                    value = try node(.item(value, key), at: place, over: [value])
                } else {
                    value = try node(.attribute(value, expectName()), at: place, over: [value])
                }
            case .symbol("["): value = try subscripted(value)
            case .symbol("("): value = try call(value)
            default: return value
            }
        }
    }

    private mutating func subscripted(_ value: TemplateExpression) throws(ChatTemplateError)
        -> TemplateExpression
    {
        let place = position
        advance()
        var slice = TemplateSlice()
        if !isAt(":") { slice.lower = try expression() }
        guard isAt(":") else {
            if isAt(",") { throw unsupported("an index with commas", at: position) }
            try expect("]")
            guard let key = slice.lower else { throw unexpected(wanted: "an expression") }
            return try node(.item(value, key), at: place, over: [value, key])
        }
        advance()
        if !isAt(":"), !isAt("]") { slice.upper = try expression() }
        if skip(":"), !isAt("]") { slice.step = try expression() }
        if isAt(",") { throw unsupported("an index with commas", at: position) }
        try expect("]")
        return try node(
            .slice(value, slice), at: place, over: [value, slice.lower, slice.upper, slice.step])
    }

    private mutating func call(_ value: TemplateExpression) throws(ChatTemplateError)
        -> TemplateExpression
    {
        let place = position
        let arguments = try arguments()
        return try node(
            .call(value, arguments), at: place, over: [value] + arguments.expressions)
    }

    private mutating func arguments() throws(ChatTemplateError) -> TemplateArguments {
        try expect("(")
        var arguments = TemplateArguments()
        while !isAt(")") {
            if isAt("*") || isAt("**") { throw unsupported("unpacking of arguments", at: position) }
            if case .name(let name) = current.kind, following.kind == .symbol("=") {
                advance()
                advance()
                arguments.named.append((name, try expression()))
            } else {
                guard arguments.named.isEmpty else { throw unexpected(wanted: "'name='") }
                arguments.positional.append(try expression())
            }
            if !isAt(")") { try expect(",") }
        }
        advance()
        return arguments
    }

    private mutating func filtersAndTests(_ start: TemplateExpression) throws(ChatTemplateError)
        -> TemplateExpression
    {
        var value = start
        while true {
            let place = position
            if skip("|") {
                let name = try expectName()
                let arguments = isAt("(") ? try arguments() : TemplateArguments()
                value = try node(
                    .filter(value, name, arguments), at: place,
                    over: [value] + arguments.expressions)
            } else if skip(name: "is") {
                value = try test(value, at: place)
            } else if isAt("(") {
                value = try call(value)
            } else {
                return value
            }
        }
    }

    /// `is name`, `is not name`, with arguments in parentheses or one without them.
    private mutating func test(_ value: TemplateExpression, at place: TemplatePosition)
        throws(ChatTemplateError) -> TemplateExpression
    {
        let isNegated = skip(name: "not")
        let name = try expectName()
        var arguments = TemplateArguments()
        switch current.kind {
        case .symbol("("): arguments = try self.arguments()
        case .name("else"), .name("or"), .name("and"): break
        case .name("is"):
            throw ChatTemplateError(.syntax, at: position, "tests cannot be chained with 'is'.")
        // Jinja takes any name here; these follow a condition, so that it would fail there.
        case .name("in"), .name("not"), .name("if"), .name("recursive"): break
        case .name, .string, .integer, .number, .symbol("["), .symbol("{"):
            arguments.positional = [try postfix(try primary())]
        default: break
        }
        let test = try node(
            .test(value, name, arguments), at: place, over: [value] + arguments.expressions)
        return isNegated ? try node(.not(test), at: place, over: [test]) : test
    }
}

extension TemplateArguments {
    fileprivate var expressions: [TemplateExpression] { positional + named.map(\.value) }
}
