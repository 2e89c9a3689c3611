import Basics

/// An adapter's folder as PEFT keeps it: adapter_config.json and adapter_model.safetensors.
package enum AdapterFiles {
    package static let configurationName = "adapter_config.json"
    package static let weightsName = "adapter_model.safetensors"
    private static let pickleName = "adapter_model.bin"

    /// Where the two files are.
    ///
    /// Throws when one is missing.
    package static func paths(of folder: String) throws(CheckpointError) -> (
        configuration: String, weights: String
    ) {
        func path(_ name: String) -> String { FileSystem.join(folder, name) }
        let wanted = "wanted a folder with \(configurationName) and \(weightsName)"
        guard FileSystem.exists(folder) else {
            throw CheckpointError(file: folder, "there is no such folder; \(wanted).")
        }
        guard FileSystem.isFolder(folder) else {
            throw CheckpointError(file: folder, "this is not an adapter; \(wanted).")
        }
        let names = [configurationName, weightsName]
        if let missing = names.first(where: { !FileSystem.isFile(path($0)) }) {
            if missing == weightsName, FileSystem.isFile(path(pickleName)) {
                throw CheckpointError(
                    file: folder,
                    "its weights are in '\(pickleName)', a pickle file, which may run code when it "
                        + "is read and is never opened. Save the adapter again with "
                        + "safe_serialization=True.")
            }
            throw CheckpointError(file: folder, "there is no \(missing); \(wanted).")
        }
        return (path(configurationName), path(weightsName))
    }

    /// What a tensor of a layer is called in the file.
    static func tensorName(_ path: String, _ part: Part) -> String {
        "\(prefix)\(path).\(part.rawValue).weight"
    }

    enum Part: String, CaseIterable {
        case a = "lora_A"
        case b = "lora_B"
    }

    /// The layer and the part that a tensor of the file is; nil for names of something else.
    static func place(of name: String) -> (path: String, part: Part)? {
        for part in Part.allCases {
            let suffix = ".\(part.rawValue).weight"
            guard name.hasPrefix(prefix), name.hasSuffix(suffix),
                name.utf8.count > prefix.utf8.count + suffix.utf8.count
            else { continue }
            return (String(name.dropFirst(prefix.count).dropLast(suffix.count)), part)
        }
        return nil
    }

    /// The model inside PEFT's own.
    private static let prefix = "base_model.model."
}

// MARK: - Reading

extension LoRAAdapter {
    /// Reads an adapter for a model.
    ///
    /// Throws `CheckpointError` for files that are broken or not for this model, and for variants
    /// of LoRA that compute something else; keys that are not known are ignored, as PEFT's newer
    /// versions add some.
    package init(path folder: String, for model: ModelConfiguration) throws {
        let files = try AdapterFiles.paths(of: folder)
        var configuration = try LoRAConfiguration(JSONFields(path: files.configuration))
        let file = try SafetensorsFile(path: files.weights)
        var parts: [String: [AdapterFiles.Part: SafetensorsFile.Tensor]] = [:]
        for tensor in file.tensors {
            guard let place = AdapterFiles.place(of: tensor.name) else {
                throw CheckpointError(
                    file: file.path,
                    "tensor \(quoted(tensor.name)) is not one of a LoRA adapter for linear layers; "
                        + "this variant is not supported.")
            }
            parts[place.path, default: [:]][place.part] = tensor
        }
        guard !parts.isEmpty else { throw CheckpointError(file: file.path, "it has no tensors.") }
        var modules: [LoRAModule] = []
        for linear in model.adaptableLinears {
            guard let pair = parts.removeValue(forKey: linear.path) else { continue }
            modules.append(
                try LoRAModule(linear, pair, of: file, rank: configuration.rank))
        }
        if let stranger = parts.keys.min() {
            throw CheckpointError(
                file: file.path,
                "layer \(quoted(stranger)) is none of this \(model.architecture) model of "
                    + "\(model.shape.layers) layers that an adapter can add to. It was made for "
                    + "another model.")
        }
        if configuration.targetModules.isEmpty {
            // A regular expression: what it has selected is in the other file.
            configuration.targetModules = Self.endings(of: modules)
        }
        self.init(configuration: configuration, modules: modules)
    }

    /// The last parts of the layers' paths, each once.
    private static func endings(of modules: [LoRAModule]) -> [String] {
        Set(modules.compactMap { $0.path.split(separator: ".").last.map(String.init) }).sorted()
    }
}

extension LoRAModule {
    fileprivate init(
        _ linear: AdaptableLinear, _ parts: [AdapterFiles.Part: SafetensorsFile.Tensor],
        of file: SafetensorsFile, rank: Int
    ) throws {
        func values(_ part: AdapterFiles.Part, shape: [Int]) throws -> [Float] {
            guard let tensor = parts[part] else {
                throw CheckpointError(
                    file: file.path,
                    "there is no tensor '\(AdapterFiles.tensorName(linear.path, part))', the other "
                        + "half of its layer is there.")
            }
            guard tensor.shape == shape else {
                throw CheckpointError(
                    file: file.path,
                    "tensor \(quoted(tensor.name)): wanted \(shape) for this model and rank "
                        + "\(rank), found \(tensor.shape).")
            }
            let values = try file.floats(tensor)
            if let bad = values.firstIndex(where: { !$0.isFinite }) {
                throw CheckpointError(
                    file: file.path,
                    "tensor \(quoted(tensor.name)): row \(bad / shape[1]), column "
                        + "\(bad % shape[1]) is \(values[bad]).")
            }
            return values
        }
        self.init(
            path: linear.path, inputs: linear.inputs, outputs: linear.outputs,
            a: try values(.a, shape: [rank, linear.inputs]),
            b: try values(.b, shape: [linear.outputs, rank]))
    }
}

extension LoRAConfiguration {
    /// Settings that change what an adapter computes; here they must be off or empty.
    private static let unsupported = [
        "use_dora", "use_qalora", "use_bdlora", "lora_bias", "fan_in_fan_out", "rank_pattern",
        "alpha_pattern", "modules_to_save", "layer_replication", "target_parameters",
        "trainable_token_indices", "alora_invocation_tokens", "arrow_config", "kasa_config",
        "monteclora_config", "velora_config",
    ]
    /// Beginnings that change the base's weights too, so that the adapter fits no other ones.
    private static let changingTheBase = ["pissa", "olora", "corda", "loftq", "lora_ga"]

    init(_ fields: JSONFields) throws {
        guard let kind = try fields.string("peft_type"), kind.uppercased() == "LORA" else {
            throw fields.problem(
                "peft_type: wanted 'LORA', found "
                    + "\(fields["peft_type"].map { quoted($0.plainText) } ?? "none").")
        }
        if let key = Self.unsupported.first(where: { fields[$0].map(Self.isOn) ?? false }) {
            throw fields.problem(
                "\(key) is \(fields[key]?.plainText.prefix(60) ?? ""); this variant of LoRA is not "
                    + "supported.")
        }
        if let bias = try fields.string("bias"), bias != "none" {
            throw fields.problem("bias: wanted 'none', found \(quoted(bias)).")
        }
        if case .string(let start)? = fields["init_lora_weights"],
            Self.changingTheBase.contains(where: start.lowercased().hasPrefix)
        {
            throw fields.problem(
                "init_lora_weights is \(quoted(start)), which changes the base model too. Convert "
                    + "the adapter with PEFT (path_initial_model_for_weight_conversion).")
        }
        guard let rank = try fields.integer("r"), (1...(1 << 16)).contains(rank) else {
            throw fields.problem(
                "r: wanted a rank of 1 or more, found \(fields["r"]?.plainText ?? "none").")
        }
        guard let alpha = try fields.number("lora_alpha"), Float(alpha).isFinite else {
            throw fields.problem("there is no 'lora_alpha', which scales the adapter.")
        }
        let dropout = try fields.number("lora_dropout") ?? 0
        guard (0..<1).contains(dropout) else {
            throw fields.problem("lora_dropout: wanted 0 to below 1, found \(dropout).")
        }
        self.init(
            rank: rank, alpha: Float(alpha), dropout: Float(dropout),
            usesRankStabilizedScaling: try fields.bool("use_rslora") ?? false,
            targetModules: Self.targets(fields["target_modules"]))
    }

    private static func targets(_ value: JSONValue?) -> [String] {
        guard case .array(let elements)? = value else { return [] }
        return elements.map(\.plainText).sorted()
    }

    private static func isOn(_ value: JSONValue) -> Bool {
        switch value {
        case .null, .bool(false): false
        case .array(let elements): !elements.isEmpty
        case .object(let members): !members.isEmpty
        case .bool, .integer, .number, .string: true
        }
    }
}

// MARK: - Writing

extension LoRAAdapter {
    /// Writes the folder; each file is replaced as a whole, the weights first.
    ///
    /// - Parameter baseModel: a name that PEFT's users know the base by; never a path.
    package func write(to folder: String, baseModel: String?) throws {
        let rank = configuration.rank
        let tensors = modules.flatMap { module in
            [
                SafetensorsWriter.Tensor(
                    name: AdapterFiles.tensorName(module.path, .a), shape: [rank, module.inputs],
                    values: module.a),
                SafetensorsWriter.Tensor(
                    name: AdapterFiles.tensorName(module.path, .b), shape: [module.outputs, rank],
                    values: module.b),
            ]
        }
        try SafetensorsWriter.write(
            tensors, to: FileSystem.join(folder, AdapterFiles.weightsName))
        let text = try JSON.text(configuration.peftFields(baseModel: baseModel)) + "\n"
        try FileSystem.write(
            Array(text.utf8),
            atomicallyTo: FileSystem.join(folder, AdapterFiles.configurationName))
    }
}

extension LoRAConfiguration {
    /// The keys that PEFT needs, those with its defaults included.
    fileprivate func peftFields(baseModel: String?) -> [String: JSONValue] {
        [
            "peft_type": .string("LORA"),
            "task_type": .string("CAUSAL_LM"),
            "base_model_name_or_path": baseModel.map { .string($0) } ?? .null,
            "r": .integer(Int64(rank)),
            "lora_alpha": Self.number(alpha),
            "lora_dropout": Self.number(dropout),
            "use_rslora": .bool(usesRankStabilizedScaling),
            "target_modules": .array(targetModules.map { .string($0) }),
            "bias": .string("none"),
            "inference_mode": .bool(true),
            "init_lora_weights": .bool(true),
            "fan_in_fan_out": .bool(false),
            "use_dora": .bool(false),
            "modules_to_save": .null,
            "rank_pattern": .object([:]),
            "alpha_pattern": .object([:]),
            "layers_to_transform": .null,
            "layers_pattern": .null,
        ]
    }

    /// The shortest decimal that is this number again: 0.05, and 16 without a point.
    private static func number(_ value: Float) -> JSONValue {
        if let whole = Int64(exactly: value) { return .integer(whole) }
        return Double("\(value)").map { .number($0) } ?? .null
    }
}
