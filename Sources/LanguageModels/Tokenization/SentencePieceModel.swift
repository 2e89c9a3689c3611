/// SentencePiece BPE (Llama-2, TinyLlama): characters are merged to the piece with the best score,
/// spaces are written `▁`, and what no piece covers becomes bytes.
struct SentencePieceModel: TokenizationModel {
    private let vocabulary: Vocabulary
    private let merges: MergeTable
    /// The token of each byte; -1 where the vocabulary has none.
    private let byteTokens: [Int32]
    private let unknownID: Int32?
    private let spacePrefix: SpacePrefix?
    /// Characters that occur in pieces without being one: their ids come after all tokens.
    private let extraCharacters: [UInt32]
    private let extraIDs: [UInt32: Int32]
    private let asciiIDs: [Int32]
    /// No piece has a `▁` after another character, so words can be merged apart.
    private let cutsAtSpaces: Bool
    /// Every `▁` starts a word.
    private let splitsAtSpaces: Bool
    private let fusesUnknown: Bool

    private static let space = Normalizer.visibleSpace
    private static let noSymbol: Int32 = -1

    init(
        _ vocabulary: Vocabulary, _ description: TokenizerDescription, unknownID: Int32?,
        spacePrefix: SpacePrefix?
    ) throws(TokenizerProblem) {
        self.vocabulary = vocabulary
        self.unknownID = unknownID
        self.spacePrefix = spacePrefix
        fusesUnknown = description.fusesUnknown
        splitsAtSpaces = description.splitsAtSpaces
        byteTokens = Self.byteTokens(vocabulary)
        guard unknownID != nil || !byteTokens.contains(Self.noSymbol) else { throw .noFallback }

        let pieces =
            description.mergePairs.isEmpty
            ? try PieceTable(vocabulary, scores: description.scores)
            : try PieceTable(vocabulary, merges: description)
        merges = pieces.merges
        // Cut words begin with a `▁` each: one that is unknown would be joined with the word before.
        cutsAtSpaces = pieces.cutsAtSpaces && pieces.symbol(PieceTable.space) != nil
        extraCharacters = pieces.extraCharacters
        extraIDs = pieces.extraIDs
        asciiIDs = (0..<128).map { pieces.symbol($0) ?? Self.noSymbol }
    }

    /// The tokens `<0x00>` to `<0xFF>`.
    private static func byteTokens(_ vocabulary: Vocabulary) -> [Int32] {
        (0...255).map { (byte: Int) in
            let digits = String(byte, radix: 16, uppercase: true)
            let text = "<0x\(byte < 16 ? "0" : "")\(digits)>"
            guard let id = vocabulary.id(text.utf8), vocabulary.kind(id) == .byte else {
                return noSymbol
            }
            return id
        }
    }

    // MARK: Encoding

    /// What the normalizer does, where the space rule is one of its steps.
    static func normalizer(_ spacePrefix: SpacePrefix?) -> Normalizer {
        switch spacePrefix {
        case .everySegment:
            Normalizer([.prepend(Normalizer.visibleSpace), Normalizer.spacesToVisible])
        case nil: Normalizer([Normalizer.spacesToVisible])
        case .firstSegment, .unspacedSegment: Normalizer()
        }
    }

    func prepared(_ text: UnsafeBufferPointer<UInt8>, isFirst: Bool) -> [UInt8]? {
        guard spacePrefix == .unspacedSegment || spacePrefix == .firstSegment else { return nil }
        let hasSpace = text.first == UInt8(ascii: " ") || text.starts(with: Self.space)
        let hasPrefix = !hasSpace && (isFirst || spacePrefix == .unspacedSegment)
        let spaced = Normalizer.replacing(UInt8(ascii: " "), Self.space, in: text)
        return hasPrefix ? Self.space + (spaced ?? Array(text)) : spaced
    }

    func wordEnd(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int) -> Int {
        guard cutsAtSpaces || splitsAtSpaces else {
            return min(end, start + WordMerger.longestWord)
        }
        var position = start
        if splitsAtSpaces {
            if isSpace(text, position, end) { position += 3 }
        } else {
            while isSpace(text, position, end) { position += 3 }
        }
        while position < end, !isSpace(text, position, end) { position += 1 }
        return position
    }

    @inline(__always)
    private func isSpace(_ text: UnsafeBufferPointer<UInt8>, _ position: Int, _ end: Int) -> Bool {
        position + 2 < end && text[position] == Self.space[0]
            && text[position + 1] == Self.space[1] && text[position + 2] == Self.space[2]
    }

    func encode(
        _ text: UnsafeBufferPointer<UInt8>, _ word: Range<Int>, with merger: inout WordMerger,
        into tokens: inout [Int32]
    ) {
        merger.removeAll()
        var position = word.lowerBound
        while position < word.upperBound {
            let (scalar, length) = UTF8Decoding.scalar(text, position, word.upperBound)
            let symbol = self.symbol(scalar, text, position..<position + length)
            // Below 0 it merges with nothing, and says which character it was.
            merger.append(symbol ?? ~Int32(position - word.lowerBound))
            position += length
        }
        merger.merge(merges)
        let first = tokens.count
        for symbol in merger.symbols {
            if symbol < 0 {
                let start = word.lowerBound + Int(~symbol)
                let length = UTF8Decoding.scalar(text, start, word.upperBound).length
                fallBack(to: text[start..<start + length], &tokens, first)
            } else if symbol < vocabulary.count {
                tokens.append(symbol)
            } else {
                var bytes: [UInt8] = []
                UTF8Decoding.append(extraCharacters[Int(symbol) - vocabulary.count], to: &bytes)
                fallBack(to: bytes, &tokens, first)
            }
        }
    }

    private func symbol(
        _ scalar: UInt32, _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>
    ) -> Int32? {
        if scalar < 128 {
            let id = asciiIDs[Int(scalar)]
            return id == Self.noSymbol ? nil : id
        }
        if let id = vocabulary.id(text, range), PieceTable.isPiece(vocabulary.kind(id)) {
            return id
        }
        return extraIDs.isEmpty ? nil : extraIDs[scalar]
    }

    /// Bytes where the vocabulary has them all, else the unknown token, once for a run of them in
    /// the word whose tokens begin at `first`.
    private func fallBack(to bytes: some Sequence<UInt8>, _ tokens: inout [Int32], _ first: Int) {
        let ids = bytes.map { byteTokens[Int($0)] }
        if !ids.contains(Self.noSymbol) {
            tokens.append(contentsOf: ids)
        } else if let unknownID,
            !fusesUnknown || tokens.count == first || tokens.last != unknownID
        {
            tokens.append(unknownID)
        }
    }

    // MARK: Decoding

    func bytes(of id: Int32) -> [UInt8] {
        let text = vocabulary.texts[Int(id)]
        switch vocabulary.kind(id) {
        case .byte:
            guard let byte = byteTokens.firstIndex(of: id) else { return Array(text) }
            return [UInt8(byte)]
        case .unused: return []
        case .control, .unknown: return Array(text)
        case .normal, .userDefined: return Self.withSpaces(text)
        }
    }

    /// The text with every `▁` as a space.
    static func withSpaces(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        var rest = text
        while let first = rest.first {
            if rest.starts(with: space) {
                result.append(UInt8(ascii: " "))
                rest = rest.dropFirst(space.count)
            } else {
                result.append(first)
                rest = rest.dropFirst()
            }
        }
        return result
    }
}

/// Where SentencePiece text gets the space that stands before its first word.
///
/// The versions of the reference differ; they agree on text without special tokens that does not
/// begin with a space.
package enum SpacePrefix: String, CaseIterable, Sendable {
    /// After every special token, and before spaces that are there: the normalizer of most
    /// tokenizer.json files, transformers 4 and llama.cpp.
    case everySegment = "every-segment"
    /// Only at the start of the text and only where it has no space: transformers 5.
    case firstSegment = "first-segment"
    /// After every added token, where there is no space: Metaspace with `always`.
    case unspacedSegment = "unspaced-segment"
}
