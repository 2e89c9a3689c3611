import Testing

@testable import LanguageModels

/// Writes protobuf messages.
enum SentencePieceBytes {
    static func varint(_ value: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    static func field(_ number: UInt64, _ value: UInt64) -> [UInt8] {
        varint(number << 3) + varint(value)
    }

    static func field(_ number: UInt64, _ bytes: [UInt8]) -> [UInt8] {
        varint(number << 3 | 2) + varint(UInt64(bytes.count)) + bytes
    }

    static func piece(_ text: String, _ score: Float, _ type: Int32) -> [UInt8] {
        let bits = withUnsafeBytes(of: score.bitPattern.littleEndian) { Array($0) }
        return field(1, field(1, Array(text.utf8)) + [2 << 3 | 5] + bits + field(3, UInt64(type)))
    }

    /// BPE, with a field that nobody knows.
    static let trainer = field(2, field(3, 2) + field(99, [1, 2, 3]) + field(35, 1))
    static let normalizer = field(3, field(1, Array("identity".utf8)) + field(3, 1) + field(4, 0))

    static func model(_ fixture: TokenizerFixtures.SentencePiece) -> [UInt8] {
        var bytes: [UInt8] = []
        for (index, text) in fixture.tokens.enumerated() {
            bytes += piece(text, fixture.scores[index], fixture.types[index])
        }
        return bytes + trainer + normalizer
    }

    static let small =
        piece("<unk>", 0, 2) + piece("<s>", 0, 3) + piece("</s>", 0, 3) + piece("\u{2581}", -1, 1)
        + piece("a", -2, 1) + trainer + normalizer
}

struct SentencePieceFileTests {
    private typealias Bytes = SentencePieceBytes

    @Test func small() throws {
        let description = try SentencePieceFile.description(Bytes.small, file: "m")
        #expect(try Tokenizer(description).encode("a a?") == [1, 3, 4, 3, 4, 0])
    }

    static let broken: [(String, [UInt8], String)] = [
        ("empty", [], "this is not a SentencePiece model: it has no trainer_spec."),
        ("no pieces", Bytes.trainer, "this is not a SentencePiece model: it has no pieces."),
        (
            "unigram", Bytes.piece("a", 0, 1) + Bytes.field(2, Bytes.field(3, 1)),
            "trainer_spec: model_type: wanted 2 (BPE), found 1 (unigram), which is not supported."
        ),
        (
            "unigram by default", Bytes.piece("a", 0, 1) + Bytes.field(2, []),
            "trainer_spec: model_type: wanted 2 (BPE), found 1 (unigram), which is not supported."
        ),
        ("cut", Array(Bytes.small.prefix(5)), "the model: field 1 has 14 bytes, 3 are left."),
        (
            "long length", [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F],
            "the model: field 1 has 4294967295 bytes, 0 are left."
        ),
        (
            "long number", [0x08] + [UInt8](repeating: 0xFF, count: 11),
            "the model: a number is longer than 10 bytes."
        ),
        ("cut number", [0x08, 0xFF], "the model: the file ends inside a number."),
        ("field 0", [0x00, 0x00], "the model: a field has no valid number."),
        ("group", [0x0B], "the model: field 1 has the unknown wire type 3."),
        (
            "piece as a number", Bytes.field(1, 7),
            "the model: field 1 is not a string, as it must be."
        ),
        ("no text", Bytes.field(1, []), "piece 0: the piece has no text."),
        ("type", Bytes.piece("a", 0, 9), "piece 0: type: wanted 1 to 6, found 9."),
        (
            "score as a number", Bytes.field(1, Bytes.field(2, 1)),
            "piece 0: field 2 is not a float, as it must be."
        ),
        (
            "suffix", Bytes.field(2, Bytes.field(24, 1)),
            "trainer_spec: treat_whitespace_as_suffix is not supported, wanted false."
        ),
        (
            "normalization", Bytes.field(3, Bytes.field(2, [1])),
            "normalizer_spec: precompiled_charsmap: text that is normalized is not supported, "
                + "wanted the normalizer 'identity'."
        ),
        (
            "removed spaces", Bytes.field(3, []),
            "normalizer_spec: remove_extra_whitespaces is not supported, wanted false."
        ),
        (
            "bare spaces", Bytes.field(3, Bytes.field(4, 0) + Bytes.field(5, 0)),
            "normalizer_spec: escape_whitespaces: wanted true, found false."
        ),
        (
            "BOS", Bytes.piece("a", 0, 1) + Bytes.field(2, Bytes.field(3, 2) + Bytes.field(41, 9)),
            "trainer_spec: bos_id: wanted an id below 1, found 9."
        ),
    ]

    @Test("broken models", arguments: broken)
    func refused(name: String, bytes: [UInt8], problem: String) {
        let error = #expect(throws: CheckpointError.self, "\(name)") {
            try SentencePieceFile.description(bytes, file: "tokenizer.model")
        }
        #expect(error?.description == "tokenizer.model: " + problem)
    }
}
