/// Reads JSON strictly and in place, for files that somebody else made.
///
/// Unlike `JSON.decode` it refuses duplicate keys, deep nesting and numbers that cannot be
/// represented, says where it stopped, and lets a reader that knows what it wants go through a
/// large file without building a tree of it.
///
///     var parser = JSONParser(bytes)
///     try parser.object { key, parser in sizes[key] = try parser.integer() }
///     try parser.finish()
package struct JSONParser {
    /// Containers inside each other.
    package static let depthLimit = 64

    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    private var depth = 0

    /// - Parameter bytes: must stay valid while the parser is used.
    package init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The whole of a text as a value.
    package static func value(of bytes: UnsafeRawBufferPointer) throws(JSONSyntaxError)
        -> JSONValue
    {
        var parser = JSONParser(bytes)
        let value = try parser.value()
        try parser.finish()
        return value
    }

    /// Checks that nothing but white space follows.
    package mutating func finish() throws(JSONSyntaxError) {
        skipSpace()
        guard position == bytes.count else { throw fail("there is more after the end") }
    }

    /// An error at the place where the parser is.
    package func fail(_ problem: String) -> JSONSyntaxError {
        let before = bytes.prefix(min(position, bytes.count))
        return JSONSyntaxError(
            line: before.count { $0 == UInt8(ascii: "\n") } + 1,
            column: before.count - (before.lastIndex(of: UInt8(ascii: "\n")) ?? -1),
            problem: problem)
    }
}

/// Text that is not JSON as it should be: where, counted from 1, and why.
package struct JSONSyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
    package let line: Int
    /// In bytes.
    package let column: Int
    package let problem: String

    package var description: String { "line \(line), column \(column): \(problem)." }
}

// MARK: - Containers

extension JSONParser {
    /// An object; `member` reads the value of each key.
    package mutating func object<Failure: Error>(
        _ member: (_ key: String, inout JSONParser) throws(Failure) -> Void
    ) throws {
        try open("{", "an object")
        var seen = Set<String>()
        var isFirst = true
        while try !close("}", isFirst: &isFirst) {
            skipSpace()
            let start = position
            let key = try string()
            guard seen.insert(key).inserted else {
                position = start
                throw fail("the key '\(key)' occurs twice")
            }
            try expect(":", "':' after a key")
            try member(key, &self)
        }
    }

    /// An array; `element` reads each element.
    package mutating func array<Failure: Error>(
        _ element: (inout JSONParser) throws(Failure) -> Void
    ) throws {
        try open("[", "an array")
        var isFirst = true
        while try !close("]", isFirst: &isFirst) { try element(&self) }
    }

    private mutating func open(_ bracket: Unicode.Scalar, _ what: String) throws(JSONSyntaxError) {
        try expect(bracket, what)
        depth += 1
        guard depth <= Self.depthLimit else {
            throw fail("nested deeper than \(Self.depthLimit) levels")
        }
    }

    /// Whether the container ends here; else steps over the comma between its members.
    private mutating func close(_ bracket: Unicode.Scalar, isFirst: inout Bool)
        throws(JSONSyntaxError) -> Bool
    {
        skipSpace()
        if current == UInt8(ascii: bracket) {
            position += 1
            depth -= 1
            return true
        }
        if !isFirst { try expect(",", "',' or '\(bracket)'") }
        isFirst = false
        return false
    }
}

// MARK: - Values

extension JSONParser {
    /// Any value.
    package mutating func value() throws(JSONSyntaxError) -> JSONValue {
        skipSpace()
        switch current {
        case UInt8(ascii: "{"):
            var members: [String: JSONValue] = [:]
            try syntax { (parser) throws in
                try parser.object { (key, parser) throws(JSONSyntaxError) in
                    members[key] = try parser.value()
                }
            }
            return .object(members)
        case UInt8(ascii: "["):
            var elements: [JSONValue] = []
            try syntax { (parser) throws in
                try parser.array { (parser) throws(JSONSyntaxError) in
                    elements.append(try parser.value())
                }
            }
            return .array(elements)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    /// An integer that fits.
    package mutating func integer() throws(JSONSyntaxError) -> Int {
        skipSpace()
        let start = position
        guard case .integer(let value) = try number() else {
            position = start
            throw fail("wanted an integer below 2^63")
        }
        return Int(value)
    }

    /// The containers throw only what their closures and the parser throw.
    private mutating func syntax(_ body: (inout JSONParser) throws -> Void)
        throws(JSONSyntaxError)
    {
        do {
            try body(&self)
        } catch let error as JSONSyntaxError {
            throw error
        } catch {
            preconditionFailure("only syntax errors are thrown here")
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) throws(JSONSyntaxError)
        -> JSONValue
    {
        let length = word.utf8CodeUnitCount
        guard bytes.count - position >= length,
            (0..<length).allSatisfy({ bytes[position + $0] == word.utf8Start[$0] })
        else { throw fail("wanted a value") }
        position += length
        return value
    }

    private mutating func number() throws(JSONSyntaxError) -> JSONValue {
        let start = position
        func isDigit(_ byte: UInt8?) -> Bool {
            byte.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? false
        }
        if current == UInt8(ascii: "-") { position += 1 }
        guard isDigit(current) else {
            position = start
            throw fail(position == bytes.count ? "it ends here" : "wanted a value")
        }
        if current == UInt8(ascii: "0"), isDigit(next) { throw fail("a number with leading zeros") }
        while isDigit(current) { position += 1 }
        var isInteger = true
        if current == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            guard isDigit(current) else { throw fail("wanted a digit after the point") }
            while isDigit(current) { position += 1 }
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            isInteger = false
            position += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
            guard isDigit(current) else { throw fail("wanted a digit in the exponent") }
            while isDigit(current) { position += 1 }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger, let value = Int64(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else {
            position = start
            throw fail("the number \(text.prefix(40)) cannot be represented")
        }
        return .number(value)
    }
}

// MARK: - Strings

extension JSONParser {
    package mutating func string() throws(JSONSyntaxError) -> String {
        try expect("\"", "a string")
        let start = position
        // Most strings have no escapes and are taken as they are.
        while let byte = current, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
            guard byte >= 0x20 else { throw fail("a control character in a string") }
            position += 1
        }
        guard current != nil else { throw fail("the string that begins here does not end", start) }
        if current == UInt8(ascii: "\"") {
            defer { position += 1 }
            return try text(bytes[start..<position], at: start)
        }
        var unescaped = Array(bytes[start..<position])
        while let byte = current, byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else { throw fail("a control character in a string") }
            position += 1
            if byte == UInt8(ascii: "\\") {
                try escape(into: &unescaped)
            } else {
                unescaped.append(byte)
            }
        }
        guard current != nil else { throw fail("the string that begins here does not end", start) }
        position += 1
        return try text(unescaped, at: start)
    }

    private func text(_ bytes: some Sequence<UInt8>, at start: Int) throws(JSONSyntaxError)
        -> String
    {
        guard let text = String(validating: Array(bytes), as: UTF8.self) else {
            throw fail("the string that begins here is not UTF-8", start)
        }
        return text
    }

    private mutating func escape(into bytes: inout [UInt8]) throws(JSONSyntaxError) {
        guard let byte = current else { throw fail("it ends inside an escape") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(byte)
        case UInt8(ascii: "b"): bytes.append(0x08)
        case UInt8(ascii: "f"): bytes.append(0x0C)
        case UInt8(ascii: "n"): bytes.append(0x0A)
        case UInt8(ascii: "r"): bytes.append(0x0D)
        case UInt8(ascii: "t"): bytes.append(0x09)
        case UInt8(ascii: "u"):
            var code = try codeUnit()
            if code & 0xFC00 == 0xD800, current == UInt8(ascii: "\\"), next == UInt8(ascii: "u") {
                position += 2
                let low = try codeUnit()
                guard low & 0xFC00 == 0xDC00 else { throw fail("half of a surrogate pair") }
                code = 0x10000 + (code & 0x3FF) << 10 + low & 0x3FF
            }
            guard let scalar = Unicode.Scalar(code) else { throw fail("half of a surrogate pair") }
            bytes.append(contentsOf: String(scalar).utf8)
        default:
            position -= 1
            throw fail("an escape that JSON does not have")
        }
    }

    private mutating func codeUnit() throws(JSONSyntaxError) -> UInt32 {
        guard bytes.count - position >= 4 else { throw fail("it ends inside an escape") }
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue else {
                throw fail("wanted a hexadecimal digit")
            }
            code = code << 4 | UInt32(digit)
            position += 1
        }
        return code
    }
}

// MARK: - Bytes

extension JSONParser {
    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }
    private var next: UInt8? { position + 1 < bytes.count ? bytes[position + 1] : nil }

    private mutating func skipSpace() {
        while let byte = current,
            byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
        { position += 1 }
    }

    private mutating func expect(_ wanted: Unicode.Scalar, _ what: String) throws(JSONSyntaxError) {
        skipSpace()
        guard current == UInt8(ascii: wanted) else {
            throw fail(position == bytes.count ? "it ends here, wanted \(what)" : "wanted \(what)")
        }
        position += 1
    }

    private func fail(_ problem: String, _ place: Int) -> JSONSyntaxError {
        var other = self
        other.position = place
        return other.fail(problem)
    }
}
