import Basics
import Chat
import Testing

@Suite struct KeyDecoderTests {
    private static let table: [(bytes: String, keys: [Key])] = [
        ("a", [.text("a")]), ("é🙂", [.text("é"), .text("🙂")]), ("\r", [.enter]), ("\n", [.enter]),
        ("\t", [.tab]), ("\u{1}\u{5}", [.home, .end]),
        ("\u{B}\u{15}\u{17}", [.killToEnd, .killToStart, .killWord]),
        ("\u{3}\u{4}\u{1A}\u{C}", [.interrupt, .endOfInput, .suspend, .clearScreen]),
        ("\u{7F}\u{8}", [.backspace, .backspace]),
        ("\u{10}\u{E}\u{2}\u{6}", [.up, .down, .left, .right]),
        ("\u{1B}[A\u{1B}[B\u{1B}[C\u{1B}[D", [.up, .down, .right, .left]),
        ("\u{1B}OA\u{1B}OH\u{1B}OF", [.up, .home, .end]),
        (
            "\u{1B}[H\u{1B}[F\u{1B}[1~\u{1B}[4~\u{1B}[7~\u{1B}[8~",
            [.home, .end, .home, .end, .home, .end]
        ),
        ("\u{1B}[3~x", [.delete, .text("x")]), ("\u{1B}[1;5C\u{1B}[1;5D", [.wordRight, .wordLeft]),
        ("\u{1B}b\u{1B}f\u{1B}\u{7F}", [.wordLeft, .wordRight, .killWord]),
        ("\u{1B}[200~a\rb\u{1B}[201~", [.pasteBegin, .text("a"), .enter, .text("b"), .pasteEnd]),
        ("\u{1B}[15~\u{1B}[5~\u{1B}[Z\u{1B}x", [.unknown, .unknown, .unknown, .unknown]),
        ("\u{1B}\u{1B}[A", [.escape, .up]), ("\u{0}", [.unknown]),
    ]

    /// Whole, byte by byte, and in two pieces cut anywhere: the keys are the same.
    @Test(arguments: table.indices)
    func keysDoNotDependOnHowTheBytesCome(index: Int) {
        let (text, wanted) = Self.table[index]
        let bytes = Array(text.utf8)
        var whole = KeyDecoder()
        #expect(whole.keys(of: bytes) == wanted)
        #expect(!whole.isWaiting)
        var single = KeyDecoder()
        #expect(bytes.flatMap { single.keys(of: [$0]) } == wanted)
        for cut in 0...bytes.count {
            var decoder = KeyDecoder()
            let keys = decoder.keys(of: bytes[..<cut]) + decoder.keys(of: bytes[cut...])
            #expect(keys == wanted, "cut at \(cut)")
        }
    }

    @Test func aLoneEscapeIsAKeyWhenNothingFollows() {
        var decoder = KeyDecoder()
        #expect(decoder.keys(of: [0x1B]).isEmpty)
        #expect(decoder.isWaiting)
        #expect(decoder.flush() == [.escape])
        #expect(!decoder.isWaiting)
    }

    @Test func wrongBytesBecomeReplacementCharacters() {
        var decoder = KeyDecoder()
        #expect(decoder.keys(of: [0xFF, 0x61]) == [.text("\u{FFFD}"), .text("a")])
        #expect(decoder.keys(of: [0xC3, 0x61]) == [.text("\u{FFFD}"), .text("a")])
    }

    /// Any bytes give keys and never a decoder that waits for ever.
    @Test func randomBytesNeverBlock() {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<2000 {
            var decoder = KeyDecoder()
            let bytes = (0..<40).map { _ in
                Bool.random(using: &generator)
                    ? UInt8.random(in: 0...255, using: &generator)
                    : [0x1B, 0x5B, 0x3B, 0x31][Int.random(in: 0..<4, using: &generator)]
            }
            _ = decoder.keys(of: bytes)
            _ = decoder.flush()
            #expect(decoder.keys(of: [0x61]) == [.text("a")])
        }
    }
}
