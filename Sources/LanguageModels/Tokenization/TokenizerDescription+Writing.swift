import Basics

/// The tokenizer part of a GGUF file, as llama.cpp's converter writes it.
///
/// What a folder's tokenizer does and GGUF has no word for is refused: a file that would be
/// tokenized differently is worse than none.
extension TokenizerDescription {
    /// Our own key for SentencePiece's space rule, which only this program has several of.
    static let spacePrefixKey = "billion.tokenizer.space_prefix"

    /// - Parameter vocabulary: rows of the embedding; ids without a token are written as unused.
    package func metadataForGGUF(vocabulary: Int) throws(CheckpointError) -> [(String, GGUFValue)] {
        guard tokens.count <= vocabulary else {
            throw refusal(
                "it has \(tokens.count) tokens, and the model \(vocabulary) rows for them.")
        }
        if let token = addedTokens?.first(where: \.hasRulesOfItsOwn) {
            throw refusal(
                "the token \(quoted(String(decoding: token.text, as: UTF8.self))) strips spaces "
                    + "beside it or wants to stand alone, which a GGUF file cannot say.")
        }
        var pairs: [(String, GGUFValue)] = []
        func add(_ key: String, _ value: GGUFValue?) {
            if let value { pairs.append(("tokenizer.ggml." + key, value)) }
        }
        add("model", .string(model))
        let isByteLevel = model == "gpt2"
        add("pre", .string(isByteLevel ? try writtenPreTokenizer() : "default"))
        add("tokens", .strings(writtenTokens(vocabulary)))
        add("token_type", .int32s(writtenKinds(vocabulary)))
        if isByteLevel {
            add("merges", .strings(try writtenMerges()))
        } else {
            let filler = [Float](repeating: 0, count: vocabulary - tokens.count)
            add("scores", .float32s(try writtenScores() + filler))
            add("add_space_prefix", addSpacePrefix.map { .bool($0) })
        }
        let ends = try furtherEnds()
        add("bos_token_id", Self.id(bosID))
        add("eos_token_id", Self.id(eosID))
        add("eot_token_id", Self.id(ends.first))
        add("eom_token_id", Self.id(ends.dropFirst().first))
        add("unknown_token_id", Self.id(unknownID))
        add("padding_token_id", Self.id(paddingID))
        add("add_bos_token", addBOS.map { .bool($0) })
        add("add_eos_token", addEOS.map { .bool($0) })
        if let chatTemplate { pairs.append(("tokenizer.chat_template", .string(chatTemplate))) }
        if !isByteLevel, let spacePrefix, spacePrefix != .everySegment {
            pairs.append((Self.spacePrefixKey, .string(spacePrefix.rawValue)))
        }
        return pairs
    }

    private func refusal(_ problem: String) -> CheckpointError {
        CheckpointError(file: source.file, "this tokenizer cannot be written as GGUF: " + problem)
    }

    private static func id(_ id: Int32?) -> GGUFValue? {
        id.map { .uint32(UInt32(bitPattern: $0)) }
    }

    /// Ids that end a generation and are found neither as EOS nor by their text.
    private func furtherEnds() throws(CheckpointError) -> [Int32] {
        let known = [eosID, eotID, eomID].compactMap(\.self)
        let further = endOfGenerationIDs.filter { id in
            !known.contains(id)
                && !SpecialIDs.turnEnds.contains { tokens[Int(id)].elementsEqual($0.utf8) }
        }
        let ends = [eotID, eomID].compactMap(\.self) + further
        guard ends.count <= 2 else {
            throw refusal("\(ends.count + 1) tokens end a text, a GGUF file can name 3.")
        }
        return ends
    }

    // MARK: Tokens

    private func writtenTokens(_ vocabulary: Int) -> [[UInt8]] {
        (0..<vocabulary).map { index in
            guard index < tokens.count, !tokens[index].isEmpty else {
                return Array("[PAD\(index)]".utf8)
            }
            return Array(tokens[index])
        }
    }

    private func writtenKinds(_ vocabulary: Int) -> [Int32] {
        (0..<vocabulary).map { index in
            guard index < tokens.count, !tokens[index].isEmpty else {
                return TokenKind.unused.rawValue
            }
            if model == "llama", Int32(index) == unknownID { return TokenKind.unknown.rawValue }
            return index < tokenTypes.count ? tokenTypes[index] : TokenKind.normal.rawValue
        }
    }

    // MARK: Byte-level BPE

    private func writtenPreTokenizer() throws(CheckpointError) -> String {
        // From GGUF: a name that was found good.
        guard let preTokenizer else { return pre }
        let steps = normalizer?.steps ?? []
        let known = PreTokenizer.registry.first {
            $0.rule == preTokenizer.rule && $0.ignoresMerges == preTokenizer.ignoresMerges
                && steps == ($0.composes ? [.compose] : [])
        }
        guard let known, preTokenizer.steps.isEmpty, !preTokenizer.addsPrefixSpace else {
            throw refusal(
                "llama.cpp has no name for its way of cutting text into words "
                    + "(\(preTokenizer.recordName)).")
        }
        return known.writtenName ?? known.names[0]
    }

    private func writtenMerges() throws(CheckpointError) -> [[UInt8]] {
        guard !mergePairs.isEmpty else { return merges.map { Array($0) } }
        let space = UInt8(ascii: " ")
        var lines: [[UInt8]] = []
        lines.reserveCapacity(mergePairs.count / 2)
        for index in stride(from: 0, to: mergePairs.count, by: 2) {
            let (left, right) = (mergePairs[index], mergePairs[index + 1])
            guard !left.contains(space), !right.contains(space) else {
                throw refusal("merge \(index / 2) has a space in it.")
            }
            lines.append(left + [space] + right)
        }
        return lines
    }

    // MARK: SentencePiece BPE

    /// The file's scores, or those that make the same merges in the same order as a list does.
    ///
    /// A piece's score is the line of its first merge, downwards. Where the merges of some pieces
    /// stand between each other, the pieces had one score, and get one.
    private func writtenScores() throws(CheckpointError) -> [Float] {
        guard !mergePairs.isEmpty else { return scores }
        guard !splitsAtSpaces else {
            throw refusal(
                "Metaspace with 'split' keeps spaces apart, which a GGUF file cannot say.")
        }
        let vocabulary: Vocabulary
        do throws(TokenizerProblem) {
            vocabulary = try Vocabulary(self)
        } catch {
            throw TokenizerError(problem: error, source: source).withFile
        }
        var lines = [ClosedRange<Int>?](repeating: nil, count: tokens.count)
        for line in 0..<mergePairs.count / 2 {
            let text = Array(mergePairs[2 * line]) + mergePairs[2 * line + 1]
            // A merge of unknown tokens is refused when the tokenizer is made.
            guard let piece = vocabulary.id(text).map(Int.init) else { continue }
            lines[piece] = (lines[piece]?.lowerBound ?? line)...line
        }
        // Pieces that no merge makes are characters; any score will do.
        var result = [Float](repeating: 0, count: tokens.count)
        var group = 0..<0
        let made = lines.enumerated().compactMap { piece, lines in lines.map { (piece, $0) } }
        for (piece, lines) in made.sorted(by: { $0.1.lowerBound < $1.1.lowerBound }) {
            if lines.lowerBound >= group.upperBound { group = lines.lowerBound..<lines.lowerBound }
            group = group.lowerBound..<max(group.upperBound, lines.upperBound + 1)
            // Exact: there are fewer merges than a Float has whole numbers.
            result[piece] = -Float(group.lowerBound + 1)
        }
        try checkThatScoresMakeTheListedMerges(vocabulary, result)
        return result
    }

    private func checkThatScoresMakeTheListedMerges(_ vocabulary: Vocabulary, _ scores: [Float])
        throws(CheckpointError)
    {
        guard let implied = try? PieceTable(vocabulary, scores: scores).impliedCount,
            implied <= mergePairs.count / 2
        else {
            throw refusal(
                "its merges are not those that follow from its pieces, and a GGUF file of this "
                    + "kind has no others.")
        }
    }
}

extension AddedToken {
    /// What a GGUF file cannot say of a token.
    fileprivate var hasRulesOfItsOwn: Bool { stripsLeft || stripsRight || isSingleWord }
}
