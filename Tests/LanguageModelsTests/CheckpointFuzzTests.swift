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

/// Mutated configurations, weights, indices and split sets: whatever they hold, the readers throw
/// or work; they never trap.
///
/// `BILLION_FUZZ_COUNT=1000000` runs so many of each.
@Suite struct CheckpointFuzzTests {
    private static let count =
        ProcessInfo.processInfo.environment["BILLION_FUZZ_COUNT"].flatMap { Int($0) } ?? 10_000

    private static func bytes(_ name: String) throws -> [UInt8] {
        try FileSystem.read(Fixtures.path("checkpoints/\(name)"))
    }

    /// Runs `read` on mutations of the seeds; some must be accepted and some refused.
    private func fuzz(
        _ seeds: [[UInt8]], limit: Int = .max, _ read: (MappedFile, _ seed: Int) throws -> Void
    ) {
        var random = SeededGenerator(seed: 3)
        var accepted = 0
        for index in 0..<Self.count {
            let seed = index % seeds.count
            let bytes = Self.mutated(seeds[seed], limit: limit, &random)
            do {
                try read(MappedFile(bytes: bytes, name: "mutated"), seed)
                accepted += 1
            } catch {
                #expect(error is CheckpointError, "\(error)")
            }
        }
        #expect(accepted > Self.count / 200)
        #expect(accepted < Self.count * 99 / 100)
    }

    private static let words = [
        "-1", "0", "1", "1e400", "9223372036854775807", "9223372036854775808", "null", "true",
        "\"\"", "[]", "{}", "{\"a\":", "[[[[", "\\ud800", "../", "1.5", "48", "96", "\"F64\"",
        "4294967296", "99999999999999999999999", ",", "}", "\u{0}", "é",
    ]

    private static func mutated(
        _ seed: [UInt8], limit: Int, _ random: inout SeededGenerator
    ) -> [UInt8] {
        var bytes = seed
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            guard bytes.count > 20 else { break }
            let place = Int.random(in: 0..<min(bytes.count - 10, limit), using: &random)
            switch Int.random(in: 0..<7, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 2, 3:
                // A number or a word takes the place of one.
                let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
                let start = bytes[place...].firstIndex(where: digits.contains) ?? place
                let end = bytes[start...].firstIndex { !digits.contains($0) } ?? start
                let word = words.randomElement(using: &random) ?? ""
                bytes.replaceSubrange(start..<end, with: Array(word.utf8))
            case 4: bytes.removeSubrange(place..<place + Int.random(in: 1...8, using: &random))
            case 5:
                let other = Int.random(in: 0..<bytes.count - 10, using: &random)
                bytes.insert(contentsOf: bytes[other..<other + 8], at: place)
            default: bytes.removeLast(Int.random(in: 0..<bytes.count - 8, using: &random))
            }
        }
        return bytes
    }

    @Test func configurations() throws {
        let seeds = try CheckpointTests.names.map { try Self.bytes("\($0)/hf/config.json") }
        fuzz(seeds) { file, _ in
            let configuration = try HuggingFaceConfiguration(JSONFields(file))
            let rotary = configuration.model.rotary
            guard rotary.dimensions <= 1 << 16 else { return }
            _ = RotaryEmbedding(rotary).frequencies
        }
    }

    @Test func weights() throws {
        let names = ["stablelm", "gptneox", "llama-old"]
        let configurations = try names.map {
            try HuggingFaceConfiguration(
                JSONFields(path: Fixtures.path("checkpoints/\($0)/hf/config.json")))
        }
        // The header and a little data: what lies in it does not matter to the reader.
        let seeds = try names.map { try Self.bytes("\($0)/hf/model.safetensors") }
        fuzz(seeds, limit: 3000) { file, seed in
            let file = try SafetensorsFile(file)
            let table = try FolderCheckpoint.table([file], configurations[seed], path: "mutated")
            for tensor in table {
                _ = try tensor.hostMatrix()
                _ = try tensor.floats()
            }
        }
    }

    @Test func indices() throws {
        let seed = try Self.bytes("llama-scaled/hf/model.safetensors.index.json")
        let shards = try (1...3).map { "model-0000\($0)-of-00003.safetensors" }.map {
            ($0, try SafetensorsFile(path: Fixtures.path("checkpoints/llama-scaled/hf/\($0)")))
        }
        let files = Dictionary(uniqueKeysWithValues: shards)
        fuzz([seed]) { file, _ in try SafetensorsIndex(file).check(files) }
    }

    @Test func splits() throws {
        let names = (1...3).map { "model-0000\($0)-of-00003.gguf" }
        let parts = try names.map { try Self.bytes("llama-scaled/gguf/\($0)") }
        let good = try names.map {
            try GGUFFile(path: Fixtures.path("checkpoints/llama-scaled/gguf/\($0)"))
        }
        fuzz(parts, limit: 900) { file, seed in
            var files = good
            files[seed] = try GGUFFile(file)
            try GGUFShards.check(files)
            let table = TensorTable(files.flatMap { Array($0.tensors) }, of: "mutated")
            let configuration = try? ModelConfiguration(gguf: files[0], tensors: table)
            _ = configuration?.shape
        }
    }
}
