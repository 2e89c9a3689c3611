/// The tokens of a file: their text, what they are for, and the id of a text.
struct Vocabulary: Sendable {
    /// Ids are 32 bits wide, and SentencePiece's tables need some beyond the tokens.
    static let largestCount = 1 << 24
    /// Real ones stay below 1,000 bytes; some steps take time with the square of it.
    static let longestToken = 1 << 12

    /// As the file has them; byte-level tokens are spelled in `ByteAlphabet`.
    let texts: ByteStrings
    private let kinds: [TokenKind]
    /// Open addressing; -1 is free.
    ///
    /// Of tokens with equal text only the first is in it.
    private let slots: [Int32]

    init(_ description: TokenizerDescription) throws(TokenizerError) {
        texts = description.tokens
        let count = texts.count
        guard count > 0 else { throw .emptyVocabulary }
        guard count <= Self.largestCount else { throw .vocabularyTooLarge(count) }
        for index in 0..<count where texts.range(index).count > Self.longestToken {
            throw .tokenTooLong(token: index, length: texts.range(index).count)
        }
        kinds = try Self.kinds(description.tokenTypes, texts)
        slots = Self.table(texts)
    }

    var count: Int { texts.count }

    func contains(_ id: Int32) -> Bool { id >= 0 && id < count }

    func kind(_ id: Int32) -> TokenKind { kinds[Int(id)] }

    /// The first token with this text.
    func id(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Int32? {
        texts.bytes.withUnsafeBufferPointer { stored in
            let mask = slots.count - 1
            var slot = Int(truncatingIfNeeded: ByteHash.of(bytes, range)) & mask
            while slots[slot] >= 0 {
                let candidate = texts.range(Int(slots[slot]))
                if Self.equal(stored, candidate, bytes, range) { return slots[slot] }
                slot = (slot + 1) & mask
            }
            return nil
        }
    }

    func id(_ text: some Sequence<UInt8>) -> Int32? {
        Array(text).withUnsafeBufferPointer { id($0, 0..<$0.count) }
    }

    private static func kinds(_ types: [Int32], _ texts: ByteStrings) throws(TokenizerError)
        -> [TokenKind]
    {
        let count = texts.count
        if types.isEmpty { return [TokenKind](repeating: .normal, count: count) }
        guard types.count == count else {
            throw .lengthMismatch(key: "token_type", wanted: count, found: types.count)
        }
        var kinds: [TokenKind] = []
        kinds.reserveCapacity(count)
        for (index, type) in types.enumerated() {
            guard let kind = TokenKind(rawValue: type) else {
                throw .unknownTokenType(token: index, type: type)
            }
            // Converters fill the matrix's unused rows with `[PAD<id>]` and call it user-defined.
            let isFiller =
                kind == .userDefined && texts[index].starts(with: "[PAD".utf8)
                && texts[index].elementsEqual("[PAD\(index)]".utf8)
            kinds.append(isFiller ? .unused : kind)
        }
        return kinds
    }

    private static func table(_ texts: ByteStrings) -> [Int32] {
        var slots = [Int32](repeating: -1, count: ByteHash.slotCount(for: texts.count))
        let mask = slots.count - 1
        texts.bytes.withUnsafeBufferPointer { bytes in
            next: for index in 0..<texts.count {
                let range = texts.range(index)
                var slot = Int(truncatingIfNeeded: ByteHash.of(bytes, range)) & mask
                while slots[slot] >= 0 {
                    if equal(bytes, texts.range(Int(slots[slot])), bytes, range) { continue next }
                    slot = (slot + 1) & mask
                }
                slots[slot] = Int32(index)
            }
        }
        return slots
    }

    @inline(__always)
    private static func equal(
        _ a: UnsafeBufferPointer<UInt8>, _ aRange: Range<Int>, _ b: UnsafeBufferPointer<UInt8>,
        _ bRange: Range<Int>
    ) -> Bool {
        guard aRange.count == bRange.count else { return false }
        for offset in 0..<aRange.count
        where a[aRange.lowerBound + offset] != b[bRange.lowerBound + offset] {
            return false
        }
        return true
    }
}
