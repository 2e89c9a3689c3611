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

    let vocabulary: Vocabulary
    let model: Model
    /// Control and unknown tokens: text only when special tokens are to be recognised.
    private let controlMatcher: SpecialTokenMatcher
    /// User-defined tokens, which are always recognised.
    private let userMatcher: SpecialTokenMatcher

    enum Model {
        case byteLevel(ByteLevelModel)
        case sentencePiece(SentencePieceModel)
    }

    /// - Parameter spacePrefix: for SentencePiece only, where versions of the reference differ.
    package init(
        _ description: TokenizerDescription, spacePrefix: SpacePrefix = .everySegment
    ) throws(TokenizerError) {
        let vocabulary = try Vocabulary(description)
        let specials = try SpecialIDs(description, vocabulary)
        self.vocabulary = vocabulary
        vocabularySize = vocabulary.count
        (bosID, eosID) = (specials.bos, specials.eos)
        (unknownID, paddingID) = (specials.unknown, specials.padding)
        endOfGeneration = specials.endOfGeneration
        chatTemplate = description.chatTemplate

        let addsBOSByKind: Bool
        switch description.model {
        case "gpt2":
            let preTokenizer = try PreTokenizer.named(description.pre)
            addsBOSByKind = preTokenizer.addsBOS
            self.spacePrefix = nil
            model = .byteLevel(
                try ByteLevelModel(vocabulary, preTokenizer, merges: description.merges))
        case "llama":
            addsBOSByKind = true
            self.spacePrefix = description.addSpacePrefix ?? true ? spacePrefix : nil
            model = .sentencePiece(
                try SentencePieceModel(
                    vocabulary, scores: description.scores, unknownID: specials.unknown,
                    spacePrefix: self.spacePrefix))
        default: throw .unsupportedModel(description.model)
        }
        addsBOS = specials.bos != nil && (description.addBOS ?? addsBOSByKind)
        addsEOS = specials.eos != nil && (description.addEOS ?? false)

        var control = SpecialTokenMatcher()
        var user = SpecialTokenMatcher()
        for id in 0..<Int32(vocabulary.count) {
            let text = vocabulary.texts[Int(id)]
            switch vocabulary.kind(id) {
            case .control, .unknown: control.insert(text, token: id)
            case .userDefined where description.model == "llama":
                user.insert(SentencePieceModel.withSpaces(text), token: id)
            case .userDefined: user.insert(text, token: id)
            case .normal, .unused, .byte: break
            }
        }
        controlMatcher = control
        userMatcher = user
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
        var position = 0
        while parseSpecial,
            let match = controlMatcher.firstMatch(text, position, text.count)
        {
            encode(text, position..<match.range.lowerBound, with: model, &encoder)
            encoder.append(match.token)
            position = match.range.upperBound
        }
        encode(text, position..<text.count, with: model, &encoder)
        if addsEOS, addBOS ?? true, let eosID { encoder.append(eosID) }
        return encoder.tokens
    }

    /// Text without control tokens.
    private func encode<Model>(
        _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, with model: Model,
        _ encoder: inout TokenEncoder<Model>
    ) {
        var position = range.lowerBound
        while let match = userMatcher.firstMatch(text, position, range.upperBound) {
            encodePlain(text, position..<match.range.lowerBound, with: model, &encoder)
            encoder.append(match.token)
            position = match.range.upperBound
        }
        encodePlain(text, position..<range.upperBound, with: model, &encoder)
    }

    private func encodePlain<Model>(
        _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, with model: Model,
        _ encoder: inout TokenEncoder<Model>
    ) {
        guard !range.isEmpty else { return }
        let part = UnsafeBufferPointer(rebasing: text[range])
        if let prepared = model.prepared(part, isFirst: range.lowerBound == 0) {
            prepared.withUnsafeBufferPointer { encoder.encode($0, 0, $0.count) }
        } else {
            encoder.encode(part, 0, part.count)
        }
    }
}
