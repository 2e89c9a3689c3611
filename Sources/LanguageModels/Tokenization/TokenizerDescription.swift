/// Everything that a model file says about its tokenizer, as plain values.
///
/// Names and numbers are GGUF's `tokenizer.ggml.*`; nothing is checked before `Tokenizer.init`.
package struct TokenizerDescription: Sendable {
    /// `gpt2` (byte-level BPE) or `llama` (SentencePiece BPE).
    package var model: String
    /// How text is cut into words before merging, for `gpt2`: `smollm`, `llama-bpe`, ...
    package var pre: String
    package var tokens: ByteStrings
    /// `TokenKind` numbers, one a token; empty means that all are normal.
    package var tokenTypes: [Int32]
    /// For `llama`: one a token, the highest is merged first.
    package var scores: [Float]
    /// For `gpt2`: `a b`, the first is merged first.
    package var merges: ByteStrings
    package var bosID: Int32?
    package var eosID: Int32?
    package var eotID: Int32?
    package var eomID: Int32?
    package var unknownID: Int32?
    package var paddingID: Int32?
    package var addBOS: Bool?
    package var addEOS: Bool?
    package var addSpacePrefix: Bool?
    package var chatTemplate: String?

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
