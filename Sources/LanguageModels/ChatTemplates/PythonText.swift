/// What Python's `str` does, in which templates are written: texts are sequences of code points.
enum PythonText {
    /// `str.isspace` of one code point, which is also what `strip` takes away.
    static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029,
            0x202F, 0x205F, 0x3000:
            true
        default: false
        }
    }

    /// Two texts are the same when their code points are; Swift's `==` also accepts equivalents.
    static func areEqual(_ one: String, _ other: String) -> Bool {
        one.utf8.elementsEqual(other.utf8)
    }

    static func isBefore(_ one: String, _ other: String) -> Bool {
        // UTF-8 sorts as its code points do.
        one.utf8.lexicographicallyPrecedes(other.utf8)
    }

    // MARK: - Stripping and cutting

    struct Sides: OptionSet {
        let rawValue: Int
        static let left = Sides(rawValue: 1)
        static let right = Sides(rawValue: 2)
        static let both: Sides = [.left, .right]
    }

    /// `strip`, `lstrip`, `rstrip`; without `characters` it takes whitespace.
    static func stripped(_ text: String, _ sides: Sides = .both, of characters: String? = nil)
        -> String
    {
        let set = characters.map { Set($0.unicodeScalars) }
        let isTaken = { (scalar: Unicode.Scalar) in set?.contains(scalar) ?? isSpace(scalar) }
        var rest = text.unicodeScalars[...]
        if sides.contains(.left) { rest = rest.drop(while: isTaken) }
        if sides.contains(.right) {
            while let last = rest.last, isTaken(last) { rest.removeLast() }
        }
        return String(rest)
    }

    /// `split()`: the words between whitespace, the last one with all that is left.
    static func words(_ text: String, limit: Int? = nil) -> [String] {
        var words: [String] = []
        var rest = text.unicodeScalars.drop(while: isSpace)
        while !rest.isEmpty {
            if let limit, words.count >= limit {
                words.append(stripped(String(rest), .right))
                break
            }
            let word = rest.prefix { !isSpace($0) }
            words.append(String(word))
            rest = rest[word.endIndex...].drop(while: isSpace)
        }
        return words
    }

    /// `split(separator)`; the separator must not be empty.
    static func parts(_ text: String, separator: String, limit: Int? = nil, fromEnd: Bool = false)
        -> [String]
    {
        let bytes = Array(text.utf8)
        var places = occurrences(of: Array(separator.utf8), in: bytes)
        if fromEnd {
            // The rightmost occurrences that do not overlap, found in the mirrored text.
            let length = separator.utf8.count
            places = occurrences(of: separator.utf8.reversed(), in: bytes.reversed())
                .prefix(limit ?? .max).map { bytes.count - $0 - length }.reversed()
        } else {
            places = Array(places.prefix(limit ?? .max))
        }
        var parts: [String] = []
        var start = 0
        for place in places {
            parts.append(String(decoding: bytes[start..<place], as: UTF8.self))
            start = place + separator.utf8.count
        }
        return parts + [String(decoding: bytes[start...], as: UTF8.self)]
    }

    /// `splitlines()`.
    static func lines(_ text: String) -> [String] {
        var lines: [String] = []
        var line = String.UnicodeScalarView()
        var previous: Unicode.Scalar?
        var isOpen = false
        for scalar in text.unicodeScalars {
            defer { previous = scalar }
            if scalar == "\n", previous == "\r" { continue }
            switch scalar.value {
            case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029:
                lines.append(String(line))
                line = String.UnicodeScalarView()
                isOpen = false
            default:
                line.append(scalar)
                isOpen = true
            }
        }
        return isOpen ? lines + [String(line)] : lines
    }

    // MARK: - Searching

    /// Where `pattern` begins in `bytes`, from the left and without overlaps.
    ///
    /// UTF-8 is self-synchronizing, so bytes find what code points would. Complexity: O(n + m).
    static func occurrences(of pattern: [UInt8], in bytes: [UInt8]) -> [Int] {
        guard let first = pattern.first, pattern.count <= bytes.count else { return [] }
        if pattern.count == 1 { return bytes.indices.filter { bytes[$0] == first } }
        // Knuth, Morris and Pratt: no hostile text makes this slow.
        var borders = [0]
        var matched = 0
        for index in 1..<pattern.count {
            while matched > 0, pattern[index] != pattern[matched] { matched = borders[matched - 1] }
            if pattern[index] == pattern[matched] { matched += 1 }
            borders.append(matched)
        }
        var places: [Int] = []
        matched = 0
        for index in bytes.indices {
            while matched > 0, bytes[index] != pattern[matched] { matched = borders[matched - 1] }
            if bytes[index] == pattern[matched] { matched += 1 }
            if matched == pattern.count {
                places.append(index - pattern.count + 1)
                matched = 0
            }
        }
        return places
    }

    static func contains(_ text: String, _ part: String) -> Bool {
        part.isEmpty || !occurrences(of: Array(part.utf8), in: Array(text.utf8)).isEmpty
    }

    /// `replace(old, new, count)`; an empty `old` stands between all code points.
    static func replacing(_ text: String, _ old: String, with new: String, limit: Int? = nil)
        -> String
    {
        if old.isEmpty {
            var result = ""
            var left = limit ?? .max
            for scalar in text.unicodeScalars {
                if left > 0 { result += new }
                left -= 1
                result.unicodeScalars.append(scalar)
            }
            return left > 0 ? result + new : result
        }
        return parts(text, separator: old, limit: limit).joined(separator: new)
    }

    // MARK: - Case

    static func uppercased(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { $0 += $1.properties.uppercaseMapping }
    }

    /// `lower()`, with the final form of sigma at a word's end.
    static func lowercased(_ text: String) -> String {
        let scalars = Array(text.unicodeScalars)
        var result = ""
        for (index, scalar) in scalars.enumerated() {
            guard scalar == "\u{3A3}" else {
                result += scalar.properties.lowercaseMapping
                continue
            }
            let isSkipped = { (scalar: Unicode.Scalar) in scalar.properties.isCaseIgnorable }
            let before = scalars[..<index].last { !isSkipped($0) }
            let after = scalars[(index + 1)...].first { !isSkipped($0) }
            let isFinal = before?.properties.isCased == true && after?.properties.isCased != true
            result += isFinal ? "\u{3C2}" : "\u{3C3}"
        }
        return result
    }

    /// `capitalize()`.
    static func capitalized(_ text: String) -> String {
        guard let first = text.unicodeScalars.first else { return text }
        return first.properties.titlecaseMapping
            + lowercased(String(text.unicodeScalars.dropFirst()))
    }

    /// `title()`.
    static func titlecased(_ text: String) -> String {
        var result = ""
        var followsLetter = false
        for scalar in text.unicodeScalars {
            let properties = scalar.properties
            result += followsLetter ? properties.lowercaseMapping : properties.titlecaseMapping
            followsLetter = properties.isCased
        }
        return result
    }
}

// MARK: - Spelling

extension PythonText {
    /// The text of a string literal's inside; nil for an escape that is cut off or unknown here.
    static func unescaped(_ content: some Collection<Unicode.Scalar>) -> String? {
        var result = String.UnicodeScalarView()
        var rest = Substring.UnicodeScalarView(String.UnicodeScalarView(content))
        while let scalar = rest.popFirst() {
            guard scalar == "\\" else {
                result.append(scalar)
                continue
            }
            guard let escape = rest.popFirst() else { return nil }
            switch escape {
            case "\n": continue
            case "\\", "'", "\"": result.append(escape)
            case "a": result.append("\u{07}")
            case "b": result.append("\u{08}")
            case "f": result.append("\u{0C}")
            case "n": result.append("\n")
            case "r": result.append("\r")
            case "t": result.append("\t")
            case "v": result.append("\u{0B}")
            case "0"..."7":
                let more = rest.prefix(2).prefix { ("0"..."7").contains($0) }
                rest = rest.dropFirst(more.count)
                guard let value = UInt32(String(escape) + String(more), radix: 8),
                    let scalar = Unicode.Scalar(value)
                else { return nil }
                result.append(scalar)
            case "x", "u", "U":
                let length = escape == "x" ? 2 : escape == "u" ? 4 : 8
                let digits = rest.prefix(length).prefix { $0.properties.isASCIIHexDigit }
                guard digits.count == length, let value = UInt32(String(digits), radix: 16),
                    let scalar = Unicode.Scalar(value)
                else { return nil }
                rest = rest.dropFirst(length)
                result.append(scalar)
            case "N": return nil
            default:
                // Python keeps the backslash of what it does not know.
                result.append("\\")
                result.append(escape)
            }
        }
        return String(result)
    }

    /// `repr` of a text.
    static func represented(_ text: String) -> String {
        let hasSingle = text.unicodeScalars.contains("'")
        let quote: Unicode.Scalar =
            hasSingle && !text.unicodeScalars.contains("\"") ? "\"" : "'"
        var result = String.UnicodeScalarView([quote])
        for scalar in text.unicodeScalars {
            switch scalar {
            case quote, "\\":
                result.append("\\")
                result.append(scalar)
            case "\n": result.append(contentsOf: "\\n".unicodeScalars)
            case "\r": result.append(contentsOf: "\\r".unicodeScalars)
            case "\t": result.append(contentsOf: "\\t".unicodeScalars)
            default:
                if isPrintable(scalar) {
                    result.append(scalar)
                } else {
                    result.append(contentsOf: escaped(scalar).unicodeScalars)
                }
            }
        }
        result.append(quote)
        return String(result)
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        if scalar == " " { return true }
        return switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
            .paragraphSeparator, .spaceSeparator:
            false
        default: true
        }
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar.value {
        case ..<0x100: "\\x" + hexadecimal(scalar.value, 2)
        case ..<0x10000: "\\u" + hexadecimal(scalar.value, 4)
        default: "\\U" + hexadecimal(scalar.value, 8)
        }
    }

    static func hexadecimal(_ value: UInt32, _ digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }

    /// `repr` of a float: the shortest digits that give it back.
    static func represented(_ value: Double) -> String {
        if value.isNaN { return "nan" }
        if value.isInfinite { return value < 0 ? "-inf" : "inf" }
        return value.description
    }
}
