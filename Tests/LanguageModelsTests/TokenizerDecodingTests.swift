import Testing

@testable import LanguageModels

struct TokenizerDecodingTests {
    @Test("a streamed text is the whole text", arguments: [true, false])
    func streaming(skipSpecial: Bool) throws {
        let (fixture, description) = try TokenizerFixtures.byteLevel("gpt-2")
        let tokenizer = try Tokenizer(description)
        for text in fixture.cases {
            let ids = tokenizer.encode(text)
            var decoder = TokenTextDecoder(tokenizer, skipSpecial: skipSpecial)
            var streamed = ids.map { decoder.append($0) }
            streamed.append(decoder.finish())
            #expect(streamed.joined() == tokenizer.decodeText(ids, skipSpecial: skipSpecial))
        }
    }

    @Test("incomplete characters are held back, broken ones are not")
    func heldBack() throws {
        let tokenizer = try Tokenizer(TokenizerFixtures.tiny())
        struct Step {
            let bytes: [Int32]
            let texts: [String]
            let rest: String
        }
        let steps = [
            Step(bytes: [0xF0, 0x9F, 0x98, 0x80], texts: ["", "", "", "\u{1F600}"], rest: ""),
            Step(bytes: [0xE2, 0x82, 0x41], texts: ["", "", "\u{FFFD}A"], rest: ""),
            Step(bytes: [0x41, 0xC3], texts: ["A", ""], rest: "\u{FFFD}"),
            Step(bytes: [0xFF, 0x41], texts: ["\u{FFFD}", "A"], rest: ""),
            Step(bytes: [0xE0, 0x80], texts: ["", "\u{FFFD}\u{FFFD}"], rest: ""),
            Step(bytes: [0x80, 0x80], texts: ["\u{FFFD}", "\u{FFFD}"], rest: ""),
        ]
        for step in steps {
            var decoder = TokenTextDecoder(tokenizer)
            #expect(step.bytes.map { decoder.append($0) } == step.texts)
            #expect(decoder.finish() == step.rest)
        }
    }

    @Test func leadingSpaceOfSentencePiece() throws {
        let (_, description) = try TokenizerFixtures.sentencePiece()
        let tokenizer = try Tokenizer(description)
        let ids = tokenizer.encode("the dog")
        var start = TokenTextDecoder(tokenizer)
        #expect(ids.map { start.append($0) }.joined() == "the dog")
        var later = TokenTextDecoder(tokenizer, continuing: true)
        #expect(ids.map { later.append($0) }.joined() == " the dog")
    }

    @Test func specialsAndFillers() throws {
        let (fixture, description) = try TokenizerFixtures.byteLevel("gpt-2")
        let tokenizer = try Tokenizer(description)
        let tool = try #require(tokenizer.id(of: "<tool>"))
        #expect(tokenizer.decodeText([0, tool, 1]) == "<tool>")
        #expect(tokenizer.decodeText([0, tool, 1], skipSpecial: false) == "<|end|><tool><|user|>")
        #expect(tokenizer.text(of: 0) == "<|end|>")
        let filler = Int32(fixture.tokens.count - 1)
        #expect(fixture.tokens.last == "[PAD\(filler)]" && tokenizer.bytes(of: filler).isEmpty)
        #expect(tokenizer.vocabularySize == fixture.tokens.count)
    }

    @Test func endOfGeneration() throws {
        var description = TokenizerFixtures.tiny(
            extra: ["<|endoftext|>", "<|im_end|>", "<|eot_id|>", "<|end|>", "other"],
            types: [3, 3, 3, 1, 3])
        description.eosID = 257
        // `<|endoftext|>` only where the file says so, `<|end|>` is ordinary text here.
        #expect(try Tokenizer(description).endOfGeneration == [257, 258])
        description.eomID = 260
        description.eotID = 256
        #expect(try Tokenizer(description).endOfGeneration == [256, 257, 258, 260])
    }
}
