/// Columns that text takes on a terminal.
package enum DisplayWidth {
    /// 0, 1 or 2.
    package static func of(_ character: Character) -> Int {
        var width = 0
        for scalar in character.unicodeScalars {
            // A person with a laptop is still one emoji; a variation selector makes one of a sign.
            if scalar == "\u{FE0F}", width > 0 { width = 2 }
            width = max(width, of(scalar))
        }
        return width
    }

    package static func of(_ text: some StringProtocol) -> Int {
        text.reduce(0) { $0 + of($1) }
    }

    private static func of(_ scalar: Unicode.Scalar) -> Int {
        let properties = scalar.properties
        switch properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control: return 0
        default: break
        }
        return properties.isEmojiPresentation || isWide(scalar.value) ? 2 : 1
    }

    /// East Asian Width W and F, in blocks.
    private static func isWide(_ value: UInt32) -> Bool {
        switch value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x4DBF, 0x4E00...0xA4CF, 0xA960...0xA97F,
            0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6,
            0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
            true
        default: false
        }
    }
}

/// Text from a model or a person, made safe to write to a terminal.
package enum TerminalText {
    /// Without control characters but newlines and tabs: no text may move the cursor or recolour
    /// the screen.
    package static func safe(_ text: String) -> String {
        let isSafe = { (scalar: Unicode.Scalar) in
            scalar == "\n" || scalar == "\t" || scalar.properties.generalCategory != .control
        }
        guard !text.unicodeScalars.allSatisfy(isSafe) else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.filter(isSafe)))
    }

    /// Lines of at most `width` columns, broken at spaces where there are some.
    package static func wrapped(_ text: String, width: Int) -> [String] {
        precondition(width >= 2, "a wide character needs two columns")
        var lines: [String] = []
        for paragraph in text.split(separator: "\n", omittingEmptySubsequences: false) {
            lines += wrapped(
                paragraph: paragraph.reduce(into: "") { $0 += $1 == "\t" ? "    " : String($1) },
                width: width)
        }
        return lines
    }

    private static func wrapped(paragraph: String, width: Int) -> [String] {
        var lines: [String] = []
        var line: [Character] = []
        var lineWidth = 0
        /// Where the last word of the line begins; nil while it is the only one.
        var wordStart: Int?
        for character in paragraph {
            if character == " ", lineWidth == width {
                // The space at a break is the break.
                lines.append(String(line))
                (line, lineWidth, wordStart) = ([], 0, nil)
                continue
            }
            while lineWidth + DisplayWidth.of(character) > width {
                let start = wordStart ?? line.count
                var head = line[..<start]
                while head.last == " " { head.removeLast() }
                lines.append(String(head))
                line = Array(line[start...])
                lineWidth = DisplayWidth.of(String(line))
                wordStart = nil
            }
            if character == " " { wordStart = line.count + 1 }
            line.append(character)
            lineWidth += DisplayWidth.of(character)
        }
        return lines + [String(line)]
    }
}
