import Basics
import Tensors
import TestSupport
import Testing

@testable import LanguageModels

/// Which tensor takes which type, and what the new file holds.
@Suite struct GGUFRequantizerTests {
    /// A model of odd shapes, written as F32 or in another type where `types` says so.
    private func model(
        _ shapes: [(String, [Int])], types: [String: String] = [:], in folder: TemporaryFolder,
        values: [String: [Float]] = [:], metadata: [(String, GGUFValue)] = []
    ) throws -> GGUFFile {
        let tensors = shapes.map { name, dimensions in
            let type = GGMLType.all.first { $0.name == types[name] ?? "f32" }!
            return GGUFWriter.Tensor(name: name, dimensions: dimensions, type: type)
        }
        let path = folder["in.gguf"]
        let writer = try GGUFWriter(
            path: path, metadata: [("general.architecture", .string("llama"))] + metadata,
            tensors: tensors)
        var random = SeededGenerator(seed: 5)
        for tensor in tensors {
            let format = try QuantizationRegistry.format(named: tensor.type.name)
            let count = tensor.dimensions.reduce(1, *)
            let numbers =
                values[tensor.name]
                ?? (0..<count).map { _ in Float.random(in: -1...1, using: &random) }
            var bytes = [UInt8](repeating: 0, count: tensor.byteCount)
            format.quantize(numbers, count: count, into: &bytes)
            try bytes.withUnsafeBytes { try writer.append($0) }
        }
        try writer.finish()
        return try GGUFFile(path: path)
    }

    private static let shapes: [(String, [Int])] = [
        ("token_embd.weight", [256, 40]), ("output.weight", [256, 40]),
        ("output_norm.weight", [256]), ("rope_freqs.weight", [32]),
        ("blk.0.attn_q.weight", [256, 32]), ("blk.0.attn_q.bias", [256]),
        ("blk.0.attn_norm.weight", [256, 2]), ("blk.0.ffn_down.weight", [96, 256]),
        ("blk.0.ffn_up.weight", [40, 96]), ("blk.0.ffn_gate_inp.weight", [256, 4]),
        ("blk.0.ffn_up_exps.weight", [64, 4, 3]), ("blk.0.column.weight", [256, 1]),
    ]

    /// The types `llama-quantize` gives these shapes; untied, so the embedding is like any other.
    @Test(arguments: [
        ("f32", "f32 f32 f32 f32 f32 f32 f32 f32 f32 f32 f32 f32"),
        ("f16", "f16 f16 f32 f32 f16 f32 f32 f16 f16 f32 f16 f32"),
        ("bf16", "bf16 bf16 f32 f32 bf16 f32 f32 bf16 bf16 f32 bf16 f32"),
        ("q8_0", "q8_0 q8_0 f32 f32 q8_0 f32 f32 q8_0 f16 f32 q8_0 f32"),
        ("q4_0", "q4_0 q6_k f32 f32 q4_0 f32 f32 q4_0 f16 f32 q4_0 f32"),
        ("q4_1", "q4_1 q6_k f32 f32 q4_1 f32 f32 q4_1 f16 f32 q4_1 f32"),
        ("q5_0", "q5_0 q6_k f32 f32 q5_0 f32 f32 q5_0 f16 f32 q5_0 f32"),
        ("q5_1", "q5_1 q6_k f32 f32 q5_1 f32 f32 q5_1 f16 f32 q5_1 f32"),
        ("q6_k", "q6_k q6_k f32 f32 q6_k f32 f32 q8_0 f16 f32 q8_0 f32"),
        ("q4_k", "q4_k q6_k f32 f32 q4_k f32 f32 q5_0 f16 f32 q5_0 f32"),
        ("q5_k", "q5_k q6_k f32 f32 q5_k f32 f32 q5_1 f16 f32 q5_1 f32"),
        ("q4_k_m", "q4_k q6_k f32 f32 q4_k f32 f32 q8_0 f16 f32 q5_0 f32"),
        ("q5_k_m", "q5_k q6_k f32 f32 q5_k f32 f32 q8_0 f16 f32 q5_1 f32"),
        ("q4_k_s", "q4_k q6_k f32 f32 q4_k f32 f32 q5_0 f16 f32 q5_0 f32"),
    ])
    func untiedTypes(name: String, types: String) throws {
        let folder = try TemporaryFolder()
        let file = try model(Self.shapes, in: folder)
        let plan = try RequantizationPlan(GGUFCheckpoint(file), target: .named(name))
        #expect(plan.steps.map(\.output.type.name).joined(separator: " ") == types)
    }

    /// Without an output matrix the embedding takes its rule, Q8_0 where Q6_K does not fit.
    @Test(arguments: [
        ("q4_0", 256, "q6_k"), ("q4_0", 576, "q8_0"), ("q4_0", 48, "f16"), ("q8_0", 256, "q8_0"),
        ("q5_1", 576, "q8_0"), ("q4_k_m", 256, "q6_k"), ("q5_k_m", 576, "q8_0"),
        ("q6_k", 576, "q8_0"), ("q6_k", 48, "f16"), ("bf16", 48, "bf16"),
    ])
    func tiedEmbedding(name: String, width: Int, type: String) throws {
        let folder = try TemporaryFolder()
        let file = try model([("token_embd.weight", [width, 8])], in: folder)
        let plan = try RequantizationPlan(GGUFCheckpoint(file), target: .named(name))
        #expect(plan.steps[0].output.type.name == type)
    }

    /// Which layers the mixes favour, as `llama-quantize` chose for models of 12 and of 9 layers.
    ///
    /// Fused matrices count as values. The file's order does not matter.
    @Test(arguments: [
        ("q4_k_m", "attn_v", 9, "644644666"),
        ("q4_k_m", "attn_qkv", 12, "644644644666"),
        ("q4_k_s", "attn_v", 12, "555544444444"),
        ("q4_k_s", "ffn_down", 12, "544444444444"),
        ("q5_k_m", "ffn_down", 12, "655655655666"),
        ("q4_k", "ffn_down", 12, "444444444444"),
    ])
    func favouredLayers(name: String, kind: String, layers: Int, bits: String) throws {
        let folder = try TemporaryFolder()
        let shapes = (0..<layers).reversed().flatMap { layer in
            [("blk.\(layer).\(kind).weight", [256, 2]), ("blk.\(layer).attn_q.weight", [256, 2])]
        }
        let count = GGUFValue.uint32(UInt32(layers))
        let file = try model(shapes, in: folder, metadata: [("llama.block_count", count)])
        let plan = try RequantizationPlan(GGUFCheckpoint(file), target: .named(name))
        var types: [String: String] = [:]
        for step in plan.steps { types[step.output.name] = step.output.type.name }
        let found = (0..<layers).map {
            types["blk.\($0).\(kind).weight"]?.dropFirst().prefix(1) ?? "?"
        }
        #expect(found.joined() == bits)
    }

    @Test func namesOfTargets() {
        #expect(QuantizationTarget.names == QuantizationTarget.names.sorted())
        #expect(!QuantizationTarget.names.contains("q2_k"))
        let readOnly = #expect(throws: QuantizationError.self) {
            try QuantizationTarget.named("q3_k")
        }
        #expect(
            readOnly?.description == "quantization 'q3_k' can be read but not written. Available: "
                + "bf16, f16, f32, q4_0, q4_1, q4_k, q4_k_m, q4_k_s, q5_0, q5_1, q5_k, q5_k_m, "
                + "q6_k, q8_0.")
        let slip = #expect(throws: QuantizationError.self) {
            try QuantizationTarget.named("q4_k_n")
        }
        #expect(slip?.description == "unknown quantization 'q4_k_n'. Did you mean 'q4_k_m'?")
    }

    @Test func newFileHoldsTheQuantizedNumbers() throws {
        let folder = try TemporaryFolder()
        let metadata: [(String, GGUFValue)] = [
            ("general.file_type", .uint32(0)), ("tokenizer.ggml.tokens", .strings([[1], [2]])),
            ("llama.rope.freq_base", .float32(1e5)),
        ]
        let input = try model(Self.shapes, in: folder, metadata: metadata)
        let path = folder["out.gguf"]
        var heard: [Int] = []
        var total = 0
        try Requantizer(GGUFCheckpoint(input), to: QuantizationTarget(Q4_0.self)).write(to: path) {
            done, all in
            heard.append(done)
            total = all
        }
        #expect(heard == heard.sorted() && heard.first == 0 && heard.last == total)
        let output = try GGUFFile(path: path)
        #expect(
            output.metadata.entries.map(\.key) == [
                "general.architecture", "general.file_type", "tokenizer.ggml.tokens",
                "llama.rope.freq_base", "general.quantization_version", "billion.provenance",
            ])
        #expect(try output.metadata.integer("general.file_type") == 2)
        #expect(try output.metadata.string("billion.provenance") == "quantized from f32")
        #expect(try output.metadata.strings("tokenizer.ggml.tokens") == [[1], [2]])
        for (old, new) in zip(input.tensors, output.tensors) {
            #expect(old.name == new.name && old.dimensions == new.dimensions)
            let format = try QuantizationRegistry.format(named: new.type.name)
            let values = try old.floats()
            var bytes = [UInt8](repeating: 0, count: format.byteCount(elements: values.count))
            format.quantize(values, count: values.count, into: &bytes)
            #expect(new.withBytes { Array($0) } == bytes, "\(new.name)")
        }
    }

    /// The result does not depend on threads nor on how rows are grouped.
    @Test func threadsDoNotMatter() throws {
        let folder = try TemporaryFolder()
        let shapes = [("token_embd.weight", [96, 30_000]), ("blk.0.ffn_up.weight", [300_000, 2])]
        let input = try model(shapes, in: folder)
        var files: [[UInt8]] = []
        for threads in [1, 3] {
            let path = folder["\(threads).gguf"]
            try Requantizer(
                GGUFCheckpoint(input), to: QuantizationTarget(Q8_0.self), threads: threads
            ).write(
                to: path)
            files.append(try MappedFile(path: path).withBytes { Array($0) })
        }
        #expect(files[0] == files[1])
    }

    @Test func sameTypeIsCopied() throws {
        let folder = try TemporaryFolder()
        let shapes = [("token_embd.weight", [64, 4]), ("blk.0.attn_q.weight", [64, 4])]
        let types = ["token_embd.weight": "q8_0", "blk.0.attn_q.weight": "q4_1"]
        let input = try model(shapes, types: types, in: folder)
        #expect(
            try RequantizationPlan(GGUFCheckpoint(input), target: QuantizationTarget(Q4_1.self))
                .changesNothing)
        #expect(
            try !RequantizationPlan(GGUFCheckpoint(input), target: QuantizationTarget(Q4_0.self))
                .changesNothing)
        #expect(input.tensors.dominantType?.name == "q4_1")
    }

    @Test func provenanceTellsTheWholeStory() throws {
        let folder = try TemporaryFolder()
        let shapes = [("blk.0.attn_q.weight", [64, 4])]
        let input = try model(shapes, types: ["blk.0.attn_q.weight": "q4_1"], in: folder)
        #expect(Requantizer.provenance(of: GGUFCheckpoint(input)) == "requantized from q4_1")
        try Requantizer(GGUFCheckpoint(input), to: QuantizationTarget(F16.self)).write(
            to: folder["half.gguf"])
        let half = try GGUFFile(path: folder["half.gguf"])
        #expect(
            Requantizer.provenance(of: GGUFCheckpoint(half))
                == "quantized from f16, requantized from q4_1")
    }

    @Test(arguments: [
        ("q8_0", Float.nan, "is nan"), ("f16", Float.infinity, "is inf"),
        ("q4_0", -Float.infinity, "is -inf"), ("f16", 70000, "is 70000.0, too large for f16"),
        ("q8_0", -1e30, "is -1e+30, too large for q8_0"),
    ])
    func numbersThatCannotBeStored(name: String, value: Float, words: String) throws {
        let folder = try TemporaryFolder()
        var values = [Float](repeating: 0.5, count: 64 * 6)
        values[64 * 3 + 17] = value
        let input = try model(
            [("blk.0.attn_q.weight", [64, 6])], in: folder, values: ["blk.0.attn_q.weight": values])
        let target = try QuantizationTarget.named(name)
        for threads in [1, 2] {
            let error = #expect(throws: CheckpointError.self) {
                try Requantizer(GGUFCheckpoint(input), to: target, threads: threads).write(
                    to: folder["out.gguf"])
            }
            #expect(
                error?.problem == "tensor 'blk.0.attn_q.weight': row 3, column 17 \(words); "
                    + "it cannot be quantized.")
        }
        #expect(try FileSystem.names(in: folder.path) == ["in.gguf"])
    }

    @Test func unsupportedSource() throws {
        var file = GGUFBytes.miniature
        file.tensors = [GGUFBytes.tensor("blk.0.attn_q.weight", [256, 1], 23, 0)]
        file.tensors.append(GGUFBytes.tensor("blk.0.attn_k.weight", [256, 2], 19, 160))
        file.data = [UInt8](repeating: 0, count: 400)
        let input = try open(file.bytes)
        let error = #expect(throws: CheckpointError.self) {
            try Requantizer(GGUFCheckpoint(input), to: QuantizationTarget(Q8_0.self))
        }
        #expect(
            error?.problem
                == "tensor 'blk.0.attn_k.weight': quantization 'iq1_s' is not supported yet."
                + " Available: bf16, f16, f32, q2_k, q3_k, q4_0, q4_1, q4_k, q5_0, q5_1, q5_k, "
                + "q6_k, q8_0.")
    }

    /// Types and sizes that llama-quantize of October 2026 gives SmolLM2.
    @Test(
        .enabled(if: SharedData.smolLM2 != nil, "needs SmolLM2-135M-Instruct.Q4_1.gguf"),
        arguments: [
            ("f32", ["f32": 272], 538_060_032), ("f16", ["f32": 61, "f16": 211], 269_100_288),
            ("q8_0", ["f32": 61, "q8_0": 211], 143_025_408),
            ("q4_0", ["f32": 61, "q4_0": 210, "q8_0": 1], 89_941_248),
            ("q6_k", ["f32": 61, "q6_k": 30, "q8_0": 181], 136_597_248),
            (
                "q4_k_m", ["f32": 61, "q4_k": 16, "q5_0": 166, "q6_k": 14, "q8_0": 15],
                103_668_480
            ),
            (
                "q4_k_s", ["f32": 61, "q4_k": 27, "q5_0": 176, "q5_1": 4, "q5_k": 3, "q8_0": 1],
                100_253_952
            ),
            (
                "q5_k_m", ["f32": 61, "q5_1": 166, "q5_k": 16, "q6_k": 14, "q8_0": 15],
                110_317_824
            ),
        ])
    func realModel(name: String, types: [String: Int], bytes: Int) throws {
        let file = try GGUFFile(path: SharedData.smolLM2 ?? "")
        let plan = try RequantizationPlan(GGUFCheckpoint(file), target: .named(name))
        let found = Dictionary(grouping: plan.steps, by: \.output.type.name).mapValues(\.count)
        #expect(found == types)
        #expect(plan.tensorBytes == bytes)
    }

    @Test(.enabled(if: SharedData.smolLM2 != nil, "needs SmolLM2-135M-Instruct.Q4_1.gguf"))
    func summaryOfTheRealModel() throws {
        let summary = CheckpointSummary(try GGUFFile(path: SharedData.smolLM2 ?? ""))
        #expect(summary.architecture == "llama")
        #expect(summary.parameterCount == 134_515_008)
        #expect(summary.weightsBytes == 96_576_768)
        #expect(summary.types.map(\.type) == ["q4_1", "q8_0", "f32"])
        #expect(summary.types.map(\.tensors) == [210, 1, 61])
        #expect(summary.dominantType == "q4_1")
        #expect((summary.blockCount, summary.contextLength, summary.headCountKV) == (30, 8192, 3))
        #expect((summary.tokenizerModel, summary.tokenizerPre) == ("gpt2", "smollm"))
        #expect((summary.vocabularySize, summary.hasChatTemplate) == (49152, true))
        #expect(try JSON.decode(CheckpointSummary.self, from: JSON.text(summary)) == summary)
    }
}
