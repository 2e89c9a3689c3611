import Tensors

/// GPT-NeoX, of which the Pythia models are (`GPTNeoXForCausalLM`).
///
/// LayerNorm, biases on every matrix of a layer, rotary positions on the first part of each head,
/// a GELU feed-forward, and (in Pythia) both halves of a layer reading the same stream:
/// x + attention(norm1 x) + feedForward(norm2 x).
package final class GPTNeoX: Architecture {
    package static let name = "gptneox"

    package let shape: TransformerShape
    package let head: any DeviceMatrix
    private let backend: any Backend
    private let isParallel: Bool
    private let rotary: RotaryEmbedding
    private let embedding: any DeviceMatrix
    private let layers: [Layer]
    private let outputNorm: LayerNorm

    private struct Layer {
        let attentionNorm: LayerNorm
        let feedForwardNorm: LayerNorm
        /// [D, D] each; the file stacks all queries, all keys, all values.
        let projections: BiasedLinears
        let output: BiasedLinear
        /// [F, D], [D, F].
        let up: BiasedLinear
        let down: BiasedLinear
    }

    package init(weights: WeightLoader) throws {
        let configuration = weights.configuration
        let shape = configuration.shape
        guard shape.keyValueHeads == shape.heads else {
            throw weights.problem(
                "gptneox with \(shape.keyValueHeads) key/value heads for \(shape.heads) heads; "
                    + "wanted as many.")
        }
        let (d, f) = (shape.width, shape.feedForward)
        let epsilon = configuration.epsilon
        isParallel = configuration.hasParallelResidual ?? true
        func norm(_ name: String) throws -> LayerNorm {
            try LayerNorm(name, width: d, epsilon: epsilon, from: weights)
        }
        func biased(_ name: String, rows: Int, columns: Int) throws -> BiasedLinear {
            BiasedLinear(
                weight: try weights.matrix(name + ".weight", rows: rows, columns: columns),
                bias: try weights.vector(name + ".bias", count: rows))
        }
        rotary = try weights.rotary()
        embedding = try weights.embedding(shape)
        layers = try (0..<shape.layers).map { index in
            let prefix = "blk.\(index)."
            let parts = [shape.queryWidth, shape.queryWidth, shape.queryWidth]
            let fused = zip(
                try weights.matrices(prefix + "attn_qkv.weight", rows: parts, columns: d),
                try weights.vectors(prefix + "attn_qkv.bias", counts: parts)
            ).map { BiasedLinear(weight: $0, bias: $1) }
            return Layer(
                attentionNorm: try norm(prefix + "attn_norm"),
                feedForwardNorm: try norm(prefix + "ffn_norm"),
                projections: BiasedLinears(fused),
                output: try biased(prefix + "attn_output", rows: d, columns: shape.queryWidth),
                up: try biased(prefix + "ffn_up", rows: f, columns: d),
                down: try biased(prefix + "ffn_down", rows: d, columns: f))
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
            layer.output(w.attended, into: w.update, rows: rows, on: backend)

            // In parallel the second half reads the stream as the first one found it.
            if isParallel {
                layer.feedForwardNorm(w.stream, into: w.normalized, rows: rows, on: backend)
                backend.add(w.update, to: w.stream, rows: rows)
            } else {
                backend.add(w.update, to: w.stream, rows: rows)
                layer.feedForwardNorm(w.stream, into: w.normalized, rows: rows, on: backend)
            }
            layer.up(w.normalized, into: w.up, rows: rows, on: backend)
            backend.gelu(w.up, rows: rows)
            layer.down(w.up, into: w.update, rows: rows, on: backend)
            backend.add(w.update, to: w.stream, rows: rows)
        }
        outputNorm(w.stream, into: w.normalized, rows: rows, on: backend)
        return w.normalized
    }
}

// MARK: - Checkpoints

extension GPTNeoX {
    package static let conventions = ArchitectureConventions(
        epsilonKeys: (gguf: "attention.layer_norm_epsilon", huggingFace: "layer_norm_eps"),
        ggufPairing: .halves, huggingFaceClass: "GPTNeoXForCausalLM", modelType: "gpt_neox",
        activation: "gelu", defaultRotaryShare: 0.25, fixedSwitches: ["attention_bias": true],
        tensors: [
            TensorConvention("token_embd", "gpt_neox.embed_in", .vocabulary, by: .width),
            TensorConvention("output_norm", "gpt_neox.final_layer_norm", .width, bias: true),
            TensorConvention("output", "embed_out", .vocabulary, by: .width),
        ],
        layerTensors: [
            TensorConvention("attn_norm", "input_layernorm", .width, bias: true),
            TensorConvention(
                "attn_qkv", "attention.query_key_value", .fusedWidth, by: .width, bias: true),
            TensorConvention(
                "attn_output", "attention.dense", .width, by: .queryWidth, bias: true),
            TensorConvention("ffn_norm", "post_attention_layernorm", .width, bias: true),
            TensorConvention("ffn_up", "mlp.dense_h_to_4h", .feedForward, by: .width, bias: true),
            TensorConvention(
                "ffn_down", "mlp.dense_4h_to_h", .width, by: .feedForward, bias: true),
        ],
        layerPrefix: "gpt_neox.layers.",
        // Masks and tables that older versions of the library saved.
        ignoredSuffixes: ["attention.bias", "attention.masked_bias", "rotary_emb.inv_freq"],
        adapterTargets: ["query_key_value"])
}
