import Tensors

extension ModelConfiguration {
    /// What the metadata of a GGUF file says.
    ///
    /// V is taken from the embedding: keys with the size of the vocabulary are not in every file.
    ///
    /// - Parameter tensors: of all files, when `file` is the first of several.
    init(gguf file: GGUFFile, tensors: TensorTable) throws {
        let architecture = try file.architecture
        let conventions = ArchitectureRegistry.architecture(named: architecture)?.conventions
        let source = GGUFConfigurationSource(
            metadata: file.metadata, file: file.path, prefix: architecture)
        let shape = try source.shape(
            vocabulary: tensors.tensor(named: "token_embd.weight").rows)
        if let valueLength = try file.metadata.integerIfPresent(
            "\(architecture).attention.value_length"), valueLength != shape.headSize
        {
            throw source.problem(
                "keys of \(shape.headSize) and values of \(valueLength) elements a head differ, "
                    + "which is not supported.")
        }
        let epsilonKey = conventions?.epsilonKeys.gguf ?? "attention.layer_norm_epsilon"
        self.init(
            architecture: architecture, shape: shape,
            epsilon: Float(try file.metadata.float("\(architecture).\(epsilonKey)")),
            rotary: RotaryConfiguration(
                base: Float(
                    try file.metadata.floatIfPresent("\(architecture).rope.freq_base") ?? 10000),
                dimensions: try source.rotaryDimensions(headSize: shape.headSize),
                pairing: conventions?.ggufPairing ?? .halves),
            hasParallelResidual: try file.metadata.boolIfPresent(
                "\(architecture).use_parallel_residual"))
        let scalingKey = "\(architecture).rope.scaling.type"
        if let scaling = try file.metadata.stringIfPresent(scalingKey), scaling != "none",
            !tensors.contains("rope_freqs.weight")
        {
            throw source.problem(
                "\(scalingKey) is \(quoted(scaling)); only scaling given by a tensor "
                    + "rope_freqs.weight is supported.")
        }
    }
}

private struct GGUFConfigurationSource: ConfigurationSource {
    let metadata: GGUFMetadata
    let file: String
    let prefix: String

    func name(of field: ConfigurationField) -> String {
        let key =
            switch field {
            case .layers: "block_count"
            case .width: "embedding_length"
            case .feedForward: "feed_forward_length"
            case .heads: "attention.head_count"
            case .keyValueHeads: "attention.head_count_kv"
            case .headSize: "attention.key_length"
            case .contextLength: "context_length"
            case .rotaryDimensions: "rope.dimension_count"
            }
        return "\(prefix).\(key)"
    }

    func integer(_ field: ConfigurationField) throws -> Int? {
        // Counts may be given layer by layer.
        guard let values = try metadata.integersIfPresent(name(of: field)) else { return nil }
        guard let first = values.first, values.allSatisfy({ $0 == first }) else {
            throw problem(
                "\(name(of: field)) differs from layer to layer, which is not supported.")
        }
        return first
    }

    func problem(_ text: String) -> CheckpointError { CheckpointError(file: file, text) }
}
