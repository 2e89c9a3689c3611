import Tensors

/// The llama family: TinyLlama, Llama 2 and 3, SmolLM2 (`LlamaForCausalLM`).
///
/// RMSNorm before each half of a layer, grouped-query attention with rotary positions, SwiGLU
/// feed-forward, no biases; the output matrix may be the embedding's (tied).
package final class Llama: Architecture {
    package static let name = "llama"

    package let shape: TransformerShape
    package let head: any DeviceMatrix
    private let backend: any Backend
    private let epsilon: Float
    private let rotary: RotaryEmbedding
    private let embedding: any DeviceMatrix
    private let layers: [Layer]
    private let outputNorm: any DeviceBuffer

    private struct Layer {
        /// [1, D] each.
        let attentionNorm: any DeviceBuffer
        let feedForwardNorm: any DeviceBuffer
        /// Query, key, value: [H * headSize, D], [K * headSize, D] twice.
        let projections: [any DeviceMatrix]
        /// [D, H * headSize].
        let output: any DeviceMatrix
        /// [F, D] each.
        let gateAndUp: [any DeviceMatrix]
        /// [D, F].
        let down: any DeviceMatrix
    }

    package init(weights: WeightLoader) throws {
        let configuration = weights.configuration
        let shape = configuration.shape
        let (d, f) = (shape.width, shape.feedForward)
        let (queryWidth, keyWidth) = (shape.queryWidth, shape.keyWidth)

        epsilon = configuration.epsilon
        rotary = try weights.rotary()
        embedding = try weights.embedding(shape)
        layers = try (0..<shape.layers).map { index in
            let prefix = "blk.\(index)."
            return Layer(
                attentionNorm: try weights.vector(prefix + "attn_norm.weight", count: d),
                feedForwardNorm: try weights.vector(prefix + "ffn_norm.weight", count: d),
                projections: [
                    try weights.matrix(prefix + "attn_q.weight", rows: queryWidth, columns: d),
                    try weights.matrix(prefix + "attn_k.weight", rows: keyWidth, columns: d),
                    try weights.matrix(prefix + "attn_v.weight", rows: keyWidth, columns: d),
                ],
                output: try weights.matrix(
                    prefix + "attn_output.weight", rows: d, columns: queryWidth),
                gateAndUp: [
                    try weights.matrix(prefix + "ffn_gate.weight", rows: f, columns: d),
                    try weights.matrix(prefix + "ffn_up.weight", rows: f, columns: d),
                ],
                down: try weights.matrix(prefix + "ffn_down.weight", rows: d, columns: f))
        }
        outputNorm = try weights.vector("output_norm.weight", count: d)
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
            backend.normalize(
                w.stream, weight: layer.attentionNorm, epsilon: epsilon, into: w.normalized,
                rows: rows)
            backend.multiply(layer.projections, w.normalized, into: w.projections, rows: rows)
            backend.rotate(
                w.queries, headSize: shape.headSize, positions: pass.positions, angles: w.angles,
                pairing: rotary.pairing)
            backend.rotate(
                w.keys, headSize: shape.headSize, positions: pass.positions, angles: w.angles,
                pairing: rotary.pairing)
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

            backend.normalize(
                w.stream, weight: layer.feedForwardNorm, epsilon: epsilon, into: w.normalized,
                rows: rows)
            backend.multiply(layer.gateAndUp, w.normalized, into: w.gateAndUp, rows: rows)
            backend.gate(w.gate, by: w.up, rows: rows)
            backend.multiply(layer.down, w.gate, into: w.update, rows: rows)
            backend.add(w.update, to: w.stream, rows: rows)
        }
        backend.normalize(
            w.stream, weight: outputNorm, epsilon: epsilon, into: w.normalized, rows: rows)
        return w.normalized
    }
}

// MARK: - Checkpoints

extension Llama {
    package static let conventions = ArchitectureConventions(
        epsilonKeys: (gguf: "attention.layer_norm_rms_epsilon", huggingFace: "rms_norm_eps"),
        ggufPairing: .interleaved, huggingFaceClass: "LlamaForCausalLM", modelType: "llama",
        activation: "silu", defaultRotaryShare: 1,
        fixedSwitches: ["attention_bias": false, "mlp_bias": false],
        tensors: [
            TensorConvention("token_embd", "model.embed_tokens", .vocabulary, by: .width),
            TensorConvention("output_norm", "model.norm", .width),
            TensorConvention("output", "lm_head", .vocabulary, by: .width),
        ],
        layerTensors: [
            TensorConvention("attn_norm", "input_layernorm", .width),
            TensorConvention("attn_q", "self_attn.q_proj", .queryWidth, by: .width),
            TensorConvention("attn_k", "self_attn.k_proj", .keyWidth, by: .width),
            TensorConvention("attn_v", "self_attn.v_proj", .keyWidth, by: .width),
            TensorConvention("attn_output", "self_attn.o_proj", .width, by: .queryWidth),
            TensorConvention("ffn_norm", "post_attention_layernorm", .width),
            TensorConvention("ffn_gate", "mlp.gate_proj", .feedForward, by: .width),
            TensorConvention("ffn_up", "mlp.up_proj", .feedForward, by: .width),
            TensorConvention("ffn_down", "mlp.down_proj", .width, by: .feedForward),
        ],
        layerPrefix: "model.layers.", ignoredSuffixes: ["rotary_emb.inv_freq"],
        adapterTargets: ["q_proj", "v_proj"])
}
