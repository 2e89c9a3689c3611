import Basics
import Tensors
import TestSupport
import Testing

@testable import LanguageModels

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Mutated files: whatever they hold, the reader throws or works; it never traps.
///
/// `BILLION_FUZZ_COUNT=1000000` runs more of them.
@Suite struct GGUFFuzzTests {
    @Test func mutatedFiles() throws {
        let wanted = ProcessInfo.processInfo.environment["BILLION_FUZZ_COUNT"].flatMap { Int($0) }
        let seeds = [GGUFBytes.miniature.bytes, try Self.written()]
        var random = SeededGenerator(seed: 2024)
        var accepted = 0
        let count = wanted ?? 20_000
        for index in 0..<count {
            let bytes = Self.mutated(seeds[index % seeds.count], &random)
            guard let file = try? open(bytes) else { continue }
            accepted += 1
            Self.readEverything(file)
        }
        // Most mutations are fatal, some are not: both sides are exercised.
        #expect(accepted > count / 50)
        #expect(accepted < count * 49 / 50)
    }

    /// A file of our own writer, with the formats' tensors.
    private static func written() throws -> [UInt8] {
        let folder = try TemporaryFolder()
        let tensors = QuantizationRegistry.all.map { format in
            GGUFWriter.Tensor(
                name: "blk.0.\(format.name).weight", dimensions: [256, 2],
                type: GGMLType.withID(format.ggmlType)!)
        }
        let writer = try GGUFWriter(
            path: folder["seed.gguf"],
            metadata: [
                ("general.architecture", .string("llama")), ("llama.block_count", .uint32(1)),
                ("tokenizer.ggml.tokens", .strings([[65], [66, 67]])),
                ("tokenizer.ggml.token_type", .int32s([1, 3])),
                ("llama.attention.head_count", .int32s([4, 4])),
            ], tensors: tensors)
        for tensor in tensors {
            try [UInt8](repeating: 17, count: tensor.byteCount).withUnsafeBytes {
                try writer.append($0)
            }
        }
        try writer.finish()
        return try MappedFile(path: folder["seed.gguf"]).withBytes { Array($0) }
    }

    private static func mutated(_ seed: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = seed
        let headerEnd = min(bytes.count, 700)
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let place = Int.random(in: 0..<headerEnd, using: &random)
            guard place + 8 < bytes.count else { continue }
            switch Int.random(in: 0..<7, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 2:
                let odd: [UInt64] = [
                    0, 1, .max, 1 << 63, 1 << 62, 1 << 32, 1 << 31, UInt64(bytes.count), 64, 9,
                ]
                let value = odd.randomElement(using: &random) ?? 0
                bytes.replaceSubrange(place..<place + 8, with: GGUFBytes.le(value))
            case 3:
                let value = UInt32.random(in: 0...48, using: &random)
                bytes.replaceSubrange(place..<place + 4, with: GGUFBytes.le(value))
            case 4: bytes.removeSubrange(place..<place + Int.random(in: 1...8, using: &random))
            case 5: bytes.insert(contentsOf: bytes[..<8], at: place)
            default: bytes.removeLast(Int.random(in: 0..<bytes.count - 8, using: &random))
            }
        }
        return bytes
    }

    private static func readEverything(_ file: GGUFFile) {
        let metadata = file.metadata
        for key in metadata.entries.map(\.key) {
            _ = try? metadata.integer(key)
            _ = try? metadata.float(key)
            _ = try? metadata.bool(key)
            _ = try? metadata.string(key)
            _ = try? metadata.integers(key)
            _ = try? metadata.floats(key)
            _ = try? metadata.strings(key)
        }
        for tensor in file.tensors {
            _ = try? file.tensors.tensor(named: tensor.name).floats()
            _ = (tensor.rank, tensor.rows, tensor.bytesPerRow)
        }
        _ = CheckpointSummary(file)
        _ = Requantizer.provenance(of: GGUFCheckpoint(file))
        for target in QuantizationTarget.all {
            _ = try? RequantizationPlan(GGUFCheckpoint(file), target: target).tensorBytes
        }
    }
}
