import Tensors

/// The llama family: RMSNorm, grouped-query attention, SwiGLU.
enum TrainableLlama: TrainableArchitecture {
    static let name = "llama"

    static func layer(_ index: Int, from weights: FrozenWeights) throws -> TrainableLayer {
        try gatedLayer(index, from: weights)
    }

    /// Three projections, then SwiGLU; norms and biases are those that the checkpoint has.
    static func gatedLayer(_ index: Int, from weights: FrozenWeights) throws -> TrainableLayer {
        let prefix = "blk.\(index)."
        let attention = AttentionHalf(
            norm: try weights.norm(prefix + "attn_norm"),
            projections: try ["attn_q", "attn_k", "attn_v"].map {
                try weights.linear(prefix + $0)
            },
            output: try weights.linear(prefix + "attn_output"), shape: weights.attentionShape,
            pairing: weights.configuration.rotary.pairing)
        let feedForward = GatedFeedForward(
            norm: try weights.norm(prefix + "ffn_norm"),
            gate: try weights.linear(prefix + "ffn_gate"),
            up: try weights.linear(prefix + "ffn_up"),
            down: try weights.linear(prefix + "ffn_down"))
        return TrainableLayer(attention: attention, feedForward: feedForward)
    }
}

/// StableLM 2: as llama, with LayerNorm and biases on queries, keys and values.
enum TrainableStableLM: TrainableArchitecture {
    static let name = "stablelm"

    static func layer(_ index: Int, from weights: FrozenWeights) throws -> TrainableLayer {
        try TrainableLlama.gatedLayer(index, from: weights)
    }
}
