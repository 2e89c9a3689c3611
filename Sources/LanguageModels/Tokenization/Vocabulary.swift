/// The tokens of a file: their text, what they are for, and the id of a text.
struct Vocabulary: Sendable {
    /// Ids are 32 bits wide, and SentencePiece's tables need some beyond the tokens.
    static let largestCount = 1 << 24
    static let mostBytes = 1 << 28
    /// Real ones stay below 1,000 bytes; some steps take time with the square of it.
    static let longestToken = 1 << 12

    /// As the file has them; byte-level tokens are spelled in `ByteAlphabet`.
    let texts: ByteStrings
    private let kinds: [TokenKind]
    /// Open addressing.
    ///
    /// Of tokens with equal text only the first is in it.
    private let slots: [Slot]
    /// No two tokens have the same text.
    private let areTextsUnique: Bool

    private struct Slot {
        /// Part of the text's hash: most texts that differ are told apart without looking at them.
        var tag: UInt32 = 0
        /// -1 for a free slot.
        var token: Int32 = -1

        init() {}
        init(_ hash: UInt64, _ token: Int) {
            tag = UInt32(truncatingIfNeeded: hash >> 32)
            self.token = Int32(token)
        }
    }

    init(_ description: TokenizerDescription) throws(TokenizerProblem) {
        texts = description.tokens
        let count = texts.count
        guard count > 0 else { throw .emptyVocabulary }
        guard count <= Self.largestCount else {
            throw .tooLarge(
                key: "tokens", found: count, limit: Self.largestCount, unit: "tokens")
        }
        guard texts.bytes.count <= Self.mostBytes else {
            throw .tooLarge(
                key: "tokens", found: texts.bytes.count, limit: Self.mostBytes, unit: "bytes")
        }
        for index in 0..<count where texts.range(index).count > Self.longestToken {
            throw .tokenTooLong(token: index, length: texts.range(index).count)
        }
        kinds = try Self.kinds(description.tokenTypes, texts)
        slots = Self.table(texts)
        areTextsUnique = slots.count { $0.token >= 0 } == count
    }

    var count: Int { texts.count }

    func contains(_ id: Int32) -> Bool { id >= 0 && id < count }

    func kind(_ id: Int32) -> TokenKind { kinds[Int(id)] }

    /// The first token with this text.
    func id(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Int32? {
        texts.bytes.withUnsafeBufferPointer { stored in
            let hash = ByteHash.of(bytes, range)
            let tag = UInt32(truncatingIfNeeded: hash >> 32)
            let mask = slots.count - 1
            var place = Int(truncatingIfNeeded: hash) & mask
            while case let slot = slots[place], slot.token >= 0 {
                if slot.tag == tag,
                    Self.equal(stored, texts.range(Int(slot.token)), bytes, range)
                {
                    return slot.token
                }
                place = (place + 1) & mask
            }
            return nil
        }
    }

    /// The token whose text is these two together; `guess` and the one after it are tried first.
    ///
    /// Merges are listed in the order of the tokens that they make, so a good guess saves most of
    /// the time that a large table's random accesses take.
    func id(
        _ bytes: UnsafeBufferPointer<UInt8>, _ left: Range<Int>, _ right: Range<Int>,
        guess: Int32, scratch: inout [UInt8]
    ) -> Int32? {
        scratch.removeAll(keepingCapacity: true)
        scratch.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[left]))
        scratch.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[right]))
        return scratch.withUnsafeBufferPointer { joined in
            if areTextsUnique {
                for candidate in guess...guess + 1 where contains(candidate) {
                    let isIt = texts.bytes.withUnsafeBufferPointer {
                        Self.equal($0, texts.range(Int(candidate)), joined, 0..<joined.count)
                    }
                    if isIt { return candidate }
                }
            }
            return id(joined, 0..<joined.count)
        }
    }

    func id(_ text: some Sequence<UInt8>) -> Int32? {
        Array(text).withUnsafeBufferPointer { id($0, 0..<$0.count) }
    }

    private static func kinds(_ types: [Int32], _ texts: ByteStrings) throws(TokenizerProblem)
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

    private static func table(_ texts: ByteStrings) -> [Slot] {
        var slots = [Slot](repeating: Slot(), count: ByteHash.slotCount(for: texts.count))
        let mask = slots.count - 1
        texts.bytes.withUnsafeBufferPointer { bytes in
            next: for index in 0..<texts.count {
                let range = texts.range(index)
                let hash = ByteHash.of(bytes, range)
                let new = Slot(hash, index)
                var place = Int(truncatingIfNeeded: hash) & mask
                while case let slot = slots[place], slot.token >= 0 {
                    if slot.tag == new.tag,
                        equal(bytes, texts.range(Int(slot.token)), bytes, range)
                    {
                        continue next
                    }
                    place = (place + 1) & mask
                }
                slots[place] = new
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
