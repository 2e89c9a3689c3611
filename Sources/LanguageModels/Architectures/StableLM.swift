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
        /// Query, key, value: [H * headSize, D], [K * headSize, D] twice.
        let projections: BiasedLinears
        /// [D, H * headSize].
        let output: any DeviceMatrix
        /// [F, D] each.
        let gateAndUp: [any DeviceMatrix]
        /// [D, F].
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
        embedding = try weights.embedding(shape)
        layers = try (0..<shape.layers).map { index in
            let prefix = "blk.\(index)."
            return Layer(
                attentionNorm: try norm(prefix + "attn_norm"),
                feedForwardNorm: try norm(prefix + "ffn_norm"),
                projections: BiasedLinears([
                    try biased(prefix + "attn_q", rows: queryWidth),
                    try biased(prefix + "attn_k", rows: keyWidth),
                    try biased(prefix + "attn_v", rows: keyWidth),
                ]),
                output: try weights.matrix(
                    prefix + "attn_output.weight", rows: d, columns: queryWidth),
                gateAndUp: [
                    try weights.matrix(prefix + "ffn_gate.weight", rows: f, columns: d),
                    try weights.matrix(prefix + "ffn_up.weight", rows: f, columns: d),
                ],
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
        _ pass: Pass, cache: any DeviceCache, workspace w: Workspace
    ) -> any DeviceBuffer {
        var rows = pass.rowCount
        backend.embed(pass.tokens, from: embedding, into: w.stream)
        for (index, layer) in layers.enumerated() {
            layer.attentionNorm(w.stream, into: w.normalized, rows: rows, on: backend)
            layer.projections(w.normalized, into: w.projections, rows: rows, on: backend)
            backend.rotate(
                w.queries, headSize: shape.headSize, positions: pass.positions, angles: w.angles,
                pairing: .halves)
            backend.rotate(
                w.keys, headSize: shape.headSize, positions: pass.positions, angles: w.angles,
                pairing: .halves)
            backend.store(
                keys: w.keys, values: w.values, in: cache, layer: index, slots: pass.slots)
            let isLast = index == layers.count - 1
            if isLast, pass.outputs.isEmpty { return w.normalized }
            backend.attend(
                w.queries, cache: cache, layer: index, sequences: pass.sequences,
                into: w.attended)
            if isLast { rows = w.keep(pass.outputs, on: backend) }
            backend.multiply(layer.output, w.attended, into: w.update, rows: rows)
            backend.add(w.update, to: w.stream, rows: rows)

            layer.feedForwardNorm(w.stream, into: w.normalized, rows: rows, on: backend)
            backend.multiply(layer.gateAndUp, w.normalized, into: w.gateAndUp, rows: rows)
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
        layerPrefix: "model.layers.", ignoredSuffixes: ["rotary_emb.inv_freq"],
        adapterTargets: ["q_proj", "v_proj"])
}
