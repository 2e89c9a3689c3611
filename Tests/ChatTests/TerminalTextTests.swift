import Basics
import Chat
import Testing

@Suite struct TerminalTextTests {
    @Test(arguments: [
        ("a", 1), ("", 0), ("é", 1), ("e\u{301}", 1), ("你好", 4), ("🙂", 2), ("👩\u{200D}💻", 2),
        ("❤\u{FE0F}", 2), ("ｱ", 1), ("Ａ", 2), ("한", 2), ("\u{200B}", 0), ("—", 1), ("│", 1),
    ])
    func widths(text: String, wanted: Int) { #expect(DisplayWidth.of(text) == wanted) }

    @Test func controlCharactersNeverReachATerminal() {
        #expect(TerminalText.safe("a\u{1B}[31mb\u{7}\r\u{9B}2J\n\tc") == "a[31mb2J\n\tc")
        #expect(TerminalText.safe("é你🙂\u{301}") == "é你🙂\u{301}")
    }

    @Test(
        arguments: [
            ("", [""]), ("one two", ["one two"]), ("one two three", ["one two", "three"]),
            ("abcdefghijkl", ["abcdefgh", "ijkl"]), ("a\n\nb", ["a", "", "b"]),
            ("one two ", ["one two "]), ("12345678 x", ["12345678", "x"]),
            ("你好你好你", ["你好你好", "你"]), ("  indented text", ["indented", "text"]),
            ("a\tb", ["a    b"]),
        ] as [(String, [String])])
    func wrapping(text: String, wanted: [String]) {
        let lines = TerminalText.wrapped(text, width: 8)
        if text.hasPrefix(" ") {
            // Spaces in front of a word that does not fit are a row of their own.
            #expect(lines.map { $0.filter { $0 != " " } }.filter { !$0.isEmpty } == wanted)
        } else {
            #expect(lines == wanted)
        }
    }

    /// No line is too wide, and nothing but spaces at breaks is lost.
    @Test func wrappedLinesFitAndKeepTheText() {
        var generator = SeededGenerator(seed: 9)
        let pieces: [Character] = ["a", "b", " ", " ", "你", "🙂", "é"]
        for _ in 0..<500 {
            let text = String(
                (0..<60).map { _ in pieces[Int.random(in: 0..<pieces.count, using: &generator)] })
            for width in [2, 5, 13] {
                let lines = TerminalText.wrapped(text, width: width)
                #expect(lines.allSatisfy { DisplayWidth.of($0) <= width })
                #expect(lines.joined().filter { $0 != " " } == text.filter { $0 != " " })
            }
        }
    }

    @Test func columnsStandSideBySide() {
        #expect(SideBySide.columnWidth(of: 2, on: 80) == 38)
        #expect(SideBySide.columnWidth(of: 2, on: 70) == nil)
        #expect(SideBySide.columnWidth(of: 3, on: 120) == 37)
        #expect(SideBySide.columnWidth(of: 3, on: 100) == nil)
        #expect(
            SideBySide.lines(["one two three", "你好\nx\ny"], columnWidth: 8) == [
                "one two  │ 你好", "three    │ x", "         │ y",
            ])
    }
}
