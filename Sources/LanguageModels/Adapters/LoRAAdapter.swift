/// What a LoRA adapter is apart from its numbers, in PEFT's terms.
package struct LoRAConfiguration: Sendable, Equatable {
    /// r: columns of every B and rows of every A.
    package var rank: Int
    /// lora_alpha.
    package var alpha: Float
    /// lora_dropout: the share of A's input that is left out while training.
    package var dropout: Float
    /// use_rslora: scaling by the root of the rank.
    package var usesRankStabilizedScaling: Bool
    /// Ends of module paths: `q_proj`.
    package var targetModules: [String]

    package init(
        rank: Int, alpha: Float, dropout: Float, usesRankStabilizedScaling: Bool,
        targetModules: [String]
    ) {
        self.rank = rank
        self.alpha = alpha
        self.dropout = dropout
        self.usesRankStabilizedScaling = usesRankStabilizedScaling
        self.targetModules = targetModules
    }

    /// s of y = W x + s B (A x).
    package var scaling: Float {
        alpha / (usesRankStabilizedScaling ? Float(rank).squareRoot() : Float(rank))
    }
}

/// What an adapter adds to one linear layer: s B (A x).
package struct LoRAModule: Sendable, Equatable {
    /// Hugging Face's path of the layer: `model.layers.0.self_attn.q_proj`.
    package let path: String
    /// Columns of A, and of the layer's matrix.
    package let inputs: Int
    /// Rows of B, and of the layer's matrix.
    package let outputs: Int
    /// A: [rank, inputs], row-major.
    package var a: [Float]
    /// B: [outputs, rank], row-major; rows in Hugging Face's order (`AdaptableLinear.rowOrder`).
    package var b: [Float]

    package init(path: String, inputs: Int, outputs: Int, a: [Float], b: [Float]) {
        precondition(
            a.count * outputs == b.count * inputs, "A and B have one rank and the layer's shape")
        self.path = path
        self.inputs = inputs
        self.outputs = outputs
        self.a = a
        self.b = b
    }
}

/// A low-rank addition to some linear layers of a model.
package struct LoRAAdapter: Sendable, Equatable {
    package var configuration: LoRAConfiguration
    /// By layer, and within one in the order of the architecture (`adaptableLinears`).
    package var modules: [LoRAModule]

    package init(configuration: LoRAConfiguration, modules: [LoRAModule]) {
        self.configuration = configuration
        self.modules = modules
    }
}

extension LoRAAdapter {
    /// In a few words: `LoRA of rank 8, alpha 16, on 60 layers: q_proj, v_proj`.
    package var summary: String {
        let alpha = Int(exactly: configuration.alpha).map(String.init) ?? "\(configuration.alpha)"
        return "LoRA of rank \(configuration.rank), alpha \(alpha)"
            + (configuration.usesRankStabilizedScaling ? " over the root of the rank" : "")
            + ", on \(modules.count) layers: "
            + configuration.targetModules.joined(separator: ", ")
    }
}

/// A text to learn from, as tokens.
package struct TrainingExample: Sendable, Equatable {
    package var tokens: [Int32]
    /// Whether the token is one to learn to say; the first never is, for nothing comes before it.
    package var isTarget: [Bool]

    package init(tokens: [Int32], isTarget: [Bool]) {
        precondition(tokens.count == isTarget.count, "a mark for every token")
        self.tokens = tokens
        self.isTarget = isTarget
    }
}
