/// A form that answers are to have.
///
///     Answer: {1-4 words} | Why: {3-20 words}.
///
/// is one: texts outside of braces must be there to the letter. What stands for a field is so many words
/// on one line, with single spaces between them, and cannot contain the text that follows it.
package struct AnswerFormat: Hashable, Sendable {
    private enum Part: Hashable {
        case text(String)
        case words(ClosedRange<Int>)
    }

    /// The line itself.
    package let pattern: String
    private let parts: [Part]

    /// Throws `DatasetError` for a field that is none, and for two without a text between them.
    ///
    /// - Parameter file: how messages call the place of the line.
    package init(_ line: String, of file: String) throws {
        let pattern = String(line.prefix { !$0.isNewline })
        var parts: [Part] = []
        var rest = pattern[...]
        while let open = rest.firstIndex(of: "{") {
            if open > rest.startIndex { parts.append(.text(String(rest[..<open]))) }
            guard let close = rest[open...].firstIndex(of: "}"),
                let range = Self.range(rest[rest.index(after: open)..<close])
            else {
                throw DatasetError(
                    file, "wanted a field such as {1-4 words}, found \(rest[open...].prefix(20)).")
            }
            if case .words? = parts.last {
                throw DatasetError(file, "wanted a text between two fields of '\(pattern)'.")
            }
            parts.append(.words(range))
            rest = rest[rest.index(after: close)...]
        }
        if !rest.isEmpty { parts.append(.text(String(rest))) }
        guard !parts.isEmpty else { throw DatasetError(file, "wanted a line, found none.") }
        self.pattern = pattern
        self.parts = parts
    }

    private static func range(_ field: Substring) -> ClosedRange<Int>? {
        let words = field.split(separator: " ")
        let numbers = words.first?.split(separator: "-").map { Int($0) } ?? []
        guard words.count == 2, words[1] == "words", numbers.count == 2, let low = numbers[0],
            let high = numbers[1], 1 <= low, low <= high
        else { return nil }
        return low...high
    }

    /// Whether an answer has the form, spaces and line breaks around it apart.
    package func matches(_ answer: String) -> Bool {
        var rest = Substring(answer.trimmed)
        for (index, part) in parts.enumerated() {
            switch part {
            case .text(let text):
                guard rest.hasPrefix(text) else { return false }
                rest = rest.dropFirst(text.count)
            case .words(let range):
                guard let field = field(&rest, before: parts.dropFirst(index + 1)),
                    Self.wordCount(field).map(range.contains) ?? false
                else { return false }
            }
        }
        return rest.isEmpty
    }

    /// Takes a field off the front: up to the next text, or for the last one up to the end.
    private func field(_ rest: inout Substring, before next: ArraySlice<Part>) -> Substring? {
        guard case .text(let text)? = next.first else {
            defer { rest = rest[rest.endIndex...] }
            return rest
        }
        let end: Substring.Index?
        if next.count == 1 {
            end = rest.hasSuffix(text) ? rest.index(rest.endIndex, offsetBy: -text.count) : nil
        } else {
            end = rest.indices.first { rest[$0...].hasPrefix(text) }
        }
        guard let end else { return nil }
        defer { rest = rest[end...] }
        return rest[..<end]
    }

    /// Nil for what is not words with single spaces on one line.
    private static func wordCount(_ field: Substring) -> Int? {
        guard !field.contains(where: \.isNewline) else { return nil }
        let words = field.split(separator: " ", omittingEmptySubsequences: false)
        return words.contains { $0.isEmpty || $0.contains(where: \.isWhitespace) }
            ? nil : words.count
    }
}

extension String {
    /// Without white space at both ends.
    fileprivate var trimmed: String {
        let start = drop(while: \.isWhitespace)
        guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(start[...last])
    }
}
