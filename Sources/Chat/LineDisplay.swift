/// Draws the line being typed, over as many rows as it needs, again after each key.
package struct LineDisplay: Sendable {
    /// Rows between the first one and the cursor, as last drawn.
    private var cursorRow = 0

    package init() {}

    /// What takes the terminal from the last drawing to this one.
    ///
    /// - Parameters:
    ///   - prompt: what stands before the text; `style` and its end are written around it.
    ///   - width: columns of the terminal.
    package mutating func draw(
        prompt: String, style: (begin: String, end: String) = ("", ""), _ editor: LineEditor,
        width: Int
    ) -> String {
        let width = max(width, 4)
        var output = cursorRow > 0 ? "\u{1B}[\(cursorRow)A" : ""
        output += "\r\u{1B}[J" + style.begin + prompt + style.end
        var place = (row: 0, column: DisplayWidth.of(prompt))
        var cursor = place
        for (index, character) in editor.characters.enumerated() {
            let shown: Character = character == "\n" ? "↵" : character
            let columns = DisplayWidth.of(shown)
            // What does not fit wraps as a whole.
            if place.column + columns > width { place = (place.row + 1, 0) }
            if index == editor.cursor { cursor = place }
            output.append(shown)
            place.column += columns
        }
        // A terminal goes to the next row only with the next character; this makes it go.
        if place.column >= width {
            output += "\r\n"
            place = (place.row + 1, 0)
        }
        if editor.cursor == editor.characters.count { cursor = place }
        if place.row > cursor.row { output += "\u{1B}[\(place.row - cursor.row)A" }
        output += "\r"
        if cursor.column > 0 { output += "\u{1B}[\(cursor.column)C" }
        cursorRow = cursor.row
        return output
    }

    /// What leaves the line as it stands and goes below it.
    package mutating func finish(
        prompt: String, style: (begin: String, end: String) = ("", ""), _ editor: LineEditor,
        width: Int
    ) -> String {
        var atEnd = editor
        _ = atEnd.handle(.end)
        defer { cursorRow = 0 }
        return draw(prompt: prompt, style: style, atEnd, width: width) + "\r\n"
    }

    /// The screen was cleared, or something else was written: the next drawing is the first.
    package mutating func forget() { cursorRow = 0 }
}
