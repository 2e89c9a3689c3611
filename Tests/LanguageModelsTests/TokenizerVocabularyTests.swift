import TestSupport
import Testing

@testable import LanguageModels

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Real vocabularies: llama.cpp's test vectors, and SmolLM2 against the recorded reference.
struct TokenizerVocabularyTests {
    static let vectors = ["gpt-2", "llama-bpe", "llama-spm", "qwen2", "starcoder"]

    private static func vocabulary(_ name: String) -> String? {
        SharedData.path("data/vocab/ggml-vocab-\(name).gguf")
    }

    @Test(
        "llama.cpp's vectors",
        .enabled(if: vectors.allSatisfy { vocabulary($0) != nil }, "needs ../shared/data/vocab"),
        arguments: vectors)
    func equalsVectors(name: String) throws {
        let path = try #require(Self.vocabulary(name))
        let tokenizer = try Tokenizer(gguf: GGUFFile(path: path))
        let (cases, wanted) = try Self.vectors(path)
        #expect(cases.count > 40)
        for (index, text) in cases.enumerated() where index < wanted.count {
            let ids = tokenizer.encode(text, addBOS: false, parseSpecial: false)
            #expect(ids == wanted[index], "\(text.debugDescription)")
        }
        #expect(wanted.count == cases.count)
    }

    /// The texts of a vocabulary file and their ids.
    static func vectors(_ path: String) throws -> (cases: [String], wanted: [[Int32]]) {
        let input = try String(contentsOfFile: path + ".inp", encoding: .utf8)
        let output = try String(contentsOfFile: path + ".out", encoding: .utf8)
        let wanted = split(output, separator: "\n").map { line in
            line.split(separator: " ").compactMap { Int32($0) }
        }
        return (split(input, separator: "\n__ggml_vocab_test__\n"), wanted)
    }

    /// Pieces between separators; the last one ends the text.
    private static func split(_ text: String, separator: String) -> [String] {
        let bytes = Array(text.utf8)
        let mark = Array(separator.utf8)
        var pieces: [String] = []
        var start = 0
        var position = 0
        while position + mark.count <= bytes.count {
            if bytes[position..<position + mark.count].elementsEqual(mark) {
                pieces.append(String(decoding: bytes[start..<position], as: UTF8.self))
                position += mark.count
                start = position
            } else {
                position += 1
            }
        }
        return pieces
    }

    @Test(
        "a file without the name of its pre-tokenizer: GPT-NeoX",
        .enabled(if: vocabulary("gpt-neox") != nil, "needs ../shared/data/vocab"))
    func gptNeoX() throws {
        let path = try #require(Self.vocabulary("gpt-neox"))
        let tokenizer = try Tokenizer(gguf: GGUFFile(path: path))
        #expect(tokenizer.vocabularySize == 50432)
        // Runs of spaces are single tokens, 50254 (24 of them) to 50276 (2).
        #expect(tokenizer.encode(String(repeating: " ", count: 26) + "x") == [50254, 50276, 89])
        #expect(tokenizer.encode("e\u{301}") == tokenizer.encode("\u{E9}"))
        #expect(tokenizer.encode(" A B C D") == [329, 378, 330, 399])
    }

    @Test(
        "SmolLM2 equals the reference",
        .enabled(if: SharedData.smolLM2 != nil, "needs SmolLM2-135M-Instruct.Q4_1.gguf"))
    func smolLM2() throws {
        let tokenizer = try Tokenizer(gguf: GGUFFile(path: SharedData.smolLM2 ?? ""))
        let fixture: TokenizerFixtures.SmolLM2 = try TokenizerFixtures.load("smollm2.json")
        for (index, text) in fixture.cases.enumerated() {
            #expect(tokenizer.encode(text) == fixture.special[index], "\(text.debugDescription)")
            let plain = tokenizer.encode(text, parseSpecial: false)
            #expect(plain == fixture.plain[index], "plain \(text.debugDescription)")
        }
        #expect(tokenizer.vocabularySize == 49152)
        #expect(tokenizer.bosID == 1 && tokenizer.eosID == 2 && !tokenizer.addsBOS)
        #expect(tokenizer.endOfGeneration == [2])
        #expect(tokenizer.chatTemplate != nil && tokenizer.spacePrefix == nil)
    }
}
