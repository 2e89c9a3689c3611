/// Commands that are shown to be copied.
enum Shell {
    /// The text as one word of a POSIX shell.
    static func quoted(_ text: String) -> String {
        let plain = text.allSatisfy { character in
            character.isASCII && (character.isLetter || character.isNumber)
                || "/._-+=:,@".contains(character)
        }
        if plain, !text.isEmpty { return text }
        return "'"
            + text.split(separator: "'", omittingEmptySubsequences: false)
            .joined(separator: "'\\''") + "'"
    }
}
