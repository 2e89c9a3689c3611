import Basics
import Testing

@testable import LanguageModels

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Mutated tokenizer files: the readers throw or give a tokenizer that works; they never trap.
///
/// `BILLION_FUZZ_COUNT=1000000` runs more of them.
struct TokenizerFuzzTests {
    /// Every construct in few bytes: printable ASCII, three merges, added tokens with all flags.
    private static let byteLevel: String = {
        let letters = (0x21...0x7E).map { String(Unicode.Scalar(UInt8($0))) }
        let tokens = ["\u{120}", "\u{10A}", "\u{109}"] + letters + ["ab", "\u{120}a", "abc"]
        let vocabulary = tokens.enumerated().map { index, token in
            let text = token == "\"" || token == "\\" ? "\\" + token : token
            return "\"\(text)\":\(index)"
        }
        return #"{"added_tokens":[{"id":100,"content":"<|x|>","special":true,"#
            + #""normalized":false,"lstrip":true},{"id":101,"content":"<y>","single_word":true,"#
            + #""rstrip":true}],"normalizer":{"type":"Sequence","normalizers":[{"type":"NFC"}]},"#
            + #""pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Digits","#
            + #""individual_digits":false},{"type":"Split","pattern":{"String":"a"},"#
            + #""behavior":"MergedWithNext","invert":false},{"type":"ByteLevel","#
            + #""add_prefix_space":false}]},"post_processor":{"type":"TemplateProcessing","#
            + #""single":[{"SpecialToken":{"id":"<|x|>"}},{"Sequence":{"id":"A"}}],"#
            + #""special_tokens":{"<|x|>":{"ids":[100]}}},"decoder":{"type":"ByteLevel"},"#
            + #""model":{"type":"BPE","unk_token":null,"ignore_merges":true,"vocab":{"#
            + vocabulary.joined(separator: ",")
            + #"},"merges":[["a","b"],"Ġ a",["ab","c"]]}}"#
    }()

    private static let pieces =
        #"{"added_tokens":[{"id":0,"content":"<unk>","special":true}],"normalizer":{"type":"#
        + #""Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},{"type":"Replace","#
        + #""pattern":{"String":" "},"content":"▁"}]},"pre_tokenizer":null,"decoder":{"type":"#
        + #""Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},"#
        + #"{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"#
        + #""stop":0}]},"model":{"type":"BPE","unk_token":"<unk>","fuse_unk":true,"#
        + #""byte_fallback":true,"vocab":{"<unk>":0,"▁":1,"a":2,"▁a":3,"\ud83d\ude00":4,"#
        + #""<0x0A>":5},"merges":["▁ a"]}}"#

    private static let words = [
        "null", "true", "-1", "1e999", "99999999", "0", "{}", "[]", "[[", "\"\\ud800\"", "\"\"",
        ",", "\"a\"", "\"ByteLevel\"", "\"Metaspace\"", "\"Removed\"", "\u{2581}", "\\u0000", "}",
    ]

    @Test func mutatedFiles() {
        let wanted = ProcessInfo.processInfo.environment["BILLION_FUZZ_COUNT"].flatMap { Int($0) }
        let count = wanted ?? 6_000
        let seeds = [
            Array(Self.byteLevel.utf8), Array(Self.pieces.utf8), SentencePieceBytes.small,
        ]
        var random = SeededGenerator(seed: 77)
        var accepted = 0
        for index in 0..<count {
            let bytes = mutated(seeds[index % 3], &random)
            if isUsable(bytes, isJSON: index % 3 < 2) { accepted += 1 }
        }
        // Both sides are exercised.
        #expect(accepted > count / 50 && accepted < count * 49 / 50)
    }

    @Test("the files that are mutated are sound")
    func seeds() {
        #expect(isUsable(Array(Self.byteLevel.utf8), isJSON: true))
        #expect(isUsable(Array(Self.pieces.utf8), isJSON: true))
        #expect(isUsable(SentencePieceBytes.small, isJSON: false))
    }

    private func isUsable(_ bytes: [UInt8], isJSON: Bool) -> Bool {
        let description =
            isJSON
            ? try? TokenizerJSON(bytes, file: "f").description
            : try? SentencePieceFile.description(bytes, file: "f")
        guard let description else { return false }
        // Some rows may stay free, but few bytes do not make a large table.
        #expect(description.tokens.count <= 4 * bytes.count + 2048)
        guard let tokenizer = try? Tokenizer(description) else { return false }
        let ids = tokenizer.encode("ab <|x|> abc\n <y>é 12a\u{1F600}")
        #expect(ids.allSatisfy(tokenizer.contains))
        _ = tokenizer.decode(ids)
        return true
    }

    private func mutated(_ seed: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = seed
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            let end = min(bytes.count, place + Int.random(in: 1...24, using: &random))
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 2 where end - place < bytes.count: bytes.removeSubrange(place..<end)
            case 3:
                let target = Int.random(in: 0...bytes.count, using: &random)
                bytes.insert(contentsOf: Array(bytes[place..<end]), at: target)
            case 4:
                let word = Self.words.randomElement(using: &random) ?? ""
                bytes.replaceSubrange(place..<min(end, place + 4), with: Array(word.utf8))
            default: bytes.insert(UInt8.random(in: 0x20...0x7E, using: &random), at: place)
            }
        }
        return bytes
    }
}
