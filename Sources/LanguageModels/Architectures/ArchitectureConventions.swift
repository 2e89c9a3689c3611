import Tensors

/// How checkpoints of one family are written down: names, shapes, keys.
package struct ArchitectureConventions: Sendable {
    /// The epsilon's key in GGUF after the architecture's prefix, and in config.json.
    let epsilonKeys: (gguf: String, huggingFace: String)
    /// The pairs that GGUF's order of the rows of queries and keys makes.
    ///
    /// Hugging Face's order always makes halves.
    let ggufPairing: RotaryPairing
    /// The class in config.json (`LlamaForCausalLM`) and its `model_type`.
    let huggingFaceClass: String
    let modelType: String
    /// What config.json calls the activation function.
    let activation: String
    /// What share of a head turns when config.json does not say.
    let defaultRotaryShare: Double
    /// Switches of config.json that must have this value where they are given, because the
    /// variant they turn on is not supported.
    let fixedSwitches: [String: Bool]
    /// Tensors outside the layers.
    let tensors: [TensorConvention]
    /// Tensors of a layer, without `blk.N.` and `layerPrefix` N.
    let layerTensors: [TensorConvention]
    /// What stands before a layer's number: `model.layers.`.
    let layerPrefix: String
    /// Tensors that some folders hold and no forward pass needs, by the end of their names.
    let ignoredSuffixes: [String]
    /// The layers that PEFT adapts unless told which.
    let adapterTargets: [String]
}

/// A number of rows or columns that follows from the shape.
package enum Extent: Sendable {
    case width, feedForward, vocabulary, queryWidth, keyWidth
    /// Queries, keys and values in one matrix.
    case fusedWidth

    func count(of shape: TransformerShape) -> Int {
        switch self {
        case .width: shape.width
        case .feedForward: shape.feedForward
        case .vocabulary: shape.vocabulary
        case .queryWidth: shape.queryWidth
        case .keyWidth: shape.keyWidth
        case .fusedWidth: shape.queryWidth + 2 * shape.keyWidth
        }
    }
}

/// A weight and its bias: their names in both forms and their shapes.
package struct TensorConvention: Sendable {
    /// The name without `.weight` or `.bias`.
    let gguf: String
    let huggingFace: String
    let rows: Extent
    /// Nil for vectors.
    let columns: Extent?
    let hasBias: Bool

    init(
        _ gguf: String, _ huggingFace: String, _ rows: Extent, by columns: Extent? = nil,
        bias: Bool = false
    ) {
        self.gguf = gguf
        self.huggingFace = huggingFace
        self.rows = rows
        self.columns = columns
        self.hasBias = bias
    }

    /// Innermost first.
    func dimensions(of shape: TransformerShape) -> [Int] {
        ([columns, rows] as [Extent?]).compactMap { $0?.count(of: shape) }
    }
}

extension ArchitectureConventions {
    /// GGUF's name for a tensor of a Hugging Face folder; nil for names that are not known.
    func ggufName(of name: String) -> String? {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard let kind = parts.last, kind == "weight" || kind == "bias" else { return nil }
        let stem = parts.dropLast().joined(separator: ".")
        guard stem.hasPrefix(layerPrefix) else {
            return tensors.first { $0.huggingFace == stem }.map { "\($0.gguf).\(kind)" }
        }
        let rest = stem.dropFirst(layerPrefix.count).split(separator: ".", maxSplits: 1)
        // As written by people and programs: no signs, no leading zeros.
        guard rest.count == 2, let layer = Int(rest[0]), String(layer) == rest[0], layer >= 0,
            let tensor = layerTensors.first(where: { $0.huggingFace == rest[1] })
        else { return nil }
        return "blk.\(layer).\(tensor.gguf).\(kind)"
    }

    /// The name in a Hugging Face folder of a tensor that has this one in GGUF.
    func huggingFaceName(of name: String) -> String {
        let parts = name.split(separator: ".").map(String.init)
        guard parts.count >= 2, let kind = parts.last else { return name }
        if parts.count == 4, parts[0] == "blk",
            let tensor = layerTensors.first(where: { $0.gguf == parts[2] })
        {
            return "\(layerPrefix)\(parts[1]).\(tensor.huggingFace).\(kind)"
        }
        return tensors.first { $0.gguf == parts[0] }.map { "\($0.huggingFace).\(kind)" } ?? name
    }

    /// Every tensor of a model of this shape by GGUF's names, dimensions innermost first.
    ///
    /// Biases that only some models of the family have are among them.
    func tensorShapes(of shape: TransformerShape, isTied: Bool) -> [(name: String, [Int])] {
        func both(_ tensor: TensorConvention, _ prefix: String) -> [(name: String, [Int])] {
            let weight = (prefix + tensor.gguf + ".weight", tensor.dimensions(of: shape))
            let bias = (prefix + tensor.gguf + ".bias", [tensor.rows.count(of: shape)])
            return tensor.hasBias ? [weight, bias] : [weight]
        }
        let layers = (0..<shape.layers).flatMap { layer in
            layerTensors.flatMap { both($0, "blk.\(layer).") }
        }
        let outside = tensors.filter { !(isTied && $0.gguf == "output") }
        return outside.flatMap { both($0, "") } + layers
    }
}
