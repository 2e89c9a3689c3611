import Chat
import Testing

@Suite struct AnswerTextTests {
    /// Whatever the pieces are, the text shown is the same, and no part of the stop text is in it.
    @Test(arguments: [
        (" Hello\nUser: x", "Hello"), ("  \n Hi there\n", "Hi there\n"), ("\nUser:", ""),
        ("a\nUse of it\nUser", "a\nUse of it\nUser"), ("a\n\nUser: b\nUser:", "a\n"),
        ("é\nUs🙂er\nUser:", "é\nUs🙂er"), ("", ""),
    ])
    func theStopTextEndsTheAnswer(text: String, wanted: String) {
        let characters = Array(text)
        for size in 1...max(1, characters.count) {
            var answer = AnswerText(stop: "\nUser:", dropsLeadingSpace: true)
            var shown = ""
            for start in stride(from: 0, to: characters.count, by: size) {
                shown += answer.append(
                    String(characters[start..<min(start + size, characters.count)]))
                #expect(wanted.hasPrefix(shown), "pieces of \(size)")
            }
            shown += answer.finish()
            #expect(shown == wanted, "pieces of \(size)")
            #expect(answer.isStopped == text.contains("\nUser:"))
        }
    }

    @Test func withoutAStopTextNothingIsHeldBack() {
        var answer = AnswerText(stop: nil, dropsLeadingSpace: false)
        #expect(answer.append(" a\nUser:") == " a\nUser:")
        #expect(answer.finish() == "")
    }
}
