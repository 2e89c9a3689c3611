import Basics

extension TokenizerDescription {
    /// The tokenizer of a Hugging Face folder: tokenizer.json, or tokenizer.model where there is
    /// none, with what tokenizer_config.json and the files beside it say of its special tokens.
    ///
    /// `source` tells which file was used. Throws for what is broken and for what this program
    /// cannot do, with the file and the place in it.
    package init(folder: String) throws(CheckpointError) {
        let files = TokenizerFolder(folder)
        let json = FileSystem.join(folder, "tokenizer.json")
        let pieces = FileSystem.join(folder, "tokenizer.model")
        if FileSystem.isFile(json) {
            self = try TokenizerJSON(TokenizerFolder.read(json), file: json).description
        } else if FileSystem.isFile(pieces) {
            self = try SentencePieceFile.description(TokenizerFolder.read(pieces), file: pieces)
        } else {
            throw CheckpointError(
                file: folder,
                "there is no tokenizer here: wanted tokenizer.json or tokenizer.model.")
        }
        try files.complete(&self)
    }

    /// Whether a folder has a tokenizer at all; those with weights for speed alone may not.
    static func isPresent(inFolder folder: String) -> Bool {
        ["tokenizer.json", "tokenizer.model"].contains {
            FileSystem.isFile(FileSystem.join(folder, $0))
        }
    }
}

extension Tokenizer {
    /// The tokenizer of a Hugging Face folder; what is wrong with it is said with the file's name.
    package convenience init(
        folder: String, spacePrefix: SpacePrefix? = nil
    ) throws(CheckpointError) {
        let description = try TokenizerDescription(folder: folder)
        do throws(TokenizerError) {
            try self.init(description, spacePrefix: spacePrefix)
        } catch {
            throw error.withFile
        }
    }
}

/// The small files beside tokenizer.json.
///
/// In order of weight: tokenizer_config.json, special_tokens_map.json, generation_config.json,
/// config.json.
struct TokenizerFolder {
    private let folder: String

    init(_ folder: String) { self.folder = folder }

    /// Far beyond the largest vocabulary's.
    private static let largestFile = Int64(JSONDocument.longest)

    static func read(_ path: String) throws(CheckpointError) -> [UInt8] {
        do throws(BasicsError) {
            let size = try FileSystem.size(of: path)
            guard size <= largestFile else {
                throw BasicsError.file(
                    "\(path): wanted at most \(largestFile) bytes, found \(size).")
            }
            return try FileSystem.read(path)
        } catch {
            let text = error.description
            let prefix = path + ": "
            throw CheckpointError(
                file: path,
                text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text)
        }
    }

    /// The object in a file that may be absent.
    private func object(_ name: String) throws(CheckpointError) -> JSONElement? {
        let path = FileSystem.join(folder, name)
        guard FileSystem.isFile(path) else { return nil }
        let root = try JSONDocument(Self.read(path), file: path).root
        guard root.kind == .object else { throw root.error(wanted: "an object") }
        return root
    }

    func complete(_ description: inout TokenizerDescription) throws(CheckpointError) {
        let configuration = try object("tokenizer_config.json")
        if let configuration { try addTokens(configuration, &description) }
        let namings = [configuration, try object("special_tokens_map.json")].compactMap(\.self)
        let numbers = [try object("generation_config.json"), try object("config.json")]
            .compactMap(\.self)

        func id(_ kind: String) throws(CheckpointError) -> Int32? {
            for naming in namings {
                if let token = try naming.optional(kind + "_token") {
                    return try Self.id(token, description)
                }
            }
            for file in numbers {
                guard let value = try file.optional(kind + "_token_id") else { continue }
                // A list tells where generation ends, and begins with the usual end.
                let first = value.kind == .array ? try value.elements().first : value
                if let first { return try Self.checked(first, description) }
            }
            return nil
        }
        // The template's tokens are what the text really gets.
        if description.addBOS != true { description.bosID = try id("bos") ?? description.bosID }
        if description.addEOS != true { description.eosID = try id("eos") ?? description.eosID }
        if description.unknownID == nil { description.unknownID = try id("unk") }
        description.paddingID = try id("pad") ?? description.paddingID
        for file in numbers {
            guard let value = try file.optional("eos_token_id") else { continue }
            for element in value.kind == .array ? try value.elements() : [value] {
                description.endOfGenerationIDs.append(try Self.checked(element, description))
            }
            break
        }
        if let configuration { try readRules(configuration, &description) }
        description.chatTemplate = try ChatTemplateFiles(folder: folder).template
    }

    private static func checked(_ element: JSONElement, _ description: TokenizerDescription)
        throws(CheckpointError) -> Int32
    {
        let id = try element.integer()
        guard description.tokens.indices.contains(id) else {
            throw element.error("wanted an id below \(description.tokens.count), found \(id).")
        }
        return Int32(id)
    }

    /// The id of a token that a file names by its text, as a string or an object with `content`.
    private static func id(_ token: JSONElement, _ description: TokenizerDescription)
        throws(CheckpointError) -> Int32
    {
        let element = token.kind == .object ? try token.member("content") : token
        let text = Array(try element.string().utf8)
        let id = description.tokens.firstIndex { $0.count == text.count && $0.elementsEqual(text) }
        guard let id else {
            throw element.error("the vocabulary does not have \(element.summary).")
        }
        return Int32(id)
    }

    // MARK: tokenizer_config.json

    /// `added_tokens_decoder` holds what tokenizer.json has too, and all there is beside a
    /// tokenizer.model.
    private func addTokens(
        _ configuration: JSONElement, _ description: inout TokenizerDescription
    ) throws(CheckpointError) {
        guard let list = try configuration.optional("added_tokens_decoder") else { return }
        var tokens = description.addedTokens ?? Self.addedTokens(description)
        let known = Set(tokens.map(\.id))
        var entries: [(AddedTokenEntry, id: Int)] = []
        for (key, value) in try list.members() {
            guard let id = Int(try key.string()), id >= 0 else { throw key.error(wanted: "an id") }
            let entry = try AddedTokenEntry(value, id: id)
            guard known.contains(Int32(clamping: id)) else {
                entries.append((entry, id))
                continue
            }
            guard description.tokens[id].elementsEqual(entry.text) else {
                throw value.error(
                    "the id \(id) is that of \(quoted(description.tokens.text(id))) already.")
            }
        }
        guard !entries.isEmpty else { return }
        var ids = TokenIDs()
        for (index, text) in description.tokens.enumerated()
        where description.tokenTypes[index] != TokenKind.unused.rawValue {
            try ids.add(Array(text), id: index, at: list)
        }
        entries.sort { $0.id < $1.id }
        var additions: [AddedToken] = []
        for (entry, _) in entries { additions.append(try entry.token(&ids)) }
        let before = description.tokens.count
        var kinds: [Int32]
        (description.tokens, kinds) = ids.vocabulary()
        for index in 0..<before { kinds[index] = description.tokenTypes[index] }
        for token in additions {
            kinds[Int(token.id)] = (token.isSpecial ? TokenKind.control : .userDefined).rawValue
        }
        if description.source.form == .sentencePiece {
            let count = description.tokens.count - before
            description.scores += [Float](repeating: 0, count: count)
        }
        description.tokenTypes = kinds
        tokens += additions
        description.addedTokens = tokens
    }

    /// Those of a tokenizer.model, by their kind.
    private static func addedTokens(_ description: TokenizerDescription) -> [AddedToken] {
        description.tokens.enumerated().compactMap { index, text in
            switch TokenKind(rawValue: description.tokenTypes[index]) {
            case .control, .unknown:
                AddedToken(id: Int32(index), text: Array(text), isSpecial: true)
            case .userDefined:
                AddedToken(id: Int32(index), text: SentencePieceModel.withSpaces(text))
            default: nil
            }
        }
    }

    private func readRules(
        _ configuration: JSONElement, _ description: inout TokenizerDescription
    ) throws(CheckpointError) {
        if let adds = try configuration.optional("add_bos_token") {
            description.addBOS = try adds.bool()
        }
        if let adds = try configuration.optional("add_eos_token") {
            description.addEOS = try adds.bool()
        }
        // tokenizer.json says itself where spaces go; beside a tokenizer.model `legacy` does.
        if description.source.form == .sentencePiece {
            let isLegacy = try configuration.optional("legacy")?.bool() ?? true
            description.spacePrefix = isLegacy ? .everySegment : .firstSegment
            if let adds = try configuration.optional("add_prefix_space") {
                description.addSpacePrefix = try adds.bool()
            }
        }
    }
}
