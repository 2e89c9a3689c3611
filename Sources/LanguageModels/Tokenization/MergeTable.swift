/// Which two neighbouring tokens become one, and which pair goes first.
///
/// One table serves both kinds of BPE: the rank is a merge's line number in byte-level files, and
/// a token's score turned round in SentencePiece files, where equal scores share a rank.
struct MergeTable: Sendable {
    /// A merge as one number, rank above id, so that ranks compare by it.
    typealias Packed = UInt64

    /// More than ten times those of any model; ranks have 32 bits.
    static let largestCount = 1 << 24

    /// No merge: a rank after all others.
    static let none = Packed.max

    private struct Slot {
        var pair = UInt64.max
        var merge = MergeTable.none
    }

    private var slots: [Slot]
    private var mask: Int

    /// An empty table with room for `count` merges.
    init(capacity count: Int) {
        slots = [Slot](repeating: Slot(), count: ByteHash.slotCount(for: count))
        mask = slots.count - 1
    }

    @inline(__always) static func rank(_ merge: Packed) -> UInt32 { UInt32(merge >> 32) }
    @inline(__always) static func id(_ merge: Packed) -> Int32 {
        Int32(truncatingIfNeeded: merge)
    }

    /// The merge of two neighbours, or `none`.
    ///
    /// Symbols below 0 never merge.
    @inline(__always)
    func find(_ left: Int32, _ right: Int32) -> Packed {
        guard left | right >= 0 else { return Self.none }
        let pair = Self.pair(left, right)
        var slot = Int(truncatingIfNeeded: ByteHash.mixed(pair)) & mask
        while true {
            let found = slots[slot]
            if found.pair == pair { return found.merge }
            if found.pair == UInt64.max { return Self.none }
            slot = (slot + 1) & mask
        }
    }

    /// Adds a merge; of a pair that is named twice, the better rank stays.
    ///
    /// At most as many as the table was made for.
    mutating func insert(_ left: Int32, _ right: Int32, rank: UInt32, id: Int32) {
        let pair = Self.pair(left, right)
        let merge = Packed(rank) << 32 | Packed(UInt32(bitPattern: id))
        var slot = Int(truncatingIfNeeded: ByteHash.mixed(pair)) & mask
        while slots[slot].pair != UInt64.max {
            if slots[slot].pair == pair {
                if Self.rank(merge) < Self.rank(slots[slot].merge) { slots[slot].merge = merge }
                return
            }
            slot = (slot + 1) & mask
        }
        slots[slot] = Slot(pair: pair, merge: merge)
    }

    @inline(__always) private static func pair(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }
}

// MARK: - Listed merges

extension MergeTable {
    /// The merges that a file lists.
    ///
    /// Complexity: linear in the length of all of them.
    init(_ description: TokenizerDescription, _ vocabulary: Vocabulary) throws(TokenizerProblem) {
        let arePairs = !description.mergePairs.isEmpty
        let list = arePairs ? description.mergePairs : description.merges
        let count = arePairs ? list.count / 2 : list.count
        guard count <= Self.largestCount else {
            throw .tooLarge(key: "merges", found: count, limit: Self.largestCount, unit: "merges")
        }
        self.init(capacity: count)
        let failure = list.bytes.withUnsafeBufferPointer { bytes -> TokenizerProblem? in
            var joined: [UInt8] = []
            var latest: Int32 = 0
            for index in 0..<count {
                func text() -> String {
                    arePairs
                        ? list.text(2 * index) + " " + list.text(2 * index + 1) : list.text(index)
                }
                let sides =
                    arePairs
                    ? (list.range(2 * index), list.range(2 * index + 1))
                    : Self.sides(bytes, list.range(index))
                guard let (left, right) = sides else {
                    return .malformedMerge(index: index, text: text())
                }
                func missing(_ token: some Sequence<UInt8>) -> TokenizerProblem {
                    .mergeOfUnknownToken(
                        index: index, merge: text(),
                        token: String(decoding: Array(token), as: UTF8.self))
                }
                guard let leftID = vocabulary.id(bytes, left) else { return missing(bytes[left]) }
                guard let rightID = vocabulary.id(bytes, right) else {
                    return missing(bytes[right])
                }
                let id = vocabulary.id(bytes, left, right, guess: latest, scratch: &joined)
                guard let id else { return missing(joined) }
                latest = id
                insert(leftID, rightID, rank: UInt32(index), id: id)
            }
            return nil
        }
        if let failure { throw failure }
    }

    /// Both sides of a line `a b`.
    private static func sides(_ bytes: UnsafeBufferPointer<UInt8>, _ line: Range<Int>)
        -> (Range<Int>, Range<Int>)?
    {
        guard let gap = bytes[line].dropFirst().firstIndex(of: UInt8(ascii: " ")),
            gap + 1 < line.upperBound
        else { return nil }
        return (line.lowerBound..<gap, gap + 1..<line.upperBound)
    }
}
