/// Text as Markdown (GitHub's kind) that shows exactly the text.
package enum Markdown {
    /// Escapes what would be markup, HTML or a table's edge; line breaks become blanks.
    ///
    /// An underscore between letters or digits is left alone, for it marks up nothing there and
    /// names such as `q8_0` stay readable in the source.
    package static func escape(_ text: String) -> String {
        let scalars = Array(text.unicodeScalars)
        var result = ""
        for (index, scalar) in scalars.enumerated() {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "_" where index > 0 && index + 1 < scalars.count:
                let isInside = isWord(scalars[index - 1]) && isWord(scalars[index + 1])
                result += isInside ? "_" : "\\_"
            case "\\", "`", "*", "_", "[", "]", "|", "~", "$": result += "\\\(scalar)"
            case "#" where index == 0: result += "\\#"
            default: appendVisible(scalar, to: &result)
            }
        }
        return result
    }

    /// A character of running text: white space of any kind is a space, what nobody sees is left
    /// out.
    static func appendVisible(_ scalar: Unicode.Scalar, to text: inout String) {
        // Asking for a property takes longer than all the rest.
        let isPlain = (0x20..<0x7F).contains(scalar.value)
        if isPlain || (isVisible(scalar) && !scalar.properties.isWhitespace) {
            text.unicodeScalars.append(scalar)
        } else if scalar.properties.isWhitespace {
            text += " "
        }
    }

    /// Without control characters and those that change the direction of what follows.
    static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: false
        default: true
        }
    }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9": true
        default: false
        }
    }

    /// What stands for a value that is not there.
    package static let missing = "—"
}
