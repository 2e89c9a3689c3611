import Basics
import Testing

@testable import LanguageModels

/// Builds GGUF bytes by hand, so that every field can be wrong.
///
/// The defaults make a good file.
struct GGUFBytes {
    var magic = Array("GGUF".utf8)
    var version: UInt32 = 3
    /// Counts as claimed; nil for the true ones.
    var tensorCount: Int64?
    var pairCount: Int64?
    var pairs: [[UInt8]] = []
    var tensors: [[UInt8]] = []
    var data: [UInt8] = []
    var alignment = 32

    /// Three tensors and one value of most types.
    static var miniature: GGUFBytes {
        var file = GGUFBytes()
        file.pairs = [
            pair("general.architecture", 8, string("llama")),
            pair("llama.block_count", 4, le(UInt32(2))),
            pair("llama.rope.freq_base", 6, le(Float(10000).bitPattern)),
            pair("tokenizer.ggml.add_bos_token", 7, [1]),
            pair(
                "tokenizer.ggml.tokens", 9,
                le(UInt32(8)) + le(UInt64(3)) + string("a") + string("") + string([0xFF, 0x00])),
            pair("tokenizer.ggml.scores", 9, le(UInt32(6)) + le(UInt64(2)) + le(UInt64(0))),
        ]
        file.tensors = [
            tensor("one", [4, 2], 0, 0), tensor("two", [32, 2], 8, 32),
            tensor("three", [8], 1, 128),
        ]
        file.data = (0..<160).map { UInt8($0) }
        return file
    }

    var header: [UInt8] {
        var bytes = magic + Self.le(version)
        bytes += Self.le(tensorCount ?? Int64(tensors.count))
        bytes += Self.le(pairCount ?? Int64(pairs.count))
        return bytes + pairs.joined() + tensors.joined()
    }

    var bytes: [UInt8] {
        var bytes = header
        while bytes.count % alignment != 0 { bytes.append(0) }
        return bytes + data
    }

    static func le(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    static func string(_ text: String) -> [UInt8] { string(Array(text.utf8)) }

    static func string(_ bytes: [UInt8]) -> [UInt8] { le(UInt64(bytes.count)) + bytes }

    static func pair(_ key: String, _ type: UInt32, _ value: [UInt8]) -> [UInt8] {
        string(key) + le(type) + value
    }

    static func tensor(
        _ name: String, _ dimensions: [Int64], _ type: UInt32, _ offset: UInt64, rank: UInt32? = nil
    ) -> [UInt8] {
        string(name) + le(rank ?? UInt32(dimensions.count)) + dimensions.flatMap(le) + le(type)
            + le(offset)
    }
}

func open(_ bytes: [UInt8]) throws(CheckpointError) -> GGUFFile {
    try GGUFFile(MappedFile(bytes: bytes, name: "mini.gguf"))
}
