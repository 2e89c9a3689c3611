import Basics
import Tensors

/// What config.json says of a model.
struct HuggingFaceConfiguration: Sendable {
    let model: ModelConfiguration
    let conventions: ArchitectureConventions
    /// The head's weights are those of the embedding.
    let isTied: Bool
    /// Ids that end a text, from config.json.
    let endTokens: [Int32]

    /// Throws for what is missing or wrong, and for variants that are not supported, by name.
    init(_ fields: JSONFields) throws {
        let type = try Self.architecture(fields)
        let conventions = type.conventions
        try Self.refuseVariants(fields, conventions)
        guard let vocabulary = try fields.integer("vocab_size") else {
            throw fields.problem("there is no 'vocab_size', which this model needs.")
        }
        guard (1...1 << 30).contains(vocabulary) else {
            throw fields.problem("vocab_size is \(vocabulary); wanted 1 to \(1 << 30).")
        }
        let rope = try RopeFields(fields)
        let share = try rope.share(default: conventions.defaultRotaryShare)
        guard conventions.defaultRotaryShare < 1 || share.value == 1 else {
            throw fields.problem(
                "\(share.path) is \(share.value): this variant of "
                    + "\(conventions.huggingFaceClass) is not supported.")
        }
        let source = Source(fields: fields, rotaryShare: share)
        let shape = try source.shape(vocabulary: vocabulary)
        model = ModelConfiguration(
            architecture: type.name, shape: shape,
            epsilon: try fields.positive(conventions.epsilonKeys.huggingFace),
            rotary: RotaryConfiguration(
                base: try rope.base(),
                dimensions: try source.rotaryDimensions(headSize: shape.headSize),
                pairing: .halves, scaling: try rope.scaling()),
            hasParallelResidual: try fields.bool("use_parallel_residual"))
        self.conventions = conventions
        isTied = try fields.bool("tie_word_embeddings") ?? false
        endTokens = try fields.tokens("eos_token_id", vocabulary: vocabulary)
    }

    private static func architecture(_ fields: JSONFields) throws -> any Architecture.Type {
        let all = ArchitectureRegistry.all
        let classes = all.map { $0.conventions.huggingFaceClass }
        if case .array(let names)? = fields["architectures"] {
            guard case .string(let name)? = names.first, names.count == 1 else {
                throw fields.problem(
                    "architectures: wanted a list of one name, found a list of \(names.count).")
            }
            if let type = all.first(where: { $0.conventions.huggingFaceClass == name }) {
                return type
            }
            throw fields.problem(
                "architectures: \(quoted(name)) is not supported; wanted "
                    + "\(classes.joined(separator: ", ")).")
        }
        guard let modelType = try fields.string("model_type") else {
            throw fields.problem("there is neither 'architectures' nor 'model_type'.")
        }
        if let type = all.first(where: { $0.conventions.modelType == modelType }) { return type }
        throw fields.problem(
            "model_type \(quoted(modelType)) is not supported; wanted "
                + "\(all.map { $0.conventions.modelType }.joined(separator: ", ")).")
    }

    private static func refuseVariants(
        _ fields: JSONFields, _ conventions: ArchitectureConventions
    ) throws {
        if let quantization = try fields.fields("quantization_config") {
            let method = try quantization.string("quant_method") ?? "an unnamed method"
            throw fields.problem(
                "quantization_config: weights quantized by \(quoted(method)) are not supported. "
                    + "Use the original model, or a GGUF file.")
        }
        for (key, wanted) in conventions.fixedSwitches.sorted(by: { $0.key < $1.key }) {
            if let found = try fields.bool(key), found != wanted {
                throw fields.problem(
                    "\(key) is \(found): this variant of \(conventions.huggingFaceClass) is not "
                        + "supported.")
            }
        }
        if let activation = try fields.string("hidden_act"), activation != conventions.activation {
            throw fields.problem(
                "hidden_act is \(quoted(activation)), which is not supported; wanted "
                    + "'\(conventions.activation)'.")
        }
    }

    private struct Source: ConfigurationSource {
        let fields: JSONFields
        let rotaryShare: (value: Double, path: String)

        func name(of field: ConfigurationField) -> String {
            switch field {
            case .layers: "num_hidden_layers"
            case .width: "hidden_size"
            case .feedForward: "intermediate_size"
            case .heads: "num_attention_heads"
            case .keyValueHeads: "num_key_value_heads"
            case .headSize: "head_dim"
            case .contextLength: "max_position_embeddings"
            case .rotaryDimensions: rotaryShare.path
            }
        }

        func integer(_ field: ConfigurationField) throws -> Int? {
            guard case .rotaryDimensions = field else {
                return try fields.integer(name(of: field))
            }
            let width = try positive(.width)
            let headSize = try positive(
                .headSize, default: max(width / positive(.heads), 1))
            return Int(Double(headSize) * rotaryShare.value)
        }

        func problem(_ text: String) -> CheckpointError { fields.problem(text) }
    }
}

extension JSONFields {
    /// Token ids, one or a list, that must be inside the vocabulary.
    func tokens(_ key: String, vocabulary: Int) throws(CheckpointError) -> [Int32] {
        try integers(key).map { id throws(CheckpointError) in
            guard (0..<vocabulary).contains(id) else {
                throw problem(
                    "\(path(key)): there is no token \(id) in a vocabulary of \(vocabulary).")
            }
            return Int32(id)
        }
    }
}

/// The rotary settings: inside `rope_parameters` since transformers 5, at the top before.
private struct RopeFields {
    private let top: JSONFields
    private let inner: JSONFields?
    private let scalingFields: JSONFields?

    init(_ fields: JSONFields) throws {
        top = fields
        inner = try fields.fields("rope_parameters")
        scalingFields = try inner ?? fields.fields("rope_scaling")
    }

    func base() throws -> Float {
        if let inner, inner["rope_theta"] != nil { return try inner.positive("rope_theta") }
        if top["rope_theta"] != nil { return try top.positive("rope_theta") }
        return try top.positive("rotary_emb_base", default: 10000)
    }

    /// The share of a head that turns, above 0 and at most 1, and where it is written.
    func share(default value: Double) throws -> (value: Double, path: String) {
        let places = [
            inner.map { ($0, "partial_rotary_factor") }, (top, "partial_rotary_factor"),
            (top, "rotary_pct"),
        ].compactMap(\.self)
        for (fields, key) in places {
            guard let share = try fields.number(key) else { continue }
            guard share > 0, share <= 1 else {
                throw fields.problem(
                    "\(fields.path(key)) is \(share); wanted a share above 0 and at most 1.")
            }
            return (share, fields.path(key))
        }
        return (value, "partial_rotary_factor")
    }

    func scaling() throws -> Llama3Scaling? {
        guard let fields = scalingFields else { return nil }
        let key = fields["rope_type"] != nil ? "rope_type" : "type"
        switch try fields.string(key) {
        case nil, "default": return nil
        case "llama3": break
        case let other?:
            throw fields.problem(
                "\(fields.path(key)) is \(quoted(other)), which is not supported; wanted "
                    + "'default' or 'llama3'.")
        }
        let context = try fields.positive("original_max_position_embeddings")
        guard context >= 1, context <= Float(1 << 30) else {
            throw fields.problem(
                "\(fields.path("original_max_position_embeddings")) is \(context); wanted 1 to "
                    + "\(1 << 30).")
        }
        let scaling = Llama3Scaling(
            factor: try fields.positive("factor"),
            lowFrequencyFactor: try fields.positive("low_freq_factor"),
            highFrequencyFactor: try fields.positive("high_freq_factor"),
            originalContextLength: Int(context))
        guard scaling.lowFrequencyFactor < scaling.highFrequencyFactor else {
            throw fields.problem(
                "\(fields.path("low_freq_factor")) is \(scaling.lowFrequencyFactor); wanted less "
                    + "than high_freq_factor, \(scaling.highFrequencyFactor).")
        }
        return scaling
    }
}
