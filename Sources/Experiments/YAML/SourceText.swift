/// A file's text, cut into lines where libyaml cuts it, for showing a fault with its line.
struct SourceText: Sendable {
    let file: String
    /// Never empty; invalid UTF-8 is repaired, for it is only shown.
    private let lines: [String]

    init(bytes: some Sequence<UInt8>, file: String) {
        self.file = file
        lines = Self.lines(of: bytes)
    }

    /// A line longer than this is shown in part: a manifest may be one line of JSON.
    private static let widestExcerpt = 160

    /// libyaml ends a line at CR, LF, CR LF, NEL, LS and PS, so its line numbers need the same.
    private static func lines(of bytes: some Sequence<UInt8>) -> [String] {
        var lines: [String] = []
        var line = String.UnicodeScalarView()
        var previous: Unicode.Scalar = " "
        for scalar in String(decoding: Array(bytes), as: UTF8.self).unicodeScalars {
            switch scalar {
            case "\n" where previous == "\r":
                break
            case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}":
                lines.append(String(line))
                line = String.UnicodeScalarView()
            default:
                line.append(scalar)
            }
            previous = scalar
        }
        return lines + [String(line)]
    }

    /// A place of libyaml, which counts from 0 and puts the end of a file one line too low when
    /// the last line is not ended.
    func mark(line: Int, column: Int) -> SourceMark {
        guard line < lines.count else {
            let length = lines.last?.unicodeScalars.count ?? 0
            return SourceMark(file: file, line: lines.count, column: length + 1)
        }
        return SourceMark(file: file, line: line + 1, column: column + 1)
    }

    /// The place after the first bytes of a file, all of them valid UTF-8.
    static func mark(after bytes: some Sequence<UInt8>, file: String) -> SourceMark {
        let lines = lines(of: bytes)
        let column = (lines.last?.unicodeScalars.count ?? 0) + 1
        return SourceMark(file: file, line: lines.count, column: column)
    }

    /// The line at `mark`, and below it a caret under the column; nothing for an empty line.
    func excerpt(at mark: SourceMark) -> [String] {
        guard lines.indices.contains(mark.line - 1), !lines[mark.line - 1].isEmpty else {
            return []
        }
        let line = lines[mark.line - 1].unicodeScalars
        let isWide = line.count > Self.widestExcerpt
        let caret = max(mark.column - 1, 0)
        let start = isWide ? max(caret - Self.widestExcerpt / 2, 0) : 0
        let rest = line.dropFirst(start)
        var scalars = rest.prefix(Self.widestExcerpt).map(Self.printable)
        if start + scalars.count < line.count { scalars.append("…") }
        if start > 0 { scalars.insert("…", at: 0) }
        let column = min(caret - start + (start > 0 ? 1 : 0), scalars.count)
        let padding = scalars.prefix(column).map { scalar in
            scalar == "\t" ? "\t" : String(repeating: " ", count: Self.width(of: scalar))
        }
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        return [String(text), padding.joined() + "^"]
    }

    /// Control characters could move the cursor of the terminal that shows them.
    static func printable(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        switch scalar.properties.generalCategory {
        case .control where scalar != "\t", .lineSeparator, .paragraphSeparator, .format:
            "\u{FFFD}"
        default: scalar
        }
    }

    /// Columns that a terminal gives a scalar: 0 for combining marks, 2 for wide letters.
    private static func width(of scalar: Unicode.Scalar) -> Int {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return 0
        default: break
        }
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
            0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF,
            0x1F900...0x1FAFF, 0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }
}

/// A user's text in quotes for a message: on one line, harmless to a terminal, not endless.
func quoted(_ text: String) -> String {
    var shown = String.UnicodeScalarView()
    let scalars = text.unicodeScalars
    shown.append(contentsOf: scalars.prefix(60).map { $0 == "\t" ? " " : SourceText.printable($0) })
    let isCut =
        scalars.index(scalars.startIndex, offsetBy: 60, limitedBy: scalars.endIndex)
        .map { $0 < scalars.endIndex } ?? false
    return "'\(String(shown))\(isCut ? "…" : "")'"
}
