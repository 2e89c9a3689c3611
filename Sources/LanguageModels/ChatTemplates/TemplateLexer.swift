/// Cuts a template into tokens, as Jinja2 does with `trim_blocks` and `lstrip_blocks`.
///
/// Newlines become `\n`, and one at the very end is dropped. `-` beside a tag takes all whitespace
/// on that side. Without it, the whitespace between a line's start and `{%` or `{#` is dropped,
/// and so is the newline right after `%}` and `#}`; `+` keeps them.
struct TemplateLexer {
    private let source: [Unicode.Scalar]
    private let lineStarts: [Int]
    private var index = 0
    /// What was last read ended with a newline; Jinja's `line_starting`.
    private var isAtLineStart = true
    private var tokens: [TemplateToken] = []

    static func tokens(of text: String) throws(ChatTemplateError) -> [TemplateToken] {
        guard text.utf8.count <= TemplateLimits.sourceBytes else {
            throw ChatTemplateError(
                .limit, at: .init(line: 1, column: 1),
                "the template has \(text.utf8.count) bytes, wanted at most "
                    + "\(TemplateLimits.sourceBytes).")
        }
        var lexer = TemplateLexer(text)
        try lexer.scan()
        return lexer.tokens
    }

    private init(_ text: String) {
        var source: [Unicode.Scalar] = []
        var starts = [0]
        var previous: Unicode.Scalar?
        for scalar in text.unicodeScalars {
            defer { previous = scalar }
            if scalar == "\n", previous == "\r" { continue }
            let isNewline = scalar == "\n" || scalar == "\r"
            source.append(isNewline ? "\n" : scalar)
            if isNewline { starts.append(source.count) }
        }
        if source.last == "\n" { source.removeLast() }
        self.source = source
        lineStarts = starts
    }

    private func position(of index: Int) -> TemplatePosition {
        // The last line that starts at or before the index.
        var low = 0
        var high = lineStarts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= index { low = middle } else { high = middle }
        }
        return TemplatePosition(line: low + 1, column: index - lineStarts[low] + 1)
    }

    private func failure(_ problem: String, at index: Int) -> ChatTemplateError {
        ChatTemplateError(.syntax, at: position(of: index), problem)
    }

    private mutating func add(_ kind: TemplateToken.Kind, at index: Int) {
        tokens.append(TemplateToken(kind: kind, position: position(of: index)))
    }

    private func has(_ text: String, at index: Int) -> Bool {
        var index = index
        for scalar in text.unicodeScalars {
            guard index < source.count, source[index] == scalar else { return false }
            index += 1
        }
        return true
    }

    // MARK: - Text and the tags in it

    private mutating func scan() throws(ChatTemplateError) {
        while index < source.count {
            let start = index
            var open = start
            while open < source.count, !isTag(at: open) { open += 1 }
            guard open < source.count else {
                addData(start..<open)
                index = open
                break
            }
            let sign = open + 2 < source.count ? source[open + 2] : " "
            let hasSign = sign == "-" || sign == "+"
            let isVariable = source[open + 1] == "{"
            let end = endOfData(start, open, sign: hasSign ? sign : nil, isVariable: isVariable)
            addData(start..<end)
            index = open + (hasSign ? 3 : 2)
            switch source[open + 1] {
            case "#": try skipComment(from: open)
            case "{":
                add(.variableBegin, at: open)
                try scanTag(from: open, isVariable: true)
            default:
                add(.blockBegin, at: open)
                try scanTag(from: open, isVariable: false)
            }
        }
        add(.end, at: source.count)
    }

    private func isTag(at index: Int) -> Bool {
        guard source[index] == "{", index + 1 < source.count else { return false }
        return source[index + 1] == "{" || source[index + 1] == "%" || source[index + 1] == "#"
    }

    /// Where the text before a tag ends when the whitespace that the tag takes is gone.
    private func endOfData(_ start: Int, _ open: Int, sign: Unicode.Scalar?, isVariable: Bool)
        -> Int
    {
        if sign == "-" {
            var end = open
            while end > start, PythonText.isSpace(source[end - 1]) { end -= 1 }
            return end
        }
        if sign == "+" || isVariable { return open }
        let newline = source[start..<open].lastIndex(of: "\n")
        guard newline != nil || isAtLineStart else { return open }
        let lineStart = newline.map { $0 + 1 } ?? start
        return source[lineStart..<open].allSatisfy(PythonText.isSpace) ? lineStart : open
    }

    private mutating func addData(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        add(.data(String(String.UnicodeScalarView(source[range]))), at: range.lowerBound)
    }

    private mutating func skipComment(from open: Int) throws(ChatTemplateError) {
        let start = index
        while !has("#}", at: index) {
            guard index < source.count else {
                throw failure("the comment has no end '#}'.", at: open)
            }
            index += 1
        }
        let sign = index > start ? source[index - 1] : " "
        index += 2
        finishTag(sign: sign, trimsNewline: true)
    }

    /// Reads the whitespace that a tag's end takes with it.
    private mutating func finishTag(sign: Unicode.Scalar, trimsNewline: Bool) {
        if sign == "-" {
            while index < source.count, PythonText.isSpace(source[index]) { index += 1 }
        } else if sign != "+", trimsNewline, index < source.count, source[index] == "\n" {
            index += 1
        }
        isAtLineStart = source[index - 1] == "\n"
    }

    // MARK: - Inside a tag

    private mutating func scanTag(from open: Int, isVariable: Bool) throws(ChatTemplateError) {
        let end = isVariable ? "}}" : "%}"
        var brackets: [(closing: String, index: Int)] = []
        var isFirst = true
        while true {
            while index < source.count, PythonText.isSpace(source[index]) { index += 1 }
            guard index < source.count else {
                throw failure("the tag has no end '\(end)'.", at: open)
            }
            if brackets.isEmpty {
                let sign = source[index]
                let isSigned =
                    (sign == "-" || !isVariable && sign == "+") && has(end, at: index + 1)
                if isSigned || has(end, at: index) {
                    add(isVariable ? .variableEnd : .blockEnd, at: index)
                    index += isSigned ? 3 : 2
                    finishTag(sign: isSigned ? sign : " ", trimsNewline: !isVariable)
                    return
                }
            }
            if !isVariable, isFirst, name(at: index) == "raw" {
                throw ChatTemplateError(
                    .unsupported, at: position(of: index), "the statement 'raw' is not supported.")
            }
            isFirst = false
            try scanToken(&brackets)
        }
    }

    private mutating func scanToken(_ brackets: inout [(closing: String, index: Int)])
        throws(ChatTemplateError)
    {
        let start = index
        let scalar = source[index]
        if ("0"..."9").contains(scalar) {
            try scanNumber()
        } else if let name = name(at: index) {
            index += name.unicodeScalars.count
            add(.name(name), at: start)
        } else if scalar == "'" || scalar == "\"" {
            try scanString(quote: scalar)
        } else {
            guard let symbol = Self.symbols.first(where: { has($0, at: start) }) else {
                throw failure("unexpected character \(quoted(String(scalar))).", at: start)
            }
            index += symbol.utf8.count
            if let closing = Self.closings[symbol] {
                brackets.append((closing, start))
            } else if Self.closings.values.contains(symbol) {
                guard let last = brackets.popLast() else {
                    throw failure("unexpected '\(symbol)'.", at: start)
                }
                guard last.closing == symbol else {
                    throw failure("unexpected '\(symbol)', wanted '\(last.closing)'.", at: start)
                }
            }
            add(.symbol(symbol), at: start)
        }
    }

    /// The longer ones first.
    private static let symbols = [
        "**", "//", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{",
        "}", ">", "<", "=", ".", ":", "|", ",", ";",
    ]
    private static let closings = ["(": ")", "[": "]", "{": "}"]

    private func name(at index: Int) -> String? {
        var end = index
        while end < source.count, Self.isNamePart(source[end], isFirst: end == index) { end += 1 }
        return end > index ? String(String.UnicodeScalarView(source[index..<end])) : nil
    }

    private static func isNamePart(_ scalar: Unicode.Scalar, isFirst: Bool) -> Bool {
        if scalar == "_" { return true }
        let properties = scalar.properties
        return isFirst ? properties.isXIDStart : properties.isXIDContinue
    }

    private mutating func scanNumber() throws(ChatTemplateError) {
        let start = index
        func digits(_ index: inout Int) {
            while index < source.count, ("0"..."9").contains(source[index]) { index += 1 }
        }
        digits(&index)
        var isWhole = true
        // `1.2`, but not the dot of `x.1.2`, whose parts are indices.
        let followsDot = start > 0 && source[start - 1] == "."
        if !followsDot, index + 1 < source.count, source[index] == ".",
            ("0"..."9").contains(source[index + 1])
        {
            isWhole = false
            index += 1
            digits(&index)
        }
        if !followsDot, index < source.count, source[index] == "e" || source[index] == "E" {
            var end = index + 1
            if end < source.count, source[end] == "+" || source[end] == "-" { end += 1 }
            if end < source.count, ("0"..."9").contains(source[end]) {
                isWhole = false
                digits(&end)
                index = end
            }
        }
        if index < source.count, Self.isNamePart(source[index], isFirst: false) {
            throw ChatTemplateError(
                .unsupported, at: position(of: start),
                "numbers are supported in decimal digits only.")
        }
        let text = String(String.UnicodeScalarView(source[start..<index]))
        if isWhole {
            guard let value = Int(text) else {
                throw ChatTemplateError(
                    .unsupported, at: position(of: start),
                    "whole numbers are supported up to \(Int.max).")
            }
            add(.integer(value), at: start)
        } else {
            add(.number(Double(text) ?? .infinity), at: start)
        }
    }

    private mutating func scanString(quote: Unicode.Scalar) throws(ChatTemplateError) {
        let start = index
        index += 1
        while index < source.count, source[index] != quote {
            index += source[index] == "\\" ? 2 : 1
        }
        guard index < source.count else { throw failure("the string has no end.", at: start) }
        let content = source[start + 1..<index]
        index += 1
        guard let text = PythonText.unescaped(content) else {
            throw failure("the string has an incomplete or unsupported escape.", at: start)
        }
        add(.string(text), at: start)
    }
}
