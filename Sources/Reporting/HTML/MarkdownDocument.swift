/// As much of Markdown as our reports are written in, read back as blocks.
///
/// What it does not know it takes as text, so nothing of a report is lost, and no text becomes
/// markup that the report did not mean.
struct MarkdownDocument: Sendable {
    enum Block: Equatable, Sendable {
        case heading(level: Int, [Inline])
        case paragraph([Inline])
        case list([[Inline]])
        case table(Table)
        case code(String)
        case image(text: String, target: String)
        case rule
    }

    struct Table: Equatable, Sendable {
        let header: [[Inline]]
        let isRight: [Bool]
        let rows: [[[Inline]]]
    }

    enum Inline: Equatable, Sendable {
        case text(String)
        case code(String)
        case strong([Inline])
        case link([Inline], target: String)
    }

    let blocks: [Block]

    init(_ text: String) {
        var reader = BlockReader(text)
        blocks = reader.blocks()
    }
}

extension [MarkdownDocument.Inline] {
    /// The text without its markup.
    var plain: String {
        map { part in
            switch part {
            case .text(let text), .code(let text): text
            case .strong(let parts), .link(let parts, _): parts.plain
            }
        }.joined()
    }
}

private struct BlockReader {
    private let lines: [Substring]
    private var next = 0

    init(_ text: String) { lines = text.split(separator: "\n", omittingEmptySubsequences: false) }

    mutating func blocks() -> [MarkdownDocument.Block] {
        var blocks: [MarkdownDocument.Block] = []
        while next < lines.count {
            let line = lines[next]
            if line.allSatisfy({ $0 == " " }) {
                next += 1
            } else if line.hasPrefix("```") {
                blocks.append(code())
            } else if let level = Self.headingLevel(line) {
                next += 1
                blocks.append(.heading(level: level, inlines(line.dropFirst(level + 1))))
            } else if line == "---" {
                next += 1
                blocks.append(.rule)
            } else if line.hasPrefix("|"), let table = table() {
                blocks.append(.table(table))
            } else if line.hasPrefix("- ") {
                blocks.append(list())
            } else {
                blocks.append(paragraph())
            }
        }
        return blocks
    }

    private func inlines(_ text: some StringProtocol) -> [MarkdownDocument.Inline] {
        var reader = InlineReader(String(text))
        return reader.parts()
    }

    private static func headingLevel(_ line: Substring) -> Int? {
        let level = line.prefix { $0 == "#" }.count
        return (1...6).contains(level) && line.dropFirst(level).first == " " ? level : nil
    }

    private mutating func code() -> MarkdownDocument.Block {
        next += 1
        var text: [Substring] = []
        while next < lines.count, !lines[next].hasPrefix("```") {
            text.append(lines[next])
            next += 1
        }
        next += 1
        return .code(text.joined(separator: "\n"))
    }

    private mutating func list() -> MarkdownDocument.Block {
        var items: [String] = []
        while next < lines.count {
            let line = lines[next]
            if line.hasPrefix("- ") {
                items.append(String(line.dropFirst(2)))
            } else if line.hasPrefix("  "), !items.isEmpty {
                items[items.count - 1] += " " + String(line.drop { $0 == " " })
            } else {
                break
            }
            next += 1
        }
        return .list(items.map { inlines($0) })
    }

    private mutating func paragraph() -> MarkdownDocument.Block {
        var text: [String] = []
        while next < lines.count, !lines[next].isEmpty, !lines[next].hasPrefix("```") {
            if !text.isEmpty, lines[next].hasPrefix("|") || lines[next].hasPrefix("- ") { break }
            text.append(String(lines[next]))
            next += 1
        }
        let joined = text.joined(separator: " ")
        return Self.image(joined) ?? .paragraph(inlines(joined))
    }

    /// `![text](target)` alone.
    private static func image(_ text: String) -> MarkdownDocument.Block? {
        guard text.hasPrefix("!") else { return nil }
        var reader = InlineReader(String(text.dropFirst()))
        let parts = reader.parts()
        guard parts.count == 1, case .link(let name, let target) = parts[0] else { return nil }
        return .image(text: name.plain, target: target)
    }

    /// nil where the second line is not one of dashes.
    private mutating func table() -> MarkdownDocument.Table? {
        guard next + 1 < lines.count else { return nil }
        let header = Self.cells(lines[next])
        let dashes = Self.cells(lines[next + 1])
        let isRule = dashes.allSatisfy { cell in
            cell.contains("-") && cell.allSatisfy { "-: ".contains($0) }
        }
        guard isRule, dashes.count == header.count else { return nil }
        next += 2
        var rows: [[[MarkdownDocument.Inline]]] = []
        while next < lines.count, lines[next].hasPrefix("|") {
            let cells = Self.cells(lines[next]).prefix(header.count).map { inlines($0) }
            rows.append(cells + Array(repeating: [], count: header.count - cells.count))
            next += 1
        }
        let isRight = dashes.map { $0.hasSuffix(":") && !$0.hasPrefix(":") }
        return .init(header: header.map { inlines($0) }, isRight: isRight, rows: rows)
    }

    /// What stands between the bars that are not escaped, without blanks around it.
    private static func cells(_ line: Substring) -> [String] {
        var cells: [String] = []
        var cell = ""
        var isEscaped = false
        for character in line.dropFirst() {
            if character == "|", !isEscaped {
                cells.append(cell)
                cell = ""
                continue
            }
            cell.append(character)
            isEscaped = character == "\\" && !isEscaped
        }
        return cells.map { cell in
            var text = cell.drop { $0 == " " }
            while text.last == " " { text.removeLast() }
            return String(text)
        }
    }
}

private struct InlineReader {
    private let characters: [Character]
    private var next = 0

    init(_ text: String) { characters = Array(text) }

    mutating func parts() -> [MarkdownDocument.Inline] {
        var parts: [MarkdownDocument.Inline] = []
        var text = ""
        func flush() {
            if !text.isEmpty { parts.append(.text(text)) }
            text = ""
        }
        while next < characters.count {
            switch characters[next] {
            case "\\" where next + 1 < characters.count && Self.isPunctuation(characters[next + 1]):
                text.append(characters[next + 1])
                next += 2
            case "&":
                text += entity()
            case "`":
                guard let end = find("`", from: next + 1) else { fallthrough }
                flush()
                parts.append(.code(String(characters[(next + 1)..<end])))
                next = end + 1
            case "*" where next + 1 < characters.count && characters[next + 1] == "*":
                guard let end = find("**", from: next + 2) else { fallthrough }
                flush()
                parts.append(.strong(Self.parts(characters[(next + 2)..<end])))
                next = end + 2
            case "[":
                guard let middle = find("](", from: next + 1), let end = find(")", from: middle + 2)
                else { fallthrough }
                flush()
                let target = Self.parts(characters[(middle + 2)..<end]).plain
                parts.append(
                    .link(Self.parts(characters[(next + 1)..<middle]), target: target))
                next = end + 1
            default:
                text.append(characters[next])
                next += 1
            }
        }
        flush()
        return parts
    }

    private static func parts(_ characters: ArraySlice<Character>) -> [MarkdownDocument.Inline] {
        var reader = InlineReader(String(characters))
        return reader.parts()
    }

    private mutating func entity() -> String {
        for (name, text) in [("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\"")]
        where characters[next...].starts(with: name) {
            next += name.count
            return text
        }
        next += 1
        return "&"
    }

    /// Where a mark stands that is not escaped.
    private func find(_ mark: String, from start: Int) -> Int? {
        var index = start
        while index + mark.count <= characters.count {
            if characters[index] == "\\" {
                index += 2
            } else if characters[index...].starts(with: mark) {
                return index
            } else {
                index += 1
            }
        }
        return nil
    }

    private static func isPunctuation(_ character: Character) -> Bool {
        guard let value = character.asciiValue else { return false }
        switch value {
        case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: return true
        default: return false
        }
    }
}
