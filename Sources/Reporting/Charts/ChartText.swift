/// How wide a text will be, about: the reader's fonts are not ours.
enum ChartText {
    /// Of labels and axes, in pixels.
    static let size: Double = 12
    /// From one line to the next.
    static let lineHeight: Double = 16

    /// Pixels; on the wide side, so that labels rather keep a gap than touch.
    static func width(_ text: String, size: Double = size) -> Double {
        var ems = 0.0
        for scalar in text.unicodeScalars {
            switch scalar {
            case "i", "j", "l", "I", ".", ",", ":", ";", "'", "|", "!": ems += 0.32
            case "f", "t", "r", " ", "(", ")", "[", "]", "/", "-": ems += 0.39
            case "m", "w", "M", "W", "@", "%": ems += 0.92
            case "A"..."Z": ems += 0.70
            case "\u{1100}"..."\u{11FF}", "\u{2E80}"..."\u{FFEF}", "\u{1F000}"...: ems += 1.05
            default: ems += 0.60
            }
        }
        return ems * size
    }

    /// The text, or as much of it as fits and an ellipsis.
    static func fitted(_ text: String, width limit: Double, size: Double = size) -> String {
        guard width(text, size: size) > limit else { return text }
        let ellipsis = width("…", size: size)
        var shown = ""
        var used = ellipsis
        for character in text {
            used += width(String(character), size: size)
            if used > limit { break }
            shown.append(character)
        }
        return shown + "…"
    }
}
