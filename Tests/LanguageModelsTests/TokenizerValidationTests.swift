import Testing

@testable import LanguageModels

/// Broken vocabularies: each is an error that says what is wrong, and never a crash.
struct TokenizerValidationTests {
    struct Broken: Sendable, CustomTestStringConvertible {
        let name: String
        let message: String
        let change: @Sendable (inout TokenizerDescription) -> Void

        var testDescription: String { name }

        init(
            _ name: String, _ message: String,
            _ change: @escaping @Sendable (inout TokenizerDescription) -> Void
        ) {
            (self.name, self.message, self.change) = (name, message, change)
        }
    }

    static let byteLevel: [Broken] = [
        Broken(
            "model",
            "tokenizer.ggml.model: wanted 'gpt2' (byte-level BPE) or 'llama' (SentencePiece BPE), "
                + "found 'bert', which is not supported."
        ) { $0.model = "bert" },
        Broken(
            "pre",
            "tokenizer.ggml.pre: unknown pre-tokenizer 'gpt2'. Did you mean 'gpt-2'? "
                + "Known: smollm, starcoder, refact, gpt-2, phi-2, gpt-neox, olmo, mpt, llama-bpe, "
                + "llama3, llama-v3, qwen2, deepseek-r1-qwen, stablelm2."
        ) { $0.pre = "gpt2" },
        Broken(
            "no tokens",
            "tokenizer.ggml.tokens: the vocabulary is empty; this file cannot tokenize."
        ) { $0.tokens = [] },
        Broken(
            "types",
            "tokenizer.ggml.token_type: wanted 258 values, one for each token, found 3."
        ) { $0.tokenTypes = [1, 2, 3] },
        Broken(
            "type", "tokenizer.ggml.token_type: token 1 has type 7, wanted 1 to 6."
        ) { $0.tokenTypes = [1, 7] + [Int32](repeating: 1, count: 256) },
        Broken(
            "merge of an unknown token",
            "tokenizer.ggml.merges: merge 1 ('ab cd') needs the token 'cd', "
                + "which the vocabulary does not have."
        ) { $0.merges.append("ab cd".utf8) },
        Broken(
            "merge to an unknown token",
            "tokenizer.ggml.merges: merge 1 ('b a') needs the token 'ba', "
                + "which the vocabulary does not have."
        ) { $0.merges.append("b a".utf8) },
        Broken(
            "merge without a space",
            "tokenizer.ggml.merges: merge 1 is 'ab', wanted two tokens with a space between."
        ) { $0.merges.append("ab".utf8) },
        Broken(
            "merge without a right side",
            "tokenizer.ggml.merges: merge 1 is 'a ', wanted two tokens with a space between."
        ) { $0.merges.append("a ".utf8) },
        Broken(
            "empty merge",
            "tokenizer.ggml.merges: merge 1 is '', wanted two tokens with a space between."
        ) { $0.merges.append("".utf8) },
        Broken(
            "BOS", "tokenizer.ggml.bos_token_id: wanted an id below 258, found 258."
        ) { $0.bosID = 258 },
        Broken(
            "EOS", "tokenizer.ggml.eos_token_id: wanted an id below 258, found -1."
        ) { $0.eosID = -1 },
        Broken(
            "EOT", "tokenizer.ggml.eot_token_id: wanted an id below 258, found 2147483647."
        ) { $0.eotID = .max },
        Broken(
            "padding", "tokenizer.ggml.padding_token_id: wanted an id below 258, found 300."
        ) { $0.paddingID = 300 },
        Broken(
            "missing bytes",
            "tokenizer.ggml.tokens: a byte-level vocabulary needs a token for every printable "
                + "ASCII character, tab and newline; missing: 0x41, 0x42."
        ) {
            var tokens = ByteStrings()
            for (index, text) in $0.tokens.enumerated() {
                tokens.append((0x41...0x42).contains(index) ? Array("?\(index)".utf8) : Array(text))
            }
            $0.tokens = tokens
        },
        Broken(
            "long token", "tokenizer.ggml.tokens: token 258 has 5000 bytes, wanted at most 4096."
        ) { $0.tokens.append([UInt8](repeating: 0x61, count: 5000)) },
        Broken(
            "control characters in a name",
            "tokenizer.ggml.model: wanted 'gpt2' (byte-level BPE) or 'llama' (SentencePiece BPE), "
                + "found 'a\\u{1b}[31m', which is not supported."
        ) { $0.model = "a\u{1b}[31m" },
    ]

    @Test("byte-level", arguments: byteLevel)
    func refusedByteLevel(broken: Broken) {
        var description = TokenizerFixtures.tiny(extra: ["ab", "abab"], merges: ["a b"])
        broken.change(&description)
        expect(description, fails: broken.message)
    }

    static let sentencePiece: [Broken] = [
        Broken(
            "scores", "tokenizer.ggml.scores: wanted 4 values, one for each token, found 0."
        ) { $0.scores = [] },
        Broken(
            "NaN", "tokenizer.ggml.scores: the score of token 2 is not a number."
        ) { $0.scores[2] = .nan },
        Broken(
            "nothing to fall back to",
            "tokenizer.ggml.tokens: there are no byte tokens (<0x00> to <0xFF>) and no unknown "
                + "token, so most text could not be encoded."
        ) { $0.tokenTypes[0] = 1 },
    ]

    @Test("SentencePiece", arguments: sentencePiece)
    func refusedSentencePiece(broken: Broken) {
        var description = TokenizerDescription(
            model: "llama", tokens: ["<unk>", "a", "b", "ab"], tokenTypes: [2, 1, 1, 1],
            scores: [0, -1, -2, -3])
        broken.change(&description)
        expect(description, fails: broken.message)
    }

    private func expect(_ description: TokenizerDescription, fails message: String) {
        let error = #expect(throws: TokenizerError.self) { try Tokenizer(description) }
        #expect(error?.description == message)
    }

    @Test func idsOutsideTheVocabulary() throws {
        let tokenizer = try Tokenizer(TokenizerFixtures.tiny())
        let error = #expect(throws: TokenizerError.self) { try tokenizer.validate([0, 255, 256]) }
        #expect(error?.description == "token id 256: wanted 0 to 255, the size of this vocabulary.")
        #expect(tokenizer.decode([-1, 65, 256, .max, .min]) == [65])
        #expect(!tokenizer.contains(256) && tokenizer.contains(255))
    }

    @Test("texts that are themselves broken UTF-8 do no harm")
    func brokenTexts() throws {
        var description = TokenizerFixtures.tiny(extra: ["<x>"], types: [3])
        description.tokens.append([0xC3])
        description.tokens.append([])
        description.tokenTypes += [3, 4]
        let tokenizer = try Tokenizer(description)
        #expect(tokenizer.encode("é<x>") == [257, 169, 256])
    }
}
