import Basics
import Testing

@testable import LanguageModels

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

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

/// A folder that goes away with the object.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        var template = Array((SystemTemporaryFolder.path + "/billion-XXXXXX").utf8CString)
        let made = template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!) }
        path = String(cString: try #require(made))
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { path + "/" + name }

    var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
    }

    func write(_ bytes: [UInt8], _ name: String) throws -> String {
        try Data(bytes).write(to: URL(filePath: file(name)))
        return file(name)
    }
}

private enum SystemTemporaryFolder {
    static var path: String { ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp" }
}

struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
