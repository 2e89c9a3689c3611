import Chat
import Testing

@Suite struct LineEditorTests {
    /// Types a text and other keys, and shows the line with its cursor as `|`.
    private static func line(_ keys: [Key], in editor: LineEditor = LineEditor()) -> String {
        var editor = editor
        for key in keys { _ = editor.handle(key) }
        return shown(editor)
    }

    private static func shown(_ editor: LineEditor) -> String {
        var characters = editor.characters
        characters.insert("|", at: editor.cursor)
        return String(characters)
    }

    private static func typed(_ text: String) -> [Key] { text.unicodeScalars.map { .text($0) } }

    private static let table: [(keys: [Key], wanted: String)] = [
        (typed("abc"), "abc|"),
        (typed("abc") + [.left, .left] + typed("X"), "aX|bc"),
        (typed("abc") + [.home] + typed("X") + [.end] + typed("Y"), "XabcY|"),
        (typed("abc") + [.backspace, .backspace], "a|"),
        (typed("abc") + [.home, .delete, .right, .delete], "b|"),
        ([.backspace, .delete, .left, .right, .killWord] + typed("a"), "a|"),
        (typed("one two  three") + [.killWord], "one two  |"),
        (typed("one two  ") + [.killWord], "one |"),
        (typed("one two") + [.left, .left, .killToEnd], "one t|"),
        (typed("one two") + [.left, .left, .killToStart], "|wo"),
        (typed("one two three") + [.wordLeft, .wordLeft], "one |two three"),
        (typed("one two") + [.home, .wordRight], "one| two"),
        (typed("one two") + [.wordLeft, .wordLeft, .wordLeft, .wordRight, .wordRight], "one two|"),
        (typed("e\u{301}x") + [.left, .backspace], "|x"),
        (typed("👩\u{200D}💻🙂") + [.backspace, .backspace], "|"),
        (typed("ab") + [.endOfInput], "ab|"),
        (typed("ab") + [.home, .endOfInput], "|b"),
        (typed("a") + [.tab] + typed("b"), "a b|"),
        (typed("a") + [.unknown, .escape] + typed("\u{1B}b"), "ab|"),
        ([.pasteBegin] + typed("a") + [.enter] + typed("b") + [.pasteEnd], "a\nb|"),
    ]

    @Test(arguments: table.indices)
    func keysEditTheLine(index: Int) {
        let (keys, wanted) = Self.table[index]
        #expect(Self.line(keys) == wanted)
    }

    @Test func linesAreHandedOverAndRemembered() {
        var editor = LineEditor()
        for key in Self.typed("first") { _ = editor.handle(key) }
        #expect(editor.handle(.enter) == .line("first"))
        #expect(Self.shown(editor) == "|")
        for key in Self.typed("second") { _ = editor.handle(key) }
        #expect(editor.handle(.enter) == .line("second"))
        // The same again, and an empty one, are not remembered twice.
        for key in Self.typed("second") { _ = editor.handle(key) }
        #expect(editor.handle(.enter) == .line("second"))
        #expect(editor.handle(.enter) == .line(""))
        #expect(editor.history == ["first", "second"])
    }

    @Test func oldLinesComeBackAndTheNewOneIsKept() {
        let editor = LineEditor(history: ["first", "second"])
        let draft = Self.typed("dra")
        #expect(Self.line(draft + [.up], in: editor) == "second|")
        #expect(Self.line(draft + [.up, .up, .up], in: editor) == "first|")
        #expect(Self.line(draft + [.up, .up, .down], in: editor) == "second|")
        #expect(Self.line(draft + [.up, .down], in: editor) == "dra|")
        #expect(Self.line(draft + [.down], in: editor) == "dra|")
        #expect(Self.line([.up, .backspace, .enter, .up], in: editor) == "secon|")
    }

    @Test func keysThatEndOrDropTheLine() {
        var editor = LineEditor()
        #expect(editor.handle(.endOfInput) == .ended)
        for key in Self.typed("ab") { _ = editor.handle(key) }
        #expect(editor.handle(.endOfInput) == .editing)
        #expect(editor.handle(.interrupt) == .cancelled)
        #expect(Self.shown(editor) == "|")
        #expect(editor.handle(.suspend) == .suspend)
        #expect(editor.handle(.clearScreen) == .clearScreen)
    }
}
