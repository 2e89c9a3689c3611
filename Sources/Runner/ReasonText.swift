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

    /// The text with absolute paths replaced by the last part of each, `~` for private folders.
    ///
    /// A database is shared with others: user names and the layout of a disk stay out of it.
    static func withoutPaths(_ text: String, privateFolders: [String]) -> String {
        var text = text
        let folders = privateFolders.filter { $0.utf8.count > 1 && $0.hasPrefix("/") }
        for folder in folders.sorted(by: { $0.utf8.count > $1.utf8.count }) {
            text = replacing(folder.hasSuffix("/") ? String(folder.dropLast()) : folder, in: text)
        }
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var position = 0
        while position < bytes.count {
            guard startsPath(bytes, at: position) else {
                result.append(bytes[position])
                position += 1
                continue
            }
            var end = position
            while end < bytes.count, !pathEnds.contains(bytes[end]) { end += 1 }
            var path = bytes[position..<end]
            while path.count > 1, path.last == slash { path = path.dropLast() }
            result += path.split(separator: slash).last ?? path
            position = end
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static let slash = UInt8(ascii: "/")
    private static let pathEnds = Set(" \t\n\r'\"`()[]{}<>,;:=|".utf8)

    /// Whether an absolute path begins here; the slashes of `tokens/s` and of URLs do not count.
    private static func startsPath(_ bytes: [UInt8], at position: Int) -> Bool {
        guard bytes[position] == slash, position + 1 < bytes.count else { return false }
        let next = bytes[position + 1]
        if position == 0 { return !pathEnds.contains(next) }
        let previous = bytes[position - 1]
        if previous == UInt8(ascii: ":"), next == slash {
            return bytes[..<position].suffix(5).elementsEqual("file:".utf8)
        }
        return pathEnds.contains(previous) && !pathEnds.contains(next)
    }

    /// Replaces a folder by `~` where it is a whole path or the beginning of one.
    private static func replacing(_ folder: String, in text: String) -> String {
        let wanted = Array(folder.utf8)
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var position = 0
        while position < bytes.count {
            let end = position + wanted.count
            let isMatch =
                end <= bytes.count && bytes[position] == slash
                && bytes[position..<end].elementsEqual(wanted)
                && (end == bytes.count || bytes[end] == slash || pathEnds.contains(bytes[end]))
                && (position == 0 || pathEnds.contains(bytes[position - 1])
                    || bytes[position - 1] == slash)
            if isMatch {
                result.append(UInt8(ascii: "~"))
                position = end
            } else {
                result.append(bytes[position])
                position += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
