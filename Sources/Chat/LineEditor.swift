/// A line being typed: its text, the cursor in it, and the lines before it.
///
/// It knows nothing of a terminal; keys go in, and what they mean for the caller comes out.
package struct LineEditor: Sendable {
    package enum Outcome: Hashable, Sendable {
        /// The line goes on.
        case editing
        case line(String)
        /// Ctrl-C: the line is dropped.
        case cancelled
        /// Ctrl-D on an empty line.
        case ended
        case suspend
        case clearScreen
    }

    /// What the line holds, one element for each character that a person sees.
    package private(set) var characters: [Character] = []
    /// 0 is before the first character.
    package private(set) var cursor = 0
    /// Lines entered, the oldest first.
    package private(set) var history: [String]
    /// Where Up and Down are; `history.count` is the new line.
    private var place: Int
    /// The new line, while an old one is shown.
    private var draft: [Character] = []
    private var isPasting = false

    package init(history: [String] = []) {
        self.history = history
        place = history.count
    }

    package var text: String { String(characters) }

    /// Begins an empty line.
    package mutating func begin() {
        characters = []
        cursor = 0
        draft = []
        place = history.count
        isPasting = false
    }

    package mutating func handle(_ key: Key) -> Outcome {
        switch key {
        case .text(let scalar): insert(scalar)
        case .tab: insert(" ")
        case .enter:
            guard !isPasting else {
                insert("\n")
                return .editing
            }
            return finish()
        case .pasteBegin: isPasting = true
        case .pasteEnd: isPasting = false
        case .left: cursor = max(0, cursor - 1)
        case .right: cursor = min(characters.count, cursor + 1)
        case .home: cursor = 0
        case .end: cursor = characters.count
        case .wordLeft: cursor = startOfWord()
        case .wordRight: cursor = endOfWord()
        case .up: show(place - 1)
        case .down: show(place + 1)
        case .backspace: remove(max(0, cursor - 1)..<cursor)
        case .delete: remove(cursor..<min(cursor + 1, characters.count))
        case .killToEnd: remove(cursor..<characters.count)
        case .killToStart: remove(0..<cursor)
        case .killWord: remove(startOfWord()..<cursor)
        case .clearScreen: return .clearScreen
        case .suspend: return .suspend
        case .interrupt:
            begin()
            return .cancelled
        case .endOfInput:
            if characters.isEmpty { return .ended }
            remove(cursor..<min(cursor + 1, characters.count))
        case .escape, .unknown: break
        }
        return .editing
    }

    private mutating func insert(_ scalar: Unicode.Scalar) {
        // Control characters have no place in a message, but a pasted newline has.
        if scalar.properties.generalCategory == .control, scalar != "\n" { return }
        if cursor > 0, scalar != "\n" {
            // An accent, or a part of an emoji, belongs to the character before it.
            let joined = String(characters[cursor - 1]) + String(scalar)
            if joined.count == 1, let character = joined.first {
                characters[cursor - 1] = character
                return
            }
        }
        characters.insert(Character(scalar), at: cursor)
        cursor += 1
    }

    private mutating func remove(_ range: Range<Int>) {
        characters.removeSubrange(range)
        cursor = range.lowerBound
    }

    private mutating func finish() -> Outcome {
        let line = text
        if !line.allSatisfy(\.isWhitespace), line != history.last { history.append(line) }
        begin()
        return .line(line)
    }

    private mutating func show(_ wanted: Int) {
        guard (0...history.count).contains(wanted), wanted != place else { return }
        if place == history.count { draft = characters }
        place = wanted
        characters = wanted == history.count ? draft : Array(history[wanted])
        cursor = characters.count
    }

    private func startOfWord() -> Int {
        var index = cursor
        while index > 0, characters[index - 1].isWhitespace { index -= 1 }
        while index > 0, !characters[index - 1].isWhitespace { index -= 1 }
        return index
    }

    private func endOfWord() -> Int {
        var index = cursor
        while index < characters.count, characters[index].isWhitespace { index += 1 }
        while index < characters.count, !characters[index].isWhitespace { index += 1 }
        return index
    }
}
