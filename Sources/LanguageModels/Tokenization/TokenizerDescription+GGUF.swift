extension TokenizerDescription {
    /// The tokenizer part of a GGUF file, whose tensors are not needed.
    package init(gguf file: GGUFFile) throws(CheckpointError) {
        let metadata = file.metadata
        let key = { "tokenizer.ggml." + $0 }
        self.init(model: try metadata.string(key("model")), tokens: [])
        source = TokenizerSource(form: .gguf, file: file.path)
        tokens = try Self.strings(metadata, key("tokens"))
        merges = try Self.strings(metadata, key("merges"))
        pre = Self.pre(
            try metadata.stringIfPresent(key("pre")),
            architecture: try metadata.stringIfPresent("general.architecture"))
        let types = try metadata.integersIfPresent(key("token_type")) ?? []
        tokenTypes = types.map { Int32(clamping: $0) }
        scores = try metadata.floatsIfPresent(key("scores")) ?? []
        func id(_ name: String) throws(CheckpointError) -> Int32? {
            try metadata.integerIfPresent(key(name)).map { Int32(clamping: $0) }
        }
        bosID = try id("bos_token_id")
        eosID = try id("eos_token_id")
        eotID = try id("eot_token_id")
        eomID = try id("eom_token_id")
        unknownID = try id("unknown_token_id")
        paddingID = try id("padding_token_id")
        addBOS = try metadata.boolIfPresent(key("add_bos_token"))
        addEOS = try metadata.boolIfPresent(key("add_eos_token"))
        addSpacePrefix = try metadata.boolIfPresent(key("add_space_prefix"))
        chatTemplate = try metadata.stringIfPresent("tokenizer.chat_template")
        spacePrefix = try metadata.stringIfPresent(Self.spacePrefixKey)
            .flatMap(SpacePrefix.init(rawValue:))
    }

    /// An array of strings; empty when there is none, which `Tokenizer.init` judges.
    private static func strings(
        _ metadata: GGUFMetadata, _ key: String
    ) throws(CheckpointError) -> ByteStrings {
        var strings = ByteStrings()
        strings.reserve(strings: metadata[key]?.count ?? 0, bytes: 0)
        try metadata.forEachString(key) { strings.append($0) }
        return strings
    }

    /// The pre-tokenizer's name; older files have none, then the architecture tells.
    ///
    /// Files of GPT-NeoX models are often written with another model's name for the same
    /// expression, which leaves out that their text is composed (NFC).
    private static func pre(_ name: String?, architecture: String?) -> String {
        let isVague = name == nil || name == "" || name == "default"
        return switch architecture {
        case "gptneox" where isVague || name == "gpt-2" || name == "mpt" || name == "olmo":
            "gpt-neox"
        case "gpt2" where isVague: "gpt-2"
        case "mpt" where isVague: "mpt"
        default: name ?? "default"
        }
    }
}

extension Tokenizer {
    /// The tokenizer of a model file; what is wrong with it is said with the file's name.
    package convenience init(
        gguf file: GGUFFile, spacePrefix: SpacePrefix? = nil
    ) throws(CheckpointError) {
        let description = try TokenizerDescription(gguf: file)
        do throws(TokenizerError) {
            try self.init(description, spacePrefix: spacePrefix)
        } catch {
            throw error.withFile
        }
    }
}
