/// Everything that a model's files say about its tokenizer, as plain values.
///
/// Names and numbers are GGUF's `tokenizer.ggml.*`, as that is the smallest of the forms; what only
/// tokenizer.json can say has fields of its own. Nothing is checked before `Tokenizer.init`.
package struct TokenizerDescription: Sendable {
    /// `gpt2` (byte-level BPE) or `llama` (SentencePiece BPE).
    package var model: String
    /// How text is cut into words before merging, for `gpt2`: `smollm`, `llama-bpe`, ...
    package var pre: String
    package var tokens: ByteStrings
    /// `TokenKind` numbers, one a token; empty means that all are normal.
    package var tokenTypes: [Int32]
    /// For `llama` without merges: one a token, the highest is merged first.
    package var scores: [Float]
    /// `a b`, the first is merged first.
    package var merges: ByteStrings
    /// The same as two strings a merge, which may have spaces in them; used where there are any.
    package var mergePairs: ByteStrings = []
    package var bosID: Int32?
    package var eosID: Int32?
    package var eotID: Int32?
    package var eomID: Int32?
    package var unknownID: Int32?
    package var paddingID: Int32?
    /// More ids that end generation (generation_config.json has a list).
    package var endOfGenerationIDs: [Int32] = []
    package var addBOS: Bool?
    package var addEOS: Bool?
    package var addSpacePrefix: Bool?
    package var chatTemplate: String?

    /// Where this was read, for messages and records.
    package var source = TokenizerSource(form: .gguf, file: "")
    /// Tokens that are found in text before it is cut into words; nil takes them by their kind.
    var addedTokens: [AddedToken]?
    /// For `gpt2`: instead of the name in `pre`.
    var preTokenizer: PreTokenizer?
    /// For `gpt2`: instead of what the pre-tokenizer's kind usually has.
    var normalizer: Normalizer?
    /// For `gpt2`: the token of bytes that have none of their own.
    var unknownByteID: Int32?
    /// Whether decoded text loses one space at its front; nil where the space rule says so.
    var stripsLeadingSpace: Bool?
    /// For `llama`: which space rule the files ask for; nil is `everySegment`.
    var spacePrefix: SpacePrefix?
    /// For `llama`: every `▁` starts a word (Metaspace with `split`).
    var splitsAtSpaces = false
    /// For `llama`: unknown characters side by side are one unknown token.
    var fusesUnknown = true

    package init(
        model: String, pre: String = "default", tokens: ByteStrings, tokenTypes: [Int32] = [],
        scores: [Float] = [], merges: ByteStrings = [], bosID: Int32? = nil, eosID: Int32? = nil,
        eotID: Int32? = nil, eomID: Int32? = nil, unknownID: Int32? = nil,
        paddingID: Int32? = nil, addBOS: Bool? = nil, addEOS: Bool? = nil,
        addSpacePrefix: Bool? = nil, chatTemplate: String? = nil
    ) {
        self.model = model
        self.pre = pre
        self.tokens = tokens
        self.tokenTypes = tokenTypes
        self.scores = scores
        self.merges = merges
        self.bosID = bosID
        self.eosID = eosID
        self.eotID = eotID
        self.eomID = eomID
        self.unknownID = unknownID
        self.paddingID = paddingID
        self.addBOS = addBOS
        self.addEOS = addEOS
        self.addSpacePrefix = addSpacePrefix
        self.chatTemplate = chatTemplate
    }
}

/// What a token is for, with GGUF's numbers.
package enum TokenKind: Int32, Sendable {
    case normal = 1
    case unknown, control, userDefined, unused, byte
}

/// The file that a tokenizer was read from.
package struct TokenizerSource: Hashable, Sendable {
    package enum Form: String, Sendable {
        case gguf
        case tokenizerJSON = "tokenizer.json"
        case sentencePiece = "tokenizer.model"
    }

    package let form: Form
    /// Its path as it was given; empty for descriptions made in memory.
    package let file: String

    /// Where in the file a property stands, in the file's own words.
    func place(_ key: String) -> String {
        switch (form, key) {
        case (.gguf, _): "tokenizer.ggml.\(key)"
        case (.tokenizerJSON, "tokens"), (.tokenizerJSON, "token_type"): "model.vocab"
        case (.tokenizerJSON, "merges"): "model.merges"
        case (.tokenizerJSON, _): key
        case (.sentencePiece, "tokens"): "pieces"
        case (.sentencePiece, _): key
        }
    }
}
