import Basics
import Tensors
import Testing

@testable import LanguageModels

/// Typed access to metadata and tensors of a good file.
@Suite struct GGUFAccessTests {
    @Test(arguments: [
        (UInt32(0), [UInt8(200)], 200), (1, [0x80], -128), (2, [0xFF, 0xFF], 65535),
        (3, [0xFE, 0xFF], -2), (4, [0xFF, 0xFF, 0xFF, 0xFF], 4_294_967_295),
        (5, [0xFF, 0xFF, 0xFF, 0xFF], -1), (10, [7, 0, 0, 0, 0, 0, 0, 0], 7),
        (11, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], -1),
    ])
    func integersOfEveryType(type: UInt32, bytes: [UInt8], value: Int) throws {
        var file = GGUFBytes.miniature
        file.pairs[1] = GGUFBytes.pair("n", type, bytes)
        file.pairs[2] = GGUFBytes.pair(
            "list", 9, GGUFBytes.le(type) + GGUFBytes.le(UInt64(2)) + bytes + bytes)
        let metadata = try open(file.bytes).metadata
        #expect(try metadata.integer("n") == value)
        #expect(try metadata.float("n") == Double(value))
        #expect(try metadata.integers("n") == [value])
        #expect(try metadata.integers("list") == [value, value])
        #expect(try metadata.integerIfPresent("other") == nil)
    }

    @Test func otherValues() throws {
        let metadata = try open(GGUFBytes.miniature.bytes).metadata
        #expect(try metadata.string("general.architecture") == "llama")
        #expect(try metadata.float("llama.rope.freq_base") == 10000)
        #expect(try metadata.bool("tokenizer.ggml.add_bos_token"))
        #expect(try metadata.strings("tokenizer.ggml.tokens") == [[0x61], [], [0xFF, 0]])
        #expect(try metadata.floats("tokenizer.ggml.scores") == [0, 0])
        var lengths: [Int] = []
        #expect(try metadata.forEachString("tokenizer.ggml.tokens") { lengths.append($0.count) })
        #expect(lengths == [1, 0, 2])
        #expect(try metadata.forEachString("none") { _ in } == false)
        #expect(metadata.contains("llama.block_count") && !metadata.contains("llama.block"))
    }

    @Test func missingAndMistakenValues() {
        let messages = [
            failure { _ = try $0.integer("llama.context_length") },
            failure { _ = try $0.integer("general.architecture") },
            failure { _ = try $0.integer("tokenizer.ggml.scores") },
            failure { _ = try $0.string("llama.block_count") },
            failure { _ = try $0.strings("general.architecture") },
            failure { _ = try $0.strings("tokenizer.ggml.scores") },
            failure { _ = try $0.floats("llama.rope.freq_base") },
            failure { _ = try $0.float("tokenizer.ggml.add_bos_token") },
            failure { _ = try $0.bool("llama.block_count") },
            failure { _ = try $0.integers("tokenizer.ggml.tokens") },
        ]
        #expect(
            messages == [
                "the metadata has no 'llama.context_length', which this model needs.",
                "metadata 'general.architecture': wanted an integer, found string.",
                "metadata 'tokenizer.ggml.scores': wanted an integer, found array of 2 f32.",
                "metadata 'llama.block_count': wanted a string, found u32.",
                "metadata 'general.architecture': wanted an array of strings, found string.",
                "metadata 'tokenizer.ggml.scores': wanted an array of strings, "
                    + "found array of 2 f32.",
                "metadata 'llama.rope.freq_base': wanted an array of numbers, found f32.",
                "metadata 'tokenizer.ggml.add_bos_token': wanted a number, found bool.",
                "metadata 'llama.block_count': wanted a bool, found u32.",
                "metadata 'tokenizer.ggml.tokens': wanted an array of integers, "
                    + "found array of 3 string.",
            ])
    }

    @Test func integerBeyondInt() throws {
        var file = GGUFBytes.miniature
        file.pairs[1] = GGUFBytes.pair("n", 10, GGUFBytes.le(UInt64.max))
        let metadata = try open(file.bytes).metadata
        let error = #expect(throws: CheckpointError.self) { try metadata.integer("n") }
        #expect(error?.problem == "metadata 'n': 18446744073709551615 is too large.")
    }

    @Test func tensors() throws {
        var file = GGUFBytes.miniature
        file.tensors[1] = GGUFBytes.tensor("two", [256], 23, 32)
        file.tensors[2] = GGUFBytes.tensor("three", [8], 1, 192)
        file.data = [UInt8](repeating: 0, count: 192) + GGUFBytes.le(UInt16(0x3C00))
        file.data += [UInt8](repeating: 0, count: 14)
        let opened = try open(file.bytes)
        let three = try opened.tensors.tensor(named: "three", dimensions: [8])
        #expect(try three.floats() == [1, 0, 0, 0, 0, 0, 0, 0])
        #expect((three.rank, three.rows, three.columns, three.bytesPerRow) == (1, 1, 8, 16))

        // A type that cannot be read is in nobody's way until it is needed.
        let two = try opened.tensors.tensor(named: "two")
        let unsupported = #expect(throws: CheckpointError.self) { try two.floats() }
        #expect(
            unsupported?.problem == "tensor 'two': quantization 'iq4_xs' is not supported yet. "
                + "Available: bf16, f16, f32, q2_k, q3_k, q4_0, q4_1, q4_k, "
                + "q5_0, q5_1, q5_k, q6_k, q8_0.")

        let missing = #expect(throws: CheckpointError.self) {
            try opened.tensors.tensor(named: "thre")
        }
        #expect(
            missing?.problem
                == "there is no tensor 'thre', which this model needs. The nearest is 'three'.")
        let shape = #expect(throws: CheckpointError.self) {
            try opened.tensors.tensor(named: "one", dimensions: [2, 4])
        }
        #expect(
            shape?.description == "mini.gguf: tensor 'one': expected [2, 4], checkpoint has [4, 2]."
        )
        #expect(opened.tensors["four"] == nil)
    }

    @Test func otherAlignment() throws {
        var file = GGUFBytes.miniature
        file.alignment = 8
        file.pairs[1] = GGUFBytes.pair("general.alignment", 4, GGUFBytes.le(UInt32(8)))
        file.tensors[2] = GGUFBytes.tensor("three", [8], 1, 104)
        let opened = try open(file.bytes)
        #expect(opened.alignment == 8)
        #expect(opened.tensors[2].byteRange.lowerBound % 8 == 0)
    }

    @Test func errorsCanLeaveTheFoldersOut() {
        let error = CheckpointError(file: "/somewhere/private/m.gguf", "bad.")
        #expect(error.description == "/somewhere/private/m.gguf: bad.")
        #expect(error.descriptionWithoutFolders == "m.gguf: bad.")
    }

    private func failure(_ access: (GGUFMetadata) throws -> Void) -> String {
        do {
            try access(open(GGUFBytes.miniature.bytes).metadata)
            return "no error"
        } catch let error as CheckpointError {
            return error.problem
        } catch {
            return "\(error)"
        }
    }
}
