import Basics
import Testing

@testable import LanguageModels

/// Files that must be refused: what is wrong, and the whole message.
@Suite struct GGUFBrokenFileTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let message: String
        let change: @Sendable (inout GGUFBytes) -> Void

        init(
            _ name: String, _ message: String,
            _ change: @escaping @Sendable (inout GGUFBytes) -> Void
        ) {
            self.name = name
            self.message = message
            self.change = change
        }

        var testDescription: String { name }
    }

    @Test func theMiniatureIsGood() throws {
        let file = try open(GGUFBytes.miniature.bytes)
        #expect(file.tensors.map(\.name) == ["one", "two", "three"])
        #expect(file.tensors.map(\.byteRange.count) == [32, 68, 16])
        #expect(file.metadata.entries.count == 6)
        var second = GGUFBytes.miniature
        second.version = 2
        #expect(try open(second.bytes).version == 2)
    }

    @Test(arguments: headers + metadata + tensorShapes + tensorPlaces)
    func isRefused(_ broken: Case) {
        var file = GGUFBytes.miniature
        broken.change(&file)
        let error = #expect(throws: CheckpointError.self) { try open(file.bytes) }
        #expect(error?.description == "mini.gguf: " + broken.message)
    }

    static let headers: [Case] = [
        Case("wrong magic", "this is not a GGUF file: it does not begin with 'GGUF'.") {
            $0.magic = Array("GGML".utf8)
        },
        Case("version 0", "GGUF version 0, wanted 2 or 3.") { $0.version = 0 },
        Case("version 1", "GGUF version 1, wanted 2 or 3. Convert it with a current llama.cpp.") {
            $0.version = 1
        },
        Case("version 4", "GGUF version 4, wanted 2 or 3.") { $0.version = 4 },
        Case(
            "byte-swapped version",
            "this GGUF file is big-endian (version reads as 50331648); "
                + "only little-endian files are supported."
        ) { $0.version = 0x0300_0000 },
        Case(
            "negative tensor count",
            "the header claims -1 tensors; the 592 bytes that follow cannot hold them."
        ) { $0.tensorCount = -1 },
        Case(
            "absurd tensor count",
            "the header claims 4611686018427387904 tensors; "
                + "the 592 bytes that follow cannot hold them."
        ) { $0.tensorCount = 1 << 62 },
        Case(
            "tensor count just too large",
            "the header claims 25 tensors; the 592 bytes that follow cannot hold them."
        ) { $0.tensorCount = 25 },
        Case(
            "negative metadata count",
            "the header claims -9223372036854775808 metadata entries; "
                + "the 584 bytes that follow cannot hold them."
        ) { $0.pairCount = .min },
        Case(
            "absurd metadata count",
            "the header claims 45 metadata entries; the 584 bytes that follow cannot hold them."
        ) { $0.pairCount = 45 },
        Case("more tensors than there are", "the name of tensor 3 is empty.") {
            $0.tensorCount = 4
        },
    ]

    static let metadata: [Case] = [
        Case("empty key", "metadata key 1 is empty.") {
            $0.pairs[1] = GGUFBytes.pair("", 4, [0, 0, 0, 0])
        },
        Case("duplicate key", "metadata key 'general.architecture' occurs twice.") {
            $0.pairs[1] = $0.pairs[0]
        },
        Case("key that is not text", "metadata key 0 is not UTF-8.") {
            $0.pairs[0] = GGUFBytes.string([0xC3, 0x28]) + GGUFBytes.le(UInt32(7)) + [1]
        },
        Case(
            "key beyond the end",
            "metadata key 0 at byte 24 claims 18446744073709551615 bytes, only 576 are left."
        ) { $0.pairs[0].replaceSubrange(0..<8, with: GGUFBytes.le(UInt64.max)) },
        Case("key of 64 KiB", "metadata key 0 has 65536 bytes, wanted fewer than 65536.") {
            $0.pairs[0] = GGUFBytes.pair(String(repeating: "k", count: 65536), 7, [1])
        },
        Case("unknown value type", "metadata 'x': there is no value type with number 13.") {
            $0.pairs[1] = GGUFBytes.pair("x", 13, [])
        },
        Case(
            "control characters in a name",
            "metadata 'x\\u{1b}[2J\\u{a}': there is no value type with number 4294967295."
        ) { $0.pairs[1] = GGUFBytes.pair("x\u{1b}[2J\n", .max, []) },
        Case(
            "string beyond the end",
            "metadata 'general.architecture' at byte 56 claims 1000 bytes, only 544 are left."
        ) {
            $0.pairs[0] = GGUFBytes.pair(
                "general.architecture", 8, GGUFBytes.le(UInt64(1000)) + Array("llama".utf8))
        },
        Case(
            "string beyond the end in an array",
            "string 1 of metadata 'list' at byte 61 claims 4096 bytes, only 539 are left."
        ) {
            let strings = GGUFBytes.string("a") + GGUFBytes.le(UInt64(4096))
            $0.pairs[0] = GGUFBytes.pair(
                "list", 9, GGUFBytes.le(UInt32(8)) + GGUFBytes.le(UInt64(2)) + strings)
        },
        Case(
            "array count beyond the end",
            "metadata 'list' claims 200 elements of type u32; "
                + "the 524 bytes that follow cannot hold them."
        ) {
            $0.pairs[0] = GGUFBytes.pair(
                "list", 9, GGUFBytes.le(UInt32(4)) + GGUFBytes.le(UInt64(200)))
        },
        Case(
            "array count that overflows",
            "metadata 'list' claims 18446744073709551615 elements of type f64; "
                + "the 524 bytes that follow cannot hold them."
        ) {
            $0.pairs[0] = GGUFBytes.pair(
                "list", 9, GGUFBytes.le(UInt32(12)) + GGUFBytes.le(UInt64.max))
        },
        Case("nested arrays", "metadata 'list': arrays of arrays are not part of the format.") {
            $0.pairs[0] = GGUFBytes.pair(
                "list", 9, GGUFBytes.le(UInt32(9)) + GGUFBytes.le(UInt64(1)))
        },
        Case("array of an unknown type", "metadata 'list': there is no value type with number 77.")
        {
            $0.pairs[0] = GGUFBytes.pair(
                "list", 9, GGUFBytes.le(UInt32(77)) + GGUFBytes.le(UInt64(1)))
        },
        Case("alignment of another type", "metadata 'general.alignment': wanted u32, found u64.") {
            $0.pairs[1] = GGUFBytes.pair("general.alignment", 10, GGUFBytes.le(UInt64(32)))
        },
        Case("alignment 0", "metadata 'general.alignment': wanted a power of two, found 0.") {
            $0.pairs[1] = GGUFBytes.pair("general.alignment", 4, GGUFBytes.le(UInt32(0)))
        },
        Case("alignment 24", "metadata 'general.alignment': wanted a power of two, found 24.") {
            $0.pairs[1] = GGUFBytes.pair("general.alignment", 4, GGUFBytes.le(UInt32(24)))
        },
    ]

    static let tensorShapes: [Case] = [
        Case("empty tensor name", "the name of tensor 0 is empty.") {
            $0.tensors[0] = GGUFBytes.tensor("", [4, 2], 0, 0)
        },
        Case("tensor name of 64 bytes", "the name of tensor 0 has 64 bytes, wanted fewer than 64.")
        {
            $0.tensors[0] = GGUFBytes.tensor(String(repeating: "n", count: 64), [4, 2], 0, 0)
        },
        Case("duplicate tensor name", "tensor 'one' occurs twice.") {
            $0.tensors[1] = GGUFBytes.tensor("one", [32, 2], 8, 32)
        },
        Case("five dimensions", "tensor 'one': 5 dimensions, wanted at most 4.") {
            $0.tensors[0] = GGUFBytes.tensor("one", [1, 1, 1, 1, 1], 0, 0)
        },
        Case("absurd rank", "tensor 'one': 4294967295 dimensions, wanted at most 4.") {
            $0.tensors[0] = GGUFBytes.tensor("one", [4, 2], 0, 0, rank: .max)
        },
        Case("zero dimension", "tensor 'one': shape [4, 0], wanted dimensions above 0.") {
            $0.tensors[0] = GGUFBytes.tensor("one", [4, 0], 0, 0)
        },
        Case("negative dimension", "tensor 'one': shape [-4, 2], wanted dimensions above 0.") {
            $0.tensors[0] = GGUFBytes.tensor("one", [-4, 2], 0, 0)
        },
        Case(
            "product that overflows",
            "tensor 'one': shape [4294967296, 4294967296] has more elements than can be counted."
        ) { $0.tensors[0] = GGUFBytes.tensor("one", [1 << 32, 1 << 32], 0, 0) },
        Case(
            "bytes that overflow",
            "tensor 'one': shape [4611686018427387904] of type f32 has too many bytes."
        ) { $0.tensors[0] = GGUFBytes.tensor("one", [1 << 62], 0, 0) },
        Case(
            "rows that are not whole blocks",
            "tensor 'two': shape [16, 4], but rows of type q8_0 are made of blocks of 32."
        ) { $0.tensors[1] = GGUFBytes.tensor("two", [16, 4], 8, 32) },
        Case("removed tensor type", "tensor 'one': there is no tensor type with number 4.") {
            $0.tensors[0] = GGUFBytes.tensor("one", [4, 2], 4, 0)
        },
        Case("unknown tensor type", "tensor 'one': there is no tensor type with number 1000.") {
            $0.tensors[0] = GGUFBytes.tensor("one", [4, 2], 1000, 0)
        },
    ]

    static let tensorPlaces: [Case] = [
        Case("unaligned offset", "tensor 'two': offset 33 is not a multiple of the alignment 32.") {
            $0.tensors[1] = GGUFBytes.tensor("two", [32, 2], 8, 33)
        },
        Case(
            "overlapping tensors",
            "tensor 'two': offset 0 overlaps the tensor before it, whose data ends at 32."
        ) { $0.tensors[1] = GGUFBytes.tensor("two", [32, 2], 8, 0) },
        Case(
            "gap between tensors",
            "tensor 'three': offset 160, wanted 128, where the data of the tensor before it ends."
        ) { $0.tensors[2] = GGUFBytes.tensor("three", [8], 1, 160) },
        Case(
            "tensors out of order",
            "tensor 'one': offset 32, wanted 0, where the data of the tensor before it ends."
        ) { $0.tensors[0] = GGUFBytes.tensor("one", [4, 2], 0, 32) },
        Case(
            "offset near the end of all numbers",
            "tensor 'three': offset 18446744073709551584, wanted 128, "
                + "where the data of the tensor before it ends."
        ) { $0.tensors[2] = GGUFBytes.tensor("three", [8], 1, .max - 31) },
        Case(
            "data beyond the end",
            "tensor 'three': its data takes 16000 bytes from byte 576, the file has 608. "
                + "It is incomplete; fetch it again."
        ) { $0.tensors[2] = GGUFBytes.tensor("three", [8000], 1, 128) },
        Case(
            "data section missing",
            "tensor 'one': its data takes 32 bytes from byte 448, the file has 448. "
                + "It is incomplete; fetch it again."
        ) { $0.data = [] },
        Case(
            "alignment larger than the file",
            "tensor 'one': its data takes 32 bytes from byte 2147483648, the file has 608. "
                + "It is incomplete; fetch it again."
        ) { $0.pairs[1] = GGUFBytes.pair("general.alignment", 4, GGUFBytes.le(UInt32(1) << 31)) },
    ]

    /// Wherever a download breaks off, the file is refused and the message says where.
    @Test func everyTruncationIsRefused() {
        let whole = GGUFBytes.miniature
        let end = whole.bytes.count - 16
        for length in 0..<end {
            let error = #expect(throws: CheckpointError.self) {
                try open(Array(whole.bytes[..<length]))
            }
            let words = ["ends inside", "are left", "cannot hold", "incomplete", "not a GGUF"]
            let message = error?.description ?? ""
            #expect(words.contains { message.contains($0) }, "\(length) bytes: \(message)")
        }
        #expect(throws: Never.self) { try open(Array(whole.bytes[..<end])) }
    }

    /// A vocabulary-only file has no tensors and needs no data section.
    @Test func vocabularyOnly() throws {
        var file = GGUFBytes.miniature
        file.tensors = []
        let opened = try open(file.header)
        #expect(opened.tensors.isEmpty)
        #expect(try opened.metadata.strings("tokenizer.ggml.tokens").count == 3)
        #expect(CheckpointSummary(opened).vocabularySize == 3)
    }
}
