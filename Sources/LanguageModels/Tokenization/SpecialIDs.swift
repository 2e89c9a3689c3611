/// The ids that the description names, checked against the vocabulary.
struct SpecialIDs {
    let bos: Int32?
    let eos: Int32?
    let unknown: Int32?
    let padding: Int32?
    let endOfGeneration: Set<Int32>

    /// Texts that end a turn in chat models, where files name only one id as EOS.
    ///
    /// `<|endoftext|>` is not among them: it ends documents, and counts only where the file says so.
    static let turnEnds = [
        "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|im_end|>", "<|end|>", "<end_of_turn>",
    ]

    init(_ description: TokenizerDescription, _ vocabulary: Vocabulary) throws(TokenizerProblem) {
        func checked(_ key: String, _ id: Int32?) throws(TokenizerProblem) -> Int32? {
            guard let id else { return nil }
            guard vocabulary.contains(id) else {
                throw .specialOutsideVocabulary(key: key, id: id, count: vocabulary.count)
            }
            return id
        }
        /// SentencePiece's usual places, for files that do not say.
        func usual(_ id: Int32, _ kind: TokenKind) -> Int32? {
            guard description.model == "llama", vocabulary.contains(id),
                vocabulary.kind(id) == kind
            else { return nil }
            return id
        }
        unknown = try checked("unknown_token_id", description.unknownID) ?? usual(0, .unknown)
        bos = try checked("bos_token_id", description.bosID) ?? usual(1, .control)
        eos = try checked("eos_token_id", description.eosID) ?? usual(2, .control)
        padding = try checked("padding_token_id", description.paddingID)
        var named = [
            eos, try checked("eot_token_id", description.eotID),
            try checked("eom_token_id", description.eomID),
        ]
        for id in description.endOfGenerationIDs {
            named.append(try checked("eos_token_id", id))
        }
        let known = Self.turnEnds.compactMap { vocabulary.id($0.utf8) }
            .filter { vocabulary.kind($0) == .control }
        endOfGeneration = Set(named.compactMap(\.self) + known)
    }
}
