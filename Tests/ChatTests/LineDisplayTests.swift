import Basics
import Chat
import Testing

/// As much of a terminal as the line needs: it wraps late, as real ones do.
private struct Screen {
    let width: Int
    var rows: [[Character]] = [[]]
    var row = 0
    var column = 0

    mutating func write(_ text: String) {
        var rest = Substring(text)
        while let character = rest.popFirst() {
            switch character {
            case "\r\n":
                column = 0
                newRow()
            case "\r": column = 0
            case "\u{1B}":
                rest.removeFirst()  // [
                let number = rest.prefix { $0.isNumber }
                rest.removeFirst(number.count)
                let count = Int(number) ?? 1
                switch rest.removeFirst() {
                case "A": row = max(0, row - count)
                case "C": column = min(width - 1, column + count)
                case "J":
                    rows.removeLast(rows.count - row - 1)
                    let kept = prefix(of: rows[row], columns: column)
                    rows[row].removeLast(rows[row].count - kept)
                default: Issue.record("an unknown sequence")
                }
            default: put(character)
            }
        }
    }

    private mutating func newRow() {
        row += 1
        if row == rows.count { rows.append([]) }
    }

    private mutating func put(_ character: Character) {
        let columns = DisplayWidth.of(character)
        if column + columns > width {
            column = 0
            newRow()
        }
        let index = prefix(of: rows[row], columns: column)
        rows[row].removeLast(rows[row].count - index)
        rows[row].append(character)
        column += columns
    }

    private func prefix(of row: [Character], columns: Int) -> Int {
        var width = 0
        return row.prefix {
            width += DisplayWidth.of($0)
            return width <= columns
        }.count
    }
}

@Suite struct LineDisplayTests {
    /// After any keys the screen shows the prompt and the line, wrapped, and the cursor in it.
    @Test(arguments: [4, 7, 10, 20, 80])
    func theScreenShowsTheLine(width: Int) {
        var generator = SeededGenerator(seed: UInt64(width))
        let texts: [Unicode.Scalar] = ["a", "b", " ", "é", "你", "🙂", "x"]
        let others: [Key] = [
            .left, .right, .home, .end, .backspace, .delete, .wordLeft, .killToEnd, .up, .down,
        ]
        for _ in 0..<50 {
            var screen = Screen(width: width)
            var display = LineDisplay()
            var editor = LineEditor(history: ["an older line that is rather long", "short"])
            for _ in 0..<60 {
                let key: Key =
                    Int.random(in: 0..<3, using: &generator) > 0
                    ? .text(texts[Int.random(in: 0..<texts.count, using: &generator)])
                    : others[Int.random(in: 0..<others.count, using: &generator)]
                _ = editor.handle(key)
                screen.write(display.draw(prompt: "> ", editor, width: width))
                let wanted = Self.layout("> " + editor.text, width: width)
                let cursor = Self.cursor(
                    Self.layout(
                        "> " + String(editor.characters[..<editor.cursor]), width: width),
                    before: editor.cursor < editor.characters.count
                        ? editor.characters[editor.cursor] : nil, width: width)
                #expect(screen.rows.map { String($0) } == wanted)
                #expect((screen.row, screen.column) == cursor, "\(editor.text)")
            }
        }
    }

    /// The rows of a text; one that ends at the margin is followed by an empty one.
    private static func layout(_ text: String, width: Int) -> [String] {
        var rows = [""]
        var column = 0
        for character in text {
            let columns = DisplayWidth.of(character)
            if column + columns > width {
                rows.append("")
                column = 0
            }
            rows[rows.count - 1].append(character)
            column += columns
        }
        return column == width ? rows + [""] : rows
    }

    private static func cursor(_ rows: [String], before next: Character?, width: Int) -> (Int, Int)
    {
        let column = DisplayWidth.of(rows[rows.count - 1])
        // A wide character that does not fit takes the cursor to the next row.
        if let next, column + DisplayWidth.of(next) > width { return (rows.count, 0) }
        return (rows.count - 1, column)
    }

    @Test func leavingGoesBelowTheLine() {
        var screen = Screen(width: 10)
        var display = LineDisplay()
        var editor = LineEditor()
        for scalar in "abcdefghijklm".unicodeScalars { _ = editor.handle(.text(scalar)) }
        _ = editor.handle(.home)
        screen.write(display.draw(prompt: "> ", editor, width: 10))
        screen.write(display.finish(prompt: "> ", editor, width: 10))
        #expect(screen.rows.map { String($0) } == ["> abcdefgh", "ijklm", ""])
        #expect((screen.row, screen.column) == (2, 0))
    }

    @Test func newlinesOfAPasteAreShownAsASign() {
        var editor = LineEditor()
        for key: Key in [.pasteBegin, .text("a"), .enter, .text("b")] { _ = editor.handle(key) }
        var display = LineDisplay()
        #expect(display.draw(prompt: "", editor, width: 20).contains("a↵b"))
    }
}
