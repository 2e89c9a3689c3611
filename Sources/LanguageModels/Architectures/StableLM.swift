import Tensors

/// StableLM 2 (`StableLmForCausalLM`).
///
/// LayerNorm with biases before each half of a layer, rotary positions on the first part of each
/// head, biases on queries, keys and values where the file has them, SwiGLU feed-forward.
package final class StableLM: Architecture {
    package static let name = "stablelm"

    package let shape: TransformerShape
    package let head: any DeviceMatrix
    private let backend: any Backend
    private let rotary: RotaryEmbedding
    private let embedding: any DeviceMatrix
    private let layers: [Layer]
    private let outputNorm: LayerNorm

    private struct Layer {
        let attentionNorm: LayerNorm
        let feedForwardNorm: LayerNorm
        /// [H * headSize, D], [K * headSize, D] twice, [D, H * headSize].
        let query: BiasedLinear
        let key: BiasedLinear
        let value: BiasedLinear
        let output: any DeviceMatrix
        /// [F, D], [F, D], [D, F].
        let gate: any DeviceMatrix
        let up: any DeviceMatrix
        let down: any DeviceMatrix
    }

    package init(weights: WeightLoader) throws {
        let configuration = weights.configuration
        if configuration.hasParallelResidual == true {
            throw weights.problem(
                "use_parallel_residual is true: this variant (StableLM 2 12B) is not "
                    + "supported.")
        }
        let shape = configuration.shape
        let (d, f) = (shape.width, shape.feedForward)
        let (queryWidth, keyWidth) = (shape.queryWidth, shape.keyWidth)
        let epsilon = configuration.epsilon
        func norm(_ name: String) throws -> LayerNorm {
            try LayerNorm(name, width: d, epsilon: epsilon, from: weights)
        }
        func biased(_ name: String, rows: Int) throws -> BiasedLinear {
            BiasedLinear(
                weight: try weights.matrix(name + ".weight", rows: rows, columns: d),
                bias: weights.has(name + ".bias")
                    ? try weights.vector(name + ".bias", count: rows) : nil)
        }
        rotary = try weights.rotary()
        embedding = try weights.matrix("token_embd.weight", rows: shape.vocabulary, columns: d)
        layers = try (0..<shape.layers).map { index in
            let prefix = "blk.\(index)."
            return Layer(
                attentionNorm: try norm(prefix + "attn_norm"),
                feedForwardNorm: try norm(prefix + "ffn_norm"),
                query: try biased(prefix + "attn_q", rows: queryWidth),
                key: try biased(prefix + "attn_k", rows: keyWidth),
                value: try biased(prefix + "attn_v", rows: keyWidth),
                output: try weights.matrix(
                    prefix + "attn_output.weight", rows: d, columns: queryWidth),
                gate: try weights.matrix(prefix + "ffn_gate.weight", rows: f, columns: d),
                up: try weights.matrix(prefix + "ffn_up.weight", rows: f, columns: d),
                down: try weights.matrix(prefix + "ffn_down.weight", rows: d, columns: f))
        }
        outputNorm = try norm("output_norm")
        head =
            weights.has("output.weight")
            ? try weights.matrix("output.weight", rows: shape.vocabulary, columns: d) : embedding
        self.shape = shape
        backend = weights.backend
    }

    package func makeWorkspace(rows: Int, capacity: Int) -> Workspace {
        Workspace(
            shape: shape, rows: rows,
            angles: rotary.table(positions: capacity, backend: backend), backend: backend)
    }

    package func forward(
        _ tokens: [Int32], first: Int, cache: any DeviceCache, workspace w: Workspace
    ) -> any DeviceBuffer {
        let rows = tokens.count
        let positions = (0..<rows).map { Int32(first + $0) }
        backend.embed(tokens, from: embedding, into: w.stream)
        for (index, layer) in layers.enumerated() {
            layer.attentionNorm(w.stream, into: w.normalized, rows: rows, on: backend)
            layer.query(w.normalized, into: w.queries, rows: rows, on: backend)
            layer.key(w.normalized, into: w.keys, rows: rows, on: backend)
            layer.value(w.normalized, into: w.values, rows: rows, on: backend)
            for heads in [w.queries, w.keys] {
                backend.rotate(
                    heads, headSize: shape.headSize, positions: positions, angles: w.angles,
                    pairing: .halves)
            }
            backend.store(
                keys: w.keys, values: w.values, in: cache, layer: index, first: first, rows: rows)
            backend.attend(
                w.queries, cache: cache, layer: index, first: first, rows: rows, into: w.attended)
            backend.multiply(layer.output, w.attended, into: w.update, rows: rows)
            backend.add(w.update, to: w.stream, rows: rows)

            layer.feedForwardNorm(w.stream, into: w.normalized, rows: rows, on: backend)
            backend.multiply(layer.gate, w.normalized, into: w.gate, rows: rows)
            backend.multiply(layer.up, w.normalized, into: w.up, rows: rows)
            backend.gate(w.gate, by: w.up, rows: rows)
            backend.multiply(layer.down, w.gate, into: w.update, rows: rows)
            backend.add(w.update, to: w.stream, rows: rows)
        }
        outputNorm(w.stream, into: w.normalized, rows: rows, on: backend)
        return w.normalized
    }
}

// MARK: - Checkpoints

extension StableLM {
    package static let conventions = ArchitectureConventions(
        epsilonKeys: (gguf: "attention.layer_norm_epsilon", huggingFace: "layer_norm_eps"),
        ggufPairing: .halves, huggingFaceClass: "StableLmForCausalLM", modelType: "stablelm",
        activation: "silu", defaultRotaryShare: 0.25,
        fixedSwitches: ["use_parallel_residual": false, "qk_layernorm": false],
        tensors: [
            TensorConvention("token_embd", "model.embed_tokens", .vocabulary, by: .width),
            TensorConvention("output_norm", "model.norm", .width, bias: true),
            TensorConvention("output", "lm_head", .vocabulary, by: .width),
        ],
        layerTensors: [
            TensorConvention("attn_norm", "input_layernorm", .width, bias: true),
            TensorConvention("attn_q", "self_attn.q_proj", .queryWidth, by: .width, bias: true),
            TensorConvention("attn_k", "self_attn.k_proj", .keyWidth, by: .width, bias: true),
            TensorConvention("attn_v", "self_attn.v_proj", .keyWidth, by: .width, bias: true),
            TensorConvention("attn_output", "self_attn.o_proj", .width, by: .queryWidth),
            TensorConvention("ffn_norm", "post_attention_layernorm", .width, bias: true),
            TensorConvention("ffn_gate", "mlp.gate_proj", .feedForward, by: .width),
            TensorConvention("ffn_up", "mlp.up_proj", .feedForward, by: .width),
            TensorConvention("ffn_down", "mlp.down_proj", .width, by: .feedForward),
        ],
        layerPrefix: "model.layers.", ignoredSuffixes: ["rotary_emb.inv_freq"])
}
