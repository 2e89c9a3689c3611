/// Makes statements of tokens, by Jinja2's grammar.
///
/// Known: `for` (with `else` and an inline `if`), `if`, `set`, `break`, `continue` and
/// `generation`, which transformers adds and which changes no text. Other statements are an error
/// that names them.
struct TemplateParser {
    private let tokens: [TemplateToken]
    private var index = 0
    private var statementDepth = 0
    private var loopDepth = 0
    /// Levels of brackets and prefixes around the expression being read.
    var nesting = 0

    static func statements(of source: String) throws(ChatTemplateError) -> [TemplateStatement] {
        var parser = TemplateParser(tokens: try TemplateLexer.tokens(of: source))
        return try parser.body(until: [])
    }

    private init(tokens: [TemplateToken]) { self.tokens = tokens }

    // MARK: - Tokens

    var current: TemplateToken { tokens[index] }
    var position: TemplatePosition { current.position }

    /// The token after the current one; the last one is the end, which nothing goes beyond.
    var following: TemplateToken { tokens[min(index + 1, tokens.count - 1)] }

    mutating func advance() { if index + 1 < tokens.count { index += 1 } }

    func isAt(_ symbol: String) -> Bool { current.kind == .symbol(symbol) }

    func isAt(name: String) -> Bool { current.kind == .name(name) }

    mutating func skip(_ symbol: String) -> Bool {
        guard isAt(symbol) else { return false }
        advance()
        return true
    }

    mutating func skip(name: String) -> Bool {
        guard isAt(name: name) else { return false }
        advance()
        return true
    }

    mutating func expect(_ symbol: String) throws(ChatTemplateError) {
        if !skip(symbol) { throw unexpected(wanted: "'\(symbol)'") }
    }

    mutating func expectName() throws(ChatTemplateError) -> String {
        guard case .name(let name) = current.kind else { throw unexpected(wanted: "a name") }
        advance()
        return name
    }

    func unexpected(wanted: String) -> ChatTemplateError {
        ChatTemplateError(.syntax, at: position, "wanted \(wanted), found \(current.shown).")
    }

    func unsupported(_ what: String, at position: TemplatePosition) -> ChatTemplateError {
        ChatTemplateError(.unsupported, at: position, "\(what) is not supported.")
    }

    // MARK: - Statements

    /// Statements up to a block that begins with one of `ends`, whose name is then the current
    /// token; without `ends`, up to the end of the template.
    private mutating func body(until ends: [String]) throws(ChatTemplateError)
        -> [TemplateStatement]
    {
        statementDepth += 1
        defer { statementDepth -= 1 }
        guard statementDepth <= TemplateLimits.statementDepth else {
            throw ChatTemplateError(
                .limit, at: position,
                "statements are nested more than \(TemplateLimits.statementDepth) deep.")
        }
        var statements: [TemplateStatement] = []
        while true {
            switch current.kind {
            case .data(let text):
                advance()
                statements.append(.text(text))
            case .variableBegin:
                advance()
                statements.append(.output(try tuple()))
                guard current.kind == .variableEnd else { throw unexpected(wanted: "'}}'") }
                advance()
            case .blockBegin:
                advance()
                if case .name(let name) = current.kind, ends.contains(name) { return statements }
                if let statement = try statement(inside: ends) { statements.append(statement) }
            default:
                guard ends.isEmpty else {
                    throw unexpected(wanted: "'{% \(ends.last ?? "") %}'")
                }
                return statements
            }
        }
    }

    private mutating func endBlock() throws(ChatTemplateError) {
        guard current.kind == .blockEnd else { throw unexpected(wanted: "'%}'") }
        advance()
    }

    /// The statement whose name is the current token; nil for one without effect.
    private mutating func statement(inside ends: [String]) throws(ChatTemplateError)
        -> TemplateStatement?
    {
        let place = position
        let name = try expectName()
        switch name {
        case "for": return try forLoop()
        case "if": return try branches()
        case "set": return try assignment()
        case "break", "continue":
            guard loopDepth > 0 else {
                throw ChatTemplateError(.syntax, at: place, "'\(name)' is outside of a loop.")
            }
            try endBlock()
            return name == "break" ? .stopLoop : .nextIteration
        case "generation":
            try endBlock()
            let body = try body(until: ["endgeneration"])
            advance()
            try endBlock()
            return .block(body)
        case "else", "elif", "endif", "endfor", "endset", "endgeneration":
            let wanted = ends.last.map { ", wanted '{% \($0) %}'" } ?? ""
            throw ChatTemplateError(.syntax, at: place, "unexpected '\(name)'\(wanted).")
        default:
            throw unsupported("the statement \(quoted(name))", at: place)
        }
    }

    private mutating func forLoop() throws(ChatTemplateError) -> TemplateStatement {
        let target = try target(allowsAttribute: false)
        guard skip(name: "in") else { throw unexpected(wanted: "'in'") }
        let iterable = try tuple(withCondition: false, endingAt: ["if", "recursive"])
        let condition = skip(name: "if") ? try expression() : nil
        if isAt(name: "recursive") { throw unsupported("'recursive'", at: position) }
        try endBlock()
        loopDepth += 1
        let body = try body(until: ["else", "endfor"])
        loopDepth -= 1
        let hasElse = isAt(name: "else")
        advance()
        try endBlock()
        var otherwise: [TemplateStatement] = []
        if hasElse {
            otherwise = try self.body(until: ["endfor"])
            advance()
            try endBlock()
        }
        return .loop(
            TemplateForLoop(
                target: target, iterable: iterable, condition: condition, body: body,
                otherwise: otherwise))
    }

    private mutating func branches() throws(ChatTemplateError) -> TemplateStatement {
        var branches: [(condition: TemplateExpression?, body: [TemplateStatement])] = []
        var isElse = false
        while true {
            let condition = isElse ? nil : try tuple(withCondition: false)
            try endBlock()
            branches.append(
                (condition, try body(until: isElse ? ["endif"] : ["elif", "else", "endif"])))
            let isEnd = isAt(name: "endif")
            isElse = isAt(name: "else")
            advance()
            if isEnd {
                try endBlock()
                return .branches(branches)
            }
        }
    }

    private mutating func assignment() throws(ChatTemplateError) -> TemplateStatement {
        let target = try target(allowsAttribute: true)
        if skip("=") {
            let value = try tuple()
            try endBlock()
            return .assignment(target, value)
        }
        if isAt("|") { throw unsupported("a filter on a block 'set'", at: position) }
        try endBlock()
        let body = try body(until: ["endset"])
        advance()
        try endBlock()
        return .capture(target, body)
    }

    /// One name, or several with commas between them, perhaps in parentheses.
    private mutating func target(allowsAttribute: Bool) throws(ChatTemplateError)
        -> TemplateTarget
    {
        let place = position
        var parts: [TemplateTarget] = []
        var isTuple = false
        repeat {
            if isAt(name: "in") || isAt("=") || isAt(")") { break }
            parts.append(try singleTarget(allowsAttribute: allowsAttribute))
            if isAt(",") { isTuple = true }
        } while skip(",")
        guard let first = parts.first else { throw unexpected(wanted: "a name") }
        return isTuple ? .unpacked(parts, place) : first
    }

    private mutating func singleTarget(allowsAttribute: Bool) throws(ChatTemplateError)
        -> TemplateTarget
    {
        let place = position
        if skip("(") {
            nesting += 1
            defer { nesting -= 1 }
            try checkNesting()
            let inner = try target(allowsAttribute: allowsAttribute)
            try expect(")")
            return inner
        }
        let name = try expectName()
        guard !Self.reserved.contains(name) else {
            throw ChatTemplateError(.syntax, at: place, "'\(name)' cannot be assigned to.")
        }
        guard allowsAttribute, skip(".") else { return .variable(name) }
        return .attribute(namespace: name, name: try expectName(), place)
    }

    private static let reserved: Set<String> = [
        "true", "false", "none", "True", "False", "None", "loop",
    ]
}
