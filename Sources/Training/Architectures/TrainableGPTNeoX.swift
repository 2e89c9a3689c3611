import Tensors

/// GPT-NeoX: LayerNorm, one matrix for queries, keys and values, GELU; both halves of a layer read
/// the same stream unless the checkpoint says otherwise.
///
/// The fused matrix has one adapter, as in PEFT.
enum TrainableGPTNeoX: TrainableArchitecture {
    static let name = "gptneox"

    static func layer(_ index: Int, from weights: FrozenWeights) throws -> TrainableLayer {
        let prefix = "blk.\(index)."
        let attention = AttentionHalf(
            norm: try weights.norm(prefix + "attn_norm"),
            projections: [try weights.linear(prefix + "attn_qkv")],
            output: try weights.linear(prefix + "attn_output"), shape: weights.attentionShape,
            pairing: .halves)
        let feedForward = PlainFeedForward(
            norm: try weights.norm(prefix + "ffn_norm"),
            up: try weights.linear(prefix + "ffn_up"),
            down: try weights.linear(prefix + "ffn_down"))
        return TrainableLayer(
            attention: attention, feedForward: feedForward,
            isParallel: weights.configuration.hasParallelResidual ?? true)
    }
}
