/// Reads a tokenizer.json of the `tokenizers` library.
///
/// What a file can ask for and this program cannot do is refused by name and path; nothing is
/// passed over that could change a token. Ignored are truncation and padding, which are settings of
/// a call, and what only concerns offsets into the text.
struct TokenizerJSON {
    private let root: JSONElement
    private let model: JSONElement
    /// The description as far as the file goes; tokenizer_config.json adds to it.
    private(set) var description: TokenizerDescription
    private var ids: TokenIDs

    init(_ bytes: [UInt8], file: String) throws(CheckpointError) {
        root = try JSONDocument(bytes, file: file).root
        guard root.kind == .object else { throw root.error(wanted: "an object") }
        model = try root.member("model")
        description = TokenizerDescription(model: "", tokens: [])
        description.source = TokenizerSource(form: .tokenizerJSON, file: file)
        ids = try TokenIDs(model.member("vocab"))
        try checkModel()
        var added: [AddedToken] = []
        for element in try root.optional("added_tokens")?.elements() ?? [] {
            added.append(try AddedTokenEntry(element).token(&ids))
        }
        description.addedTokens = added
        try readPipeline()
        try readMerges()
        try setTokens(added)
        try readPostProcessor()
    }

    // MARK: The model

    private mutating func checkModel() throws(CheckpointError) {
        // Files of before 2020 have no type.
        if let type = try model.optional("type"), try type.string() != "BPE" {
            throw type.error(wanted: "'BPE'")
        }
        for name in ["continuing_subword_prefix", "end_of_word_suffix"] {
            if let affix = try model.optional(name), try affix.string() != "" {
                throw affix.error("marks inside words are not supported, wanted null.")
            }
        }
        if let dropout = try model.optional("dropout"), try dropout.number() != 0 {
            throw dropout.error("random merging cannot be repeated, wanted null.")
        }
    }

    private func flag(_ name: String) throws(CheckpointError) -> Bool {
        try model.optional(name)?.bool() ?? false
    }

    private mutating func readMerges() throws(CheckpointError) {
        let list = try model.member("merges").elements()
        var pairs = ByteStrings()
        pairs.reserve(strings: 2 * list.count, bytes: 0)
        var side: [UInt8] = []
        for merge in list {
            if merge.kind == .string {
                side.removeAll(keepingCapacity: true)
                try merge.appendString(to: &side)
                let gap = side.firstIndex(of: UInt8(ascii: " "))
                guard let gap, gap > 0, gap + 1 < side.count,
                    side.lastIndex(of: UInt8(ascii: " ")) == gap
                else { throw merge.error(wanted: "two tokens with one space between") }
                pairs.append(side[..<gap])
                pairs.append(side[(gap + 1)...])
                continue
            }
            let sides = try merge.elements()
            guard sides.count == 2 else {
                throw merge.error("wanted two tokens, found \(sides.count).")
            }
            for element in sides {
                side.removeAll(keepingCapacity: true)
                try element.appendString(to: &side)
                pairs.append(side)
            }
        }
        description.mergePairs = pairs
    }

    private mutating func setTokens(_ added: [AddedToken]) throws(CheckpointError) {
        (description.tokens, description.tokenTypes) = ids.vocabulary()
        if try flag("byte_fallback") {
            for index in 0..<description.tokens.count
            where ByteToken.value(description.tokens[index]) != nil {
                description.tokenTypes[index] = TokenKind.byte.rawValue
            }
        }
        for token in added {
            let kind: TokenKind = token.isSpecial ? .control : .userDefined
            description.tokenTypes[Int(token.id)] = kind.rawValue
        }
        if let unknown = try model.optional("unk_token") {
            let text = try unknown.string()
            guard let id = ids.id(text) else {
                throw unknown.error("the vocabulary does not have \(quoted(text)).")
            }
            description.unknownID = id
            description.fusesUnknown = try flag("fuse_unk")
            description.unknownByteID = id
        }
    }

    // MARK: What happens to text

    /// The first of these that the file has, for messages.
    private func place(_ names: String...) throws(CheckpointError) -> JSONElement {
        for name in names {
            if let element = try root.optional(name) { return element }
        }
        return root
    }

    private mutating func readPipeline() throws(CheckpointError) {
        let normalizer = Normalizer(
            try TokenizerSteps.normalizer(root.optional("normalizer")))
        let steps = try TokenizerSteps.preTokenizer(root.optional("pre_tokenizer"))
        let decoder = try TokenizerSteps.decoder(root.optional("decoder"))
        if steps.isByteLevel {
            guard decoder.isByteLevel else {
                throw try place("decoder").error(
                    "a byte-level model needs the decoder ByteLevel.")
            }
            description.model = "gpt2"
            description.normalizer = normalizer
            var preTokenizer = PreTokenizer(steps: steps.cuts)
            preTokenizer.ignoresMerges = try flag("ignore_merges")
            preTokenizer.addsPrefixSpace = steps.addsPrefixSpace
            description.preTokenizer = preTokenizer
            description.stripsLeadingSpace = false
            return
        }
        guard !decoder.isByteLevel else {
            throw try root.member("decoder").error("a ByteLevel decoder needs such a pre-tokenizer.")
        }
        if let ignores = try model.optional("ignore_merges"), try ignores.bool() {
            throw ignores.error("this is supported for byte-level models only, wanted false.")
        }
        description.model = "llama"
        description.addSpacePrefix = true
        description.stripsLeadingSpace = decoder.stripsSpace
        let prefixed = SentencePieceModel.normalizer(.everySegment)
        switch (normalizer, steps.metaspace) {
        case (prefixed, nil): description.spacePrefix = .everySegment
        case (SentencePieceModel.normalizer(nil), nil): description.addSpacePrefix = false
        case (Normalizer(), let metaspace?):
            description.splitsAtSpaces = metaspace.splits
            if let prefix = metaspace.prefix {
                description.spacePrefix = prefix
            } else {
                description.addSpacePrefix = false
                // Metaspace without a prefix is the same as the normalizer's Replace.
            }
        default:
            throw try place("pre_tokenizer", "normalizer").error(
                "wanted ByteLevel, or SentencePiece's spaces: the normalizer Prepend '\u{2581}' with "
                    + "Replace ' ' by '\u{2581}', or the pre-tokenizer Metaspace.")
        }
    }

    /// BOS and EOS are what the template puts around the text.
    private mutating func readPostProcessor() throws(CheckpointError) {
        description.addBOS = false
        description.addEOS = false
        guard let processor = try root.optional("post_processor") else { return }
        var found: JSONElement?
        for step in try TokenizerSteps.flattened(processor, "processors") {
            switch try step.member("type").string() {
            case "ByteLevel": break
            case "TemplateProcessing" where found == nil: found = step
            default: throw step.error("wanted TemplateProcessing once, or ByteLevel.")
            }
        }
        guard let template = found else { return }
        var isBehind = false
        for item in try template.member("single").elements() {
            if try item.optional("Sequence") != nil {
                guard !isBehind else { throw item.error("the text stands twice in the template.") }
                isBehind = true
                continue
            }
            let id = try specialID(item.member("SpecialToken").member("id"), of: template)
            if isBehind {
                guard description.addEOS == false else {
                    throw item.error("wanted at most one token after the text.")
                }
                (description.addEOS, description.eosID) = (true, id)
            } else {
                guard description.addBOS == false else {
                    throw item.error("wanted at most one token before the text.")
                }
                (description.addBOS, description.bosID) = (true, id)
            }
        }
        guard isBehind else {
            throw try template.member("single").error("wanted a place for the text: Sequence.")
        }
    }

    private func specialID(_ name: JSONElement, of template: JSONElement) throws(CheckpointError)
        -> Int32
    {
        let text = try name.string()
        guard let entry = try template.member("special_tokens").optional(text) else {
            throw name.error("special_tokens does not have \(quoted(text)).")
        }
        let list = try entry.member("ids").elements()
        guard list.count == 1, let id = list.first else {
            throw entry.error("wanted one id, found \(list.count).")
        }
        let value = try id.integer()
        guard description.tokens.indices.contains(value) else {
            throw id.error("wanted an id below \(description.tokens.count), found \(value).")
        }
        return Int32(value)
    }
}

/// `<0x0A>`: SentencePiece's tokens for bytes.
enum ByteToken {
    static func value(_ text: some RandomAccessCollection<UInt8>) -> UInt8? {
        guard text.count == 6, text.starts(with: "<0x".utf8), text.last == UInt8(ascii: ">") else {
            return nil
        }
        let digits = text.dropFirst(3).dropLast()
        guard digits.allSatisfy({ (0x30...0x39).contains($0) || (0x41...0x46).contains($0) }) else {
            return nil
        }
        return UInt8(HexadecimalTable.number(digits))
    }
}
