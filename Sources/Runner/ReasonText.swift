/// Sentences that come from elsewhere, made fit for one line of a screen or a row of the store.
enum ReasonText {
    /// The text on one line, without control characters, cut to a length.
    static func oneLine(_ text: some StringProtocol, limit: Int = 600) -> String {
        var result = ""
        var length = 0
        for character in text {
            // Control characters could move a terminal's cursor or change its title.
            let isControl = character.unicodeScalars.contains {
                $0.value < 32 || (127..<160).contains($0.value)
            }
            let next: Character = isControl ? " " : character
            if next == " ", result.isEmpty || result.last == " " { continue }
            if length == limit { return result + "..." }
            result.append(next)
            length += 1
        }
        while result.last == " " { result.removeLast() }
        return result
    }

    /// The text with a full stop, unless it ends a sentence already.
    static func sentence(_ text: String) -> String {
        text.last.map { ".?!".contains($0) } == true ? text : text + "."
    }
}
