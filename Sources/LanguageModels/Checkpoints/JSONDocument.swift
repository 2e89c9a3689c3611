/// A JSON text of a stranger, as an index of its values: strict, and never larger than a few times
/// the text.
///
/// `JSONDecoder` keeps no place of a value, takes the last of equal keys, and needs seconds for a
/// vocabulary. Here one pass checks the grammar, refuses equal keys and deep nesting, and notes
/// where each value lies; strings and numbers are read when they are asked for. Every message names
/// the file and the value's path.
///
///     let root = try JSONDocument(bytes, file: "tokenizer.json").root
///     let type = try root.member("model").member("type").string()
package final class JSONDocument: Sendable {
    package let file: String
    let bytes: [UInt8]
    let nodes: [Node]

    /// Nesting of real files stays below 10.
    package static let deepest = 64
    /// Positions are 32 bits wide; the largest vocabularies take 40 MB.
    package static let longest = 1 << 29

    struct Node {
        var kind: JSONElement.Kind
        /// A string with a backslash in it.
        var isEscaped = false
        /// Bytes of the value, quotes and brackets included.
        var start: UInt32
        var end: UInt32
        /// The node after this value and all in it.
        var next: UInt32
    }

    /// Throws for the first thing that is not JSON, with its line and column.
    package init(_ bytes: [UInt8], file: String) throws(CheckpointError) {
        guard bytes.count <= Self.longest else {
            throw CheckpointError(
                file: file, "wanted at most \(Self.longest) bytes, found \(bytes.count).")
        }
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw CheckpointError(file: file, "this is not UTF-8 text.")
        }
        self.file = file
        self.bytes = bytes
        var parser = Parser(file: file)
        do throws(Parser.Failure) {
            // `withUnsafeBufferPointer` of an array does not pass a typed error on.
            try bytes.withUnsafeBufferPointer { text in
                Result { () throws(Parser.Failure) in try parser.parse(text) }
            }.get()
        } catch {
            throw Self.failure(error, bytes, file)
        }
        nodes = parser.nodes
    }

    package var root: JSONElement { JSONElement(document: self, index: 0) }

    private static func failure(_ failure: Parser.Failure, _ bytes: [UInt8], _ file: String)
        -> CheckpointError
    {
        let before = bytes[..<min(failure.position, bytes.count)]
        let line = before.count { $0 == UInt8(ascii: "\n") } + 1
        let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        return CheckpointError(
            file: file, "line \(line), column \(before.count - start + 1): \(failure.problem)")
    }

    /// `model.merges[17]`: found by walking down, as only messages need it.
    func path(of wanted: Int) -> String {
        var path = ""
        var index = 0
        walk: while index != wanted {
            let node = nodes[index]
            var child = index + 1
            var place = 0
            while child < Int(node.next) {
                let value = node.kind == .object ? child + 1 : child
                let next = Int(nodes[value].next)
                if wanted < next {
                    if node.kind == .object {
                        let key = text(of: child)
                        path += path.isEmpty ? key : "." + key
                        if wanted == child { return path }
                    } else {
                        path += "[\(place)]"
                    }
                    index = value
                    continue walk
                }
                child = next
                place += 1
            }
            return path
        }
        return path
    }

    func text(of index: Int) -> String {
        var text: [UInt8] = []
        appendString(index, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    func appendString(_ index: Int, to text: inout [UInt8]) {
        let node = nodes[index]
        let range = Int(node.start) + 1..<Int(node.end) - 1
        guard node.isEscaped else { return text.append(contentsOf: bytes[range]) }
        bytes.withUnsafeBufferPointer { JSONString.append(unescaping: $0, range, to: &text) }
    }
}

// MARK: - Parsing

extension JSONDocument {
    struct Parser {
        struct Failure: Error {
            let position: Int
            let problem: String
        }

        let file: String
        private(set) var nodes: [Node] = []
        private var position = 0

        init(file: String) { self.file = file }

        mutating func parse(_ text: UnsafeBufferPointer<UInt8>) throws(Failure) {
            skipSpace(text)
            try value(text, depth: 0)
            skipSpace(text)
            guard position == text.count else { throw failure(text, "wanted the end of the file") }
        }

        private func failure(_ text: UnsafeBufferPointer<UInt8>, _ wanted: String) -> Failure {
            guard position < text.count else {
                return Failure(position: position, problem: "\(wanted), found the end of the file.")
            }
            let (scalar, _) = UTF8Decoding.scalar(text, position, text.count)
            let found = Unicode.Scalar(scalar).map { quoted(String($0)) } ?? "a stray byte"
            return Failure(position: position, problem: "\(wanted), found \(found).")
        }

        private mutating func skipSpace(_ text: UnsafeBufferPointer<UInt8>) {
            while position < text.count {
                switch text[position] {
                case 0x20, 0x09, 0x0A, 0x0D: position += 1
                default: return
                }
            }
        }

        private mutating func value(_ text: UnsafeBufferPointer<UInt8>, depth: Int) throws(Failure)
        {
            guard position < text.count else { throw failure(text, "wanted a value") }
            switch text[position] {
            case UInt8(ascii: "{"): try container(text, .object, depth: depth)
            case UInt8(ascii: "["): try container(text, .array, depth: depth)
            case UInt8(ascii: "\""): try string(text)
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number(text)
            case UInt8(ascii: "t"): try word(text, "true", .bool)
            case UInt8(ascii: "f"): try word(text, "false", .bool)
            case UInt8(ascii: "n"): try word(text, "null", .null)
            default: throw failure(text, "wanted a value")
            }
        }

        private mutating func add(
            _ kind: JSONElement.Kind, from start: Int, isEscaped: Bool = false
        ) {
            nodes.append(
                Node(
                    kind: kind, isEscaped: isEscaped, start: UInt32(start), end: UInt32(position),
                    next: UInt32(nodes.count + 1)))
        }

        private mutating func word(
            _ text: UnsafeBufferPointer<UInt8>, _ word: StaticString, _ kind: JSONElement.Kind
        ) throws(Failure) {
            let start = position
            for offset in 0..<word.utf8CodeUnitCount {
                guard position < text.count, text[position] == word.utf8Start[offset] else {
                    throw failure(text, "wanted '\(word)'")
                }
                position += 1
            }
            add(kind, from: start)
        }

        private mutating func container(
            _ text: UnsafeBufferPointer<UInt8>, _ kind: JSONElement.Kind, depth: Int
        ) throws(Failure) {
            guard depth < JSONDocument.deepest else {
                throw Failure(
                    position: position,
                    problem: "values are nested deeper than \(JSONDocument.deepest).")
            }
            let isObject = kind == .object
            let close = isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
            let index = nodes.count
            let start = position
            add(kind, from: start)
            position += 1
            skipSpace(text)
            var keys: [Int] = []
            if position < text.count, text[position] == close {
                position += 1
            } else {
                while true {
                    if isObject {
                        guard position < text.count, text[position] == UInt8(ascii: "\"") else {
                            throw failure(text, "wanted a key in quotes")
                        }
                        keys.append(nodes.count)
                        try string(text)
                        skipSpace(text)
                        guard position < text.count, text[position] == UInt8(ascii: ":") else {
                            throw failure(text, "wanted ':'")
                        }
                        position += 1
                        skipSpace(text)
                    }
                    try value(text, depth: depth + 1)
                    skipSpace(text)
                    guard position < text.count,
                        text[position] == close || text[position] == UInt8(ascii: ",")
                    else {
                        throw failure(text, isObject ? "wanted ',' or '}'" : "wanted ',' or ']'")
                    }
                    position += 1
                    if text[position - 1] == close { break }
                    skipSpace(text)
                }
            }
            nodes[index].end = UInt32(position)
            nodes[index].next = UInt32(nodes.count)
            try refuseEqualKeys(text, keys)
        }

        private mutating func string(_ text: UnsafeBufferPointer<UInt8>) throws(Failure) {
            let start = position
            var isEscaped = false
            position += 1
            while position < text.count {
                switch text[position] {
                case UInt8(ascii: "\""):
                    position += 1
                    return add(.string, from: start, isEscaped: isEscaped)
                case UInt8(ascii: "\\"):
                    isEscaped = true
                    guard let length = JSONString.escapeLength(text, position) else {
                        throw failure(text, "wanted an escape that JSON has")
                    }
                    position += length
                case ..<0x20: throw failure(text, "wanted a control character as an escape")
                default: position += 1
                }
            }
            throw failure(text, "wanted '\"'")
        }

        private mutating func number(_ text: UnsafeBufferPointer<UInt8>) throws(Failure) {
            let start = position
            if text[position] == UInt8(ascii: "-") { position += 1 }
            let first = position
            try digits(text)
            if position > first + 1, text[first] == UInt8(ascii: "0") {
                position = first + 1
                throw failure(text, "wanted a number without leading zeros")
            }
            if position < text.count, text[position] == UInt8(ascii: ".") {
                position += 1
                try digits(text)
            }
            if position < text.count, text[position] | 0x20 == UInt8(ascii: "e") {
                position += 1
                if position < text.count,
                    text[position] == UInt8(ascii: "+") || text[position] == UInt8(ascii: "-")
                {
                    position += 1
                }
                try digits(text)
            }
            add(.number, from: start)
        }

        private mutating func digits(_ text: UnsafeBufferPointer<UInt8>) throws(Failure) {
            let start = position
            while position < text.count, text[position] &- 0x30 < 10 { position += 1 }
            guard position > start else { throw failure(text, "wanted a digit") }
        }

        /// Keys that are equal are neighbours once they are sorted by their hash.
        private func refuseEqualKeys(_ text: UnsafeBufferPointer<UInt8>, _ keys: [Int])
            throws(Failure)
        {
            guard keys.count > 1 else { return }
            func spelled(_ key: Int) -> [UInt8] {
                let range = Int(nodes[key].start) + 1..<Int(nodes[key].end) - 1
                guard nodes[key].isEscaped else { return Array(text[range]) }
                var spelled: [UInt8] = []
                JSONString.append(unescaping: text, range, to: &spelled)
                return spelled
            }
            func hash(_ key: Int) -> Int {
                // Swift's own, because its seed is secret: nobody can prepare equal hashes.
                var hasher = Hasher()
                if nodes[key].isEscaped {
                    spelled(key).withUnsafeBytes { hasher.combine(bytes: $0) }
                } else {
                    let range = Int(nodes[key].start) + 1..<Int(nodes[key].end) - 1
                    hasher.combine(
                        bytes: UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: text[range])))
                }
                return hasher.finalize()
            }
            let sorted = keys.map { (hash: hash($0), key: $0) }.sorted { $0 < $1 }
            for index in 1..<sorted.count where sorted[index].hash == sorted[index - 1].hash {
                let name = spelled(sorted[index].key)
                guard name == spelled(sorted[index - 1].key) else { continue }
                throw Failure(
                    position: Int(nodes[sorted[index].key].start),
                    problem: "the key \(quoted(String(decoding: name, as: UTF8.self))) "
                        + "stands twice in one object.")
            }
        }
    }
}

/// The inside of strings.
private enum JSONString {
    /// Bytes of the escape at a backslash; nil when JSON has no such escape.
    static func escapeLength(_ text: UnsafeBufferPointer<UInt8>, _ position: Int) -> Int? {
        guard position + 1 < text.count else { return nil }
        switch text[position + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
            UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return 2
        case UInt8(ascii: "u"):
            return codeUnit(text, position + 2) == nil ? nil : 6
        default: return nil
        }
    }

    /// Four hexadecimal digits.
    private static func codeUnit(_ text: UnsafeBufferPointer<UInt8>, _ position: Int) -> UInt32? {
        guard position + 4 <= text.count else { return nil }
        var unit: UInt32 = 0
        for byte in text[position..<position + 4] {
            switch byte {
            case 0x30...0x39: unit = unit << 4 | UInt32(byte - 0x30)
            case 0x41...0x46: unit = unit << 4 | UInt32(byte - 0x37)
            case 0x61...0x66: unit = unit << 4 | UInt32(byte - 0x57)
            default: return nil
            }
        }
        return unit
    }

    /// Appends what a checked string means; half a surrogate pair is U+FFFD.
    static func append(
        unescaping text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, to result: inout [UInt8]
    ) {
        var position = range.lowerBound
        while position < range.upperBound {
            guard text[position] == UInt8(ascii: "\\") else {
                result.append(text[position])
                position += 1
                continue
            }
            let kind = text[position + 1]
            position += 2
            switch kind {
            case UInt8(ascii: "b"): result.append(0x08)
            case UInt8(ascii: "f"): result.append(0x0C)
            case UInt8(ascii: "n"): result.append(0x0A)
            case UInt8(ascii: "r"): result.append(0x0D)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "u"):
                var scalar = codeUnit(text, position) ?? 0xFFFD
                position += 4
                if (0xD800..<0xDC00).contains(scalar), position + 6 <= range.upperBound,
                    text[position] == UInt8(ascii: "\\"),
                    text[position + 1] == UInt8(ascii: "u"),
                    let low = codeUnit(text, position + 2), (0xDC00..<0xE000).contains(low)
                {
                    scalar = 0x10000 + (scalar - 0xD800) << 10 + (low - 0xDC00)
                    position += 6
                }
                let isSurrogate = (0xD800..<0xE000).contains(scalar)
                UTF8Decoding.append(isSurrogate ? 0xFFFD : scalar, to: &result)
            default: result.append(kind)
            }
        }
    }
}
