import Basics
import Tensors
import TestSupport
import Testing

@testable import LanguageModels

/// The reader against facts of the real model file, as gguf-py lists them.
@Suite(.enabled(if: SharedData.smolLM2 != nil, "needs SmolLM2-135M-Instruct.Q4_1.gguf"))
struct GGUFRealFileTests {
    let file: GGUFFile

    init() throws { file = try GGUFFile(path: SharedData.smolLM2 ?? "") }

    @Test func metadata() throws {
        #expect(file.version == 3)
        #expect(file.metadata.entries.count == 33)
        #expect(try file.architecture == "llama")
        #expect(try file.metadata.integer("llama.block_count") == 30)
        #expect(try file.metadata.integers("llama.attention.head_count_kv") == [3])
        #expect(try file.metadata.float("llama.rope.freq_base") == 100_000)
        #expect(
            try file.metadata.float("llama.attention.layer_norm_rms_epsilon")
                == Double(1e-5 as Float))
        #expect(try file.metadata.bool("tokenizer.ggml.add_bos_token") == false)
        let tokens = try file.metadata.strings("tokenizer.ggml.tokens")
        #expect(tokens.count == 49152)
        #expect(tokens[1] == Array("<|im_start|>".utf8))
        #expect(try file.metadata.strings("tokenizer.ggml.merges").count == 48900)
    }

    @Test func tensors() throws {
        #expect(file.tensors.count == 272)
        let embedding = try file.tensors.tensor(
            named: "token_embd.weight", dimensions: [576, 49152])
        #expect(embedding.type.name == "q8_0")
        #expect(embedding.byteRange.lowerBound == 1_785_664)
        let down = try file.tensors.tensor(named: "blk.0.ffn_down.weight")
        #expect(down.dimensions == [1536, 576])
        #expect(down.byteRange == 31_868_992..<32_421_952)
        let norm = try file.tensors.tensor(named: "blk.0.attn_norm.weight").floats()
        #expect(norm.count == 576)
        #expect(norm.allSatisfy { $0.isFinite })
        #expect(file.tensors.last.map(\.byteRange.upperBound) ?? 0 <= file.byteCount)
    }

    @Test func opensQuickly() throws {
        let clock = ContinuousClock()
        let seconds = try clock.measure { _ = try GGUFFile(path: file.path) }
        #expect(seconds < .milliseconds(500), "\(seconds)")
    }
}
