/// Text to token ids and back, as the model was trained with.
///
///     let tokenizer = try Tokenizer(description)
///     let ids = tokenizer.encode("Hello world")
///     tokenizer.decodeText(ids)  // "Hello world"
///
/// The result equals the `tokenizers` library's for every string whose characters both know (see
/// `CharacterClass`). Bytes that are not UTF-8 are kept: byte-level models encode them one by one,
/// like characters that are no letter, number or space, and decoding gives the same bytes back.
/// The exception are bytes without a token of their own (SmolLM2 lacks 0x04, for example), which
/// are dropped as in the reference.
package final class Tokenizer: Sendable {
    /// Number of ids, unused ones included.
    package let vocabularySize: Int
    package let bosID: Int32?
    package let eosID: Int32?
    package let unknownID: Int32?
    package let paddingID: Int32?
    /// Whether `encode` puts BOS first when it is not told.
    package let addsBOS: Bool
    /// Whether `encode` puts EOS last, unless it is told to leave BOS away.
    package let addsEOS: Bool
    /// Ids after which generation ends.
    package let endOfGeneration: Set<Int32>
    /// Jinja text, as the file has it.
    package let chatTemplate: String?
    /// Which space rule is in force: nil for byte-level models, which have none.
    package let spacePrefix: SpacePrefix?

    /// The file that all this is from.
    package let source: TokenizerSource

    let vocabulary: Vocabulary
    let model: Model
    /// Whether decoded text loses one space at its front, as the reference has it.
    let stripsLeadingSpace: Bool
    private let normalizer: Normalizer
    private let preTokenizerName: String?
    /// Found in the text as it came.
    private let rawTokens: AddedTokens
    /// Found in the normalized text.
    private let normalizedTokens: AddedTokens

    enum Model {
        case byteLevel(ByteLevelModel)
        case sentencePiece(SentencePieceModel)
    }

    /// - Parameter spacePrefix: for SentencePiece only, where versions of the reference differ; nil
    ///   does what the files ask for.
    package convenience init(
        _ description: TokenizerDescription, spacePrefix: SpacePrefix? = nil
    ) throws(TokenizerError) {
        do throws(TokenizerProblem) {
            try self.init(unplaced: description, spacePrefix)
        } catch {
            throw TokenizerError(problem: error, source: description.source)
        }
    }

    private init(unplaced description: TokenizerDescription, _ spacePrefix: SpacePrefix?)
        throws(TokenizerProblem)
    {
        let vocabulary = try Vocabulary(description)
        let specials = try SpecialIDs(description, vocabulary)
        self.vocabulary = vocabulary
        source = description.source
        vocabularySize = vocabulary.count
        (bosID, eosID) = (specials.bos, specials.eos)
        (unknownID, paddingID) = (specials.unknown, specials.padding)
        endOfGeneration = specials.endOfGeneration
        chatTemplate = description.chatTemplate

        let addsBOSByKind: Bool
        switch description.model {
        case "gpt2":
            let preTokenizer =
                if let given = description.preTokenizer { given } else {
                    try PreTokenizer.named(description.pre)
                }
            preTokenizerName = preTokenizer.recordName
            addsBOSByKind = preTokenizer.addsBOS
            self.spacePrefix = nil
            normalizer =
                description.normalizer ?? Normalizer(preTokenizer.composes ? [.compose] : [])
            model = .byteLevel(
                try ByteLevelModel(
                    vocabulary, preTokenizer, description, unknownID: description.unknownByteID))
        case "llama":
            preTokenizerName = nil
            addsBOSByKind = true
            let prefix = spacePrefix ?? description.spacePrefix ?? .everySegment
            self.spacePrefix = description.addSpacePrefix ?? true ? prefix : nil
            normalizer = SentencePieceModel.normalizer(self.spacePrefix)
            model = .sentencePiece(
                try SentencePieceModel(
                    vocabulary, description, unknownID: specials.unknown,
                    spacePrefix: self.spacePrefix))
        default: throw .unsupportedModel(description.model)
        }
        stripsLeadingSpace = description.stripsLeadingSpace ?? (self.spacePrefix != nil)
        addsBOS = specials.bos != nil && (description.addBOS ?? addsBOSByKind)
        addsEOS = specials.eos != nil && (description.addEOS ?? false)

        var raw = AddedTokens()
        var normalized = AddedTokens()
        for token in description.addedTokens ?? vocabulary.addedTokens(description.model) {
            if token.isNormalized {
                normalized.insert(token, as: normalizer.applied(to: token.text))
            } else {
                raw.insert(token, as: token.text)
            }
        }
        (rawTokens, normalizedTokens) = (raw, normalized)
    }

    /// What a result must record: the kind, the rule for words or spaces, and the form of the file.
    ///
    /// `SentencePiece BPE, every-segment (tokenizer.json)`, `byte-level BPE, smollm (gguf)`
    package var variant: String {
        let rule = preTokenizerName ?? spacePrefix?.rawValue ?? "no space prefix"
        let kind = preTokenizerName == nil ? "SentencePiece BPE" : "byte-level BPE"
        return "\(kind), \(rule) (\(source.form.rawValue))"
    }
}

extension Vocabulary {
    /// The tokens that files without a list of added tokens want to be found, by their kind.
    fileprivate func addedTokens(_ model: String) -> [AddedToken] {
        var tokens: [AddedToken] = []
        for id in 0..<Int32(count) {
            switch kind(id) {
            case .control, .unknown:
                tokens.append(AddedToken(id: id, text: Array(texts[Int(id)]), isSpecial: true))
            case .userDefined where model == "llama":
                tokens.append(
                    AddedToken(id: id, text: SentencePieceModel.withSpaces(texts[Int(id)])))
            case .userDefined:
                tokens.append(
                    AddedToken(id: id, text: Array(texts[Int(id)]), isNormalized: true))
            case .normal, .unused, .byte: break
            }
        }
        return tokens
    }
}

// MARK: - Encoding

extension Tokenizer {
    /// The ids of a text.
    ///
    /// - Parameters:
    ///   - addBOS: nil does what the model wants; false leaves EOS away as well.
    ///   - parseSpecial: whether the text of a special token means that token. User-defined tokens
    ///     are recognised either way, as the reference does.
    ///
    /// Complexity: O(n log n) in the text's length, linear for ordinary text.
    package func encode(_ text: String, addBOS: Bool? = nil, parseSpecial: Bool = true) -> [Int32] {
        var text = text
        return text.withUTF8 { encode(bytes: $0, addBOS: addBOS, parseSpecial: parseSpecial) }
    }

    /// The ids of a text in bytes, which need not be UTF-8.
    package func encode(_ text: [UInt8], addBOS: Bool? = nil, parseSpecial: Bool = true) -> [Int32]
    {
        text.withUnsafeBufferPointer {
            encode(bytes: $0, addBOS: addBOS, parseSpecial: parseSpecial)
        }
    }

    private func encode(bytes: UnsafeBufferPointer<UInt8>, addBOS: Bool?, parseSpecial: Bool)
        -> [Int32]
    {
        switch model {
        case .byteLevel(let model): encode(bytes, with: model, addBOS, parseSpecial)
        case .sentencePiece(let model): encode(bytes, with: model, addBOS, parseSpecial)
        }
    }

    private func encode(
        _ text: UnsafeBufferPointer<UInt8>, with model: some TokenizationModel, _ addBOS: Bool?,
        _ parseSpecial: Bool
    ) -> [Int32] {
        var encoder = TokenEncoder(model, textLength: text.count)
        if addBOS ?? addsBOS, let bosID { encoder.append(bosID) }
        rawTokens.forEachPart(of: text, 0..<text.count, parseSpecial: parseSpecial) { part in
            let isFirst = part.lowerBound == 0
            let part = UnsafeBufferPointer(rebasing: text[part])
            if let normalized = normalizer.applied(to: part) {
                normalized.withUnsafeBufferPointer {
                    encode($0, isFirst, with: model, parseSpecial, &encoder)
                }
            } else {
                encode(part, isFirst, with: model, parseSpecial, &encoder)
            }
        } token: {
            encoder.append($0)
        }
        if addsEOS, addBOS ?? true, let eosID { encoder.append(eosID) }
        return encoder.tokens
    }

    /// Normalized text.
    private func encode<Model>(
        _ text: UnsafeBufferPointer<UInt8>, _ isFirst: Bool, with model: Model,
        _ parseSpecial: Bool, _ encoder: inout TokenEncoder<Model>
    ) {
        normalizedTokens.forEachPart(of: text, 0..<text.count, parseSpecial: parseSpecial) { range in
            let part = UnsafeBufferPointer(rebasing: text[range])
            let prepared = model.prepared(part, isFirst: isFirst && range.lowerBound == 0)
            if let prepared {
                prepared.withUnsafeBufferPointer { encoder.encode($0) }
            } else {
                encoder.encode(part)
            }
        } token: {
            encoder.append($0)
        }
    }
}
