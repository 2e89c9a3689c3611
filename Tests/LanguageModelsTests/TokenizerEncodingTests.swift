import Basics
import Testing

@testable import LanguageModels

/// Byte-level BPE against recordings of the reference.
struct TokenizerByteLevelTests {
    static let kinds = [
        "smollm", "starcoder", "gpt-2", "gpt-neox", "llama-bpe", "qwen2", "stablelm2",
    ]

    @Test("equals the reference", arguments: kinds)
    func recorded(kind: String) throws {
        let (fixture, description) = try TokenizerFixtures.byteLevel(kind)
        let tokenizer = try Tokenizer(description)
        let recording = try #require(fixture.recorded[kind])
        for (index, text) in fixture.cases.enumerated() {
            let ids = tokenizer.encode(text, addBOS: false)
            #expect(ids == recording.special[index], "\(text.debugDescription)")
            let plain = tokenizer.encode(text, addBOS: false, parseSpecial: false)
            #expect(plain == recording.plain[index], "plain \(text.debugDescription)")
        }
    }

    @Test("every name in the registry is usable", arguments: PreTokenizer.registry.flatMap(\.names))
    func names(pre: String) throws {
        let (_, description) = try TokenizerFixtures.byteLevel(pre)
        #expect(try Tokenizer(description).encode("dog", addBOS: false).isEmpty == false)
    }

    @Test("decoding gives back every byte", arguments: kinds)
    func roundTrip(kind: String) throws {
        let (_, description) = try TokenizerFixtures.byteLevel(kind)
        let tokenizer = try Tokenizer(description)
        var generator = SeededGenerator(seed: 7)
        for length in 0..<200 {
            let lead = UInt8.random(in: 0...255, using: &generator)
            let bytes = (0..<length).map { _ in
                Bool.random(using: &generator)
                    ? UInt8.random(in: 0...255, using: &generator)
                    : Bool.random(using: &generator) ? lead : UInt8(ascii: " ")
            }
            let decoded = tokenizer.decode(tokenizer.encode(bytes), skipSpecial: true)
            // Composed text comes back composed.
            let wanted = kind == "gpt-neox" || kind == "qwen2" ? composed(bytes) : bytes
            #expect(decoded == wanted)
        }
    }

    private func composed(_ bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBufferPointer { CanonicalComposition.reference.composed($0) } ?? bytes
    }

    @Test func bosAndEOS() throws {
        var (_, description) = try TokenizerFixtures.byteLevel("gpt-2")
        let bare = try Tokenizer(description).encode("a")
        #expect(try Tokenizer(description).encode("a", addBOS: true) == [1] + bare)
        description.addBOS = true
        description.addEOS = true
        #expect(try Tokenizer(description).encode("a") == [1] + bare + [0])
        #expect(try Tokenizer(description).encode("") == [1, 0])
        #expect(try Tokenizer(description).encode("a", addBOS: false) == bare)
        description.pre = "llama-bpe"
        description.addBOS = nil
        #expect(try Tokenizer(description).encode("a") == [1] + bare + [0])
        description.bosID = nil
        #expect(try Tokenizer(description).encode("a", addBOS: true) == bare + [0])
    }

    @Test("bytes without a token are dropped, as the reference does")
    func missingBytes() throws {
        var description = TokenizerFixtures.tiny()
        description.tokens = ByteStrings(
            ByteAlphabet.spellings.enumerated().map { $0 == 4 ? Array("<none>".utf8) : $1 })
        let tokenizer = try Tokenizer(description)
        #expect(tokenizer.decodeText(tokenizer.encode("a\u{4}b")) == "ab")
    }

    @Test("of equal token texts the first counts")
    func duplicates() throws {
        let description = TokenizerFixtures.tiny(
            extra: ["ab", "ab", "<x>", "<x>"], types: [1, 1, 3, 3], merges: ["a b"])
        #expect(try Tokenizer(description).encode("ab<x>") == [256, 258])
    }

    @Test("the longest special token wins, the leftmost first")
    func specials() throws {
        let description = TokenizerFixtures.tiny(
            extra: ["<a>", "<a>b", "b<", ""], types: [3, 3, 4, 3])
        let tokenizer = try Tokenizer(description)
        #expect(tokenizer.encode("<a>b<a>") == [257, 256])
        #expect(tokenizer.encode("b<a>") == [98, 256])
        #expect(tokenizer.encode("b<a>", parseSpecial: false) == [258, 97, 62])
        #expect(tokenizer.isSpecial(256) && !tokenizer.isSpecial(258) && !tokenizer.isSpecial(-1))
    }
}

/// SentencePiece BPE against recordings of the reference.
struct TokenizerSentencePieceTests {
    @Test("equals the reference", arguments: ["everySegment", "firstSegment"])
    func recorded(name: String) throws {
        let (fixture, description) = try TokenizerFixtures.sentencePiece()
        let prefix: SpacePrefix = name == "everySegment" ? .everySegment : .firstSegment
        let tokenizer = try Tokenizer(description, spacePrefix: prefix)
        #expect(tokenizer.spacePrefix == prefix)
        let recording = try #require(fixture.recorded[name])
        for (index, text) in fixture.cases.enumerated() {
            let ids = tokenizer.encode(text, addBOS: false)
            #expect(ids == recording.special[index], "\(text.debugDescription)")
            let plain = tokenizer.encode(text, addBOS: false, parseSpecial: false)
            #expect(plain == recording.plain[index], "plain \(text.debugDescription)")
            #expect(tokenizer.decodeText(ids) == recording.decoded?[index])
        }
    }

    @Test("BOS is added unless the file says otherwise")
    func bos() throws {
        var (_, description) = try TokenizerFixtures.sentencePiece()
        #expect(try Tokenizer(description).encode("") == [1])
        description.addBOS = false
        #expect(try Tokenizer(description).encode("") == [])
    }

    @Test("cutting words apart changes nothing")
    func wordsAndWholeText() throws {
        let (fixture, description) = try TokenizerFixtures.sentencePiece()
        var joined = description
        // Pieces with a space behind a letter forbid the cut.
        for piece in ["q\u{2581}", "q\u{2581}q"] {
            joined.tokens.append(piece.utf8)
            joined.tokenTypes.append(1)
            joined.scores.append(-2e9)
        }
        let text = fixture.cases.joined(separator: " ").filter { $0 != "q" }
        let cut = try Tokenizer(description).encode(text)
        #expect(try Tokenizer(joined).encode(text) == cut)
        #expect(try Tokenizer(joined).encode("q q").last == Int32(joined.tokens.count - 1))
    }

    @Test("bytes that are no UTF-8 become byte tokens")
    func invalidUTF8() throws {
        let (_, description) = try TokenizerFixtures.sentencePiece()
        let tokenizer = try Tokenizer(description)
        let bytes: [UInt8] = [0x61, 0xFF, 0xE2, 0x96, 0xC3, 0x28, 0xED, 0xA0, 0x80]
        #expect(tokenizer.decode(tokenizer.encode(bytes)) == bytes)
    }

    @Test("without byte tokens, unknown characters share one token")
    func unknownToken() throws {
        let description = TokenizerDescription(
            model: "llama", tokens: ["<unk>", "<s>", "</s>", "\u{2581}", "a"],
            tokenTypes: [2, 3, 3, 1, 1], scores: [0, 0, 0, -1, -2])
        let tokenizer = try Tokenizer(description)
        #expect(tokenizer.encode("a??a?") == [1, 3, 4, 0, 4, 0])
    }

    @Test("a piece of characters that are no pieces is found")
    func charactersWithoutPiece() throws {
        let description = TokenizerDescription(
            model: "llama", tokens: ["<unk>", "<s>", "</s>", "\u{2581}", "xyz", "xy"],
            tokenTypes: [2, 3, 3, 1, 1, 1], scores: [0, 0, 0, -1, -2, -3])
        let tokenizer = try Tokenizer(description)
        #expect(tokenizer.encode("xyz") == [1, 3, 4])
        #expect(tokenizer.encode("xyy") == [1, 3, 5, 0])
    }
}
