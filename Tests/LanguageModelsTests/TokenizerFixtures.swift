import TestSupport

@testable import LanguageModels

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What the `tokenizers` library made of the cases; `Tests/Fixtures/tokenization` says how.
enum TokenizerFixtures {
    struct ByteLevel: Decodable {
        let tokens: [String]
        let types: [Int32]
        let merges: [String]
        let cases: [String]
        let recorded: [String: Recording]
    }

    struct SentencePiece: Decodable {
        let tokens: [String]
        let types: [Int32]
        let scores: [Float]
        let cases: [String]
        let recorded: [String: Recording]
    }

    struct Recording: Decodable {
        let special: [[Int32]]
        let plain: [[Int32]]
        let decoded: [String]?
    }

    struct SmolLM2: Decodable {
        let cases: [String]
        let special: [[Int32]]
        let plain: [[Int32]]
    }

    static func load<Value: Decodable>(_ name: String) throws -> Value {
        let path = SharedData.packageRoot + "/Tests/Fixtures/tokenization/" + name
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        return try JSONDecoder().decode(Value.self, from: data)
    }

    static func byteLevel(_ pre: String) throws -> (ByteLevel, TokenizerDescription) {
        let fixture: ByteLevel = try load("byte-level.json")
        let description = TokenizerDescription(
            model: "gpt2", pre: pre, tokens: ByteStrings(fixture.tokens.map(\.utf8)),
            tokenTypes: fixture.types, merges: ByteStrings(fixture.merges.map(\.utf8)), bosID: 1,
            eosID: 0)
        return (fixture, description)
    }

    static func sentencePiece() throws -> (SentencePiece, TokenizerDescription) {
        let fixture: SentencePiece = try load("sentence-piece.json")
        let description = TokenizerDescription(
            model: "llama", tokens: ByteStrings(fixture.tokens.map(\.utf8)),
            tokenTypes: fixture.types, scores: fixture.scores)
        return (fixture, description)
    }

    /// The smallest vocabulary that byte-level BPE accepts: all bytes, and `extra` tokens.
    static func tiny(
        pre: String = "gpt-2", extra: [String] = [], types: [Int32] = [], merges: [String] = []
    ) -> TokenizerDescription {
        var tokens = ByteStrings(ByteAlphabet.spellings)
        for text in extra { tokens.append(text.utf8) }
        let kinds = types.isEmpty ? [] : [Int32](repeating: 1, count: 256) + types
        return TokenizerDescription(
            model: "gpt2", pre: pre, tokens: tokens, tokenTypes: kinds,
            merges: ByteStrings(merges.map(\.utf8)))
    }
}
