/// The merges of a SentencePiece vocabulary: those that its file lists, or those that its scores
/// imply, which are all ways to make a piece of two symbols.
struct PieceTable {
    private let vocabulary: Vocabulary
    private(set) var merges = MergeTable(capacity: 0)
    private var found: [(left: Int32, right: Int32, piece: Int32)] = []
    /// Characters of pieces that are no piece themselves, in the order of their ids.
    private(set) var extraCharacters: [UInt32] = []
    private(set) var extraIDs: [UInt32: Int32] = [:]
    /// No piece has a `▁` after another character.
    private(set) var cutsAtSpaces = true

    static let space: UInt32 = 0x2581

    /// How many ways to make a piece of two symbols the scores imply.
    var impliedCount: Int { found.count }

    /// - Parameter scores: one a token; the highest is merged first, equal ones as equals.
    init(_ vocabulary: Vocabulary, scores: [Float]) throws(TokenizerProblem) {
        guard scores.count == vocabulary.count else {
            throw .lengthMismatch(key: "scores", wanted: vocabulary.count, found: scores.count)
        }
        if let token = scores.firstIndex(where: \.isNaN) { throw .scoreIsNotANumber(token: token) }
        self.vocabulary = vocabulary
        addMerges()
        merges = table(scores)
    }

    init(_ vocabulary: Vocabulary, merges description: TokenizerDescription)
        throws(TokenizerProblem)
    {
        self.vocabulary = vocabulary
        merges = try MergeTable(description, vocabulary)
        let texts = vocabulary.texts
        cutsAtSpaces = texts.bytes.withUnsafeBufferPointer { bytes in
            (0..<texts.count).allSatisfy {
                !Self.isPiece(vocabulary.kind(Int32($0)))
                    || Self.hasSpacesInFrontOnly(bytes, texts.range($0))
            }
        }
    }

    private static func hasSpacesInFrontOnly(
        _ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>
    ) -> Bool {
        var isFront = true
        var position = range.lowerBound
        while position < range.upperBound {
            let (scalar, length) = UTF8Decoding.scalar(bytes, position, range.upperBound)
            if scalar != space { isFront = false } else if !isFront { return false }
            position += length
        }
        return true
    }

    /// Whether tokens of a kind come out of merging; the others are matched whole or never.
    static func isPiece(_ kind: TokenKind) -> Bool { kind == .normal || kind == .userDefined }

    /// The symbol of a character, if merging knows it.
    func symbol(_ scalar: UInt32) -> Int32? {
        var bytes: [UInt8] = []
        UTF8Decoding.append(scalar, to: &bytes)
        if let id = vocabulary.id(bytes), Self.isPiece(vocabulary.kind(id)) { return id }
        return extraIDs[scalar]
    }

    /// Complexity: linear in the length of all pieces, times the length of a piece.
    private mutating func addMerges() {
        let texts = vocabulary.texts
        texts.bytes.withUnsafeBufferPointer { bytes in
            for id in 0..<Int32(vocabulary.count) {
                let range = texts.range(Int(id))
                // A text that an earlier token has too belongs to that token.
                guard Self.isPiece(vocabulary.kind(id)), vocabulary.id(bytes, range) == id else {
                    continue
                }
                addMerges(of: id, bytes, range)
            }
        }
    }

    private mutating func addMerges(
        of id: Int32, _ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>
    ) {
        var cut = range.lowerBound
        var previous: UInt32?
        while cut < range.upperBound {
            let (scalar, length) = UTF8Decoding.scalar(bytes, cut, range.upperBound)
            if let previous {
                if scalar == Self.space, previous != Self.space { cutsAtSpaces = false }
                if let left = symbol(bytes, range.lowerBound..<cut),
                    let right = symbol(bytes, cut..<range.upperBound)
                {
                    found.append((left, right, id))
                }
            }
            previous = scalar
            cut += length
        }
    }

    private mutating func symbol(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Int32?
    {
        if let id = vocabulary.id(bytes, range), Self.isPiece(vocabulary.kind(id)) { return id }
        let (scalar, length) = UTF8Decoding.scalar(bytes, range.lowerBound, range.upperBound)
        guard length == range.count, scalar < UTF8Decoding.notUTF8 else { return nil }
        if let id = extraIDs[scalar] { return id }
        let id = Int32(vocabulary.count + extraCharacters.count)
        extraCharacters.append(scalar)
        extraIDs[scalar] = id
        return id
    }

    private func table(_ scores: [Float]) -> MergeTable {
        var table = MergeTable(capacity: found.count)
        for merge in found {
            // Float bits in the order of their values, then turned round.
            let bits = scores[Int(merge.piece)].bitPattern
            let ascending = bits >> 31 == 1 ? ~bits : bits | 1 << 31
            table.insert(merge.left, merge.right, rank: ~ascending, id: merge.piece)
        }
        return table
    }
}
