/// Merges the symbols of one word: lowest rank first, leftmost of equals.
///
/// Give it symbols with `append`, then `merge`; `symbols` is then the result. Storage is kept for
/// the next word. Complexity: O(n log n) for n symbols.
struct WordMerger {
    private(set) var symbols: [Int32] = []
    private var merges: [MergeTable.Packed] = []
    private var next: [Int32] = []
    private var previous: [Int32] = []
    private var queue = MergeQueue()

    /// Up to here looking at every pair each time is faster than a queue.
    private static let shortWord = 40
    /// Positions are 31 bits wide; nobody writes longer words.
    static let longestWord = 1 << 30

    mutating func removeAll() { symbols.removeAll(keepingCapacity: true) }

    @inline(__always) mutating func append(_ symbol: Int32) { symbols.append(symbol) }

    mutating func merge(_ table: MergeTable) {
        guard symbols.count > 1 else { return }
        merges.removeAll(keepingCapacity: true)
        for index in 1..<symbols.count {
            merges.append(table.find(symbols[index - 1], symbols[index]))
        }
        if symbols.count <= Self.shortWord { mergeShort(table) } else { mergeLong(table) }
    }

    private mutating func mergeShort(_ table: MergeTable) {
        while true {
            var best = MergeTable.none >> 32
            var place = -1
            for index in 0..<merges.count where merges[index] >> 32 < best {
                best = merges[index] >> 32
                place = index
            }
            guard place >= 0 else { return }
            symbols[place] = MergeTable.id(merges[place])
            symbols.remove(at: place + 1)
            merges.remove(at: place)
            if place < merges.count {
                merges[place] = table.find(symbols[place], symbols[place + 1])
            }
            if place > 0 {
                merges[place - 1] = table.find(symbols[place - 1], symbols[place])
            }
        }
    }

    /// With a queue over positions.
    ///
    /// `merges[i]` is the merge of the symbol at `i` with the next
    /// one; entries of the queue that no longer say so are passed over.
    private mutating func mergeLong(_ table: MergeTable) {
        let count = symbols.count
        merges.append(MergeTable.none)
        next.removeAll(keepingCapacity: true)
        previous.removeAll(keepingCapacity: true)
        for index in 0..<Int32(count) {
            next.append(index + 1)
            previous.append(index - 1)
        }
        queue.fill(merges)
        while let (rank, position) = queue.popFirst() {
            guard merges[position] != MergeTable.none, MergeTable.rank(merges[position]) == rank
            else { continue }
            symbols[position] = MergeTable.id(merges[position])
            let absorbed = Int(next[position])
            merges[absorbed] = MergeTable.none
            let following = Int(next[absorbed])
            next[position] = Int32(following)
            merges[position] = MergeTable.none
            if following < count {
                previous[following] = Int32(position)
                renew(position, following, table)
            }
            if previous[position] >= 0 { renew(Int(previous[position]), position, table) }
        }
        var kept = 0
        var position = 0
        while position < count {
            symbols[kept] = symbols[position]
            kept += 1
            position = Int(next[position])
        }
        symbols.removeLast(count - kept)
    }

    @inline(__always)
    private mutating func renew(_ left: Int, _ right: Int, _ table: MergeTable) {
        let merge = table.find(symbols[left], symbols[right])
        merges[left] = merge
        if merge != MergeTable.none { queue.push(rank: MergeTable.rank(merge), position: left) }
    }
}

/// A binary heap of (rank, position), the smallest first.
struct MergeQueue {
    private var heap: [UInt64] = []

    /// Takes the merges at their indices, in O(n).
    mutating func fill(_ merges: [MergeTable.Packed]) {
        heap.removeAll(keepingCapacity: true)
        for (position, merge) in merges.enumerated() where merge != MergeTable.none {
            heap.append(Self.entry(MergeTable.rank(merge), position))
        }
        for index in stride(from: heap.count / 2 - 1, through: 0, by: -1) { sink(index) }
    }

    mutating func push(rank: UInt32, position: Int) {
        let entry = Self.entry(rank, position)
        var index = heap.count
        heap.append(entry)
        while index > 0, heap[(index - 1) / 2] > entry {
            heap[index] = heap[(index - 1) / 2]
            index = (index - 1) / 2
        }
        heap[index] = entry
    }

    mutating func popFirst() -> (rank: UInt32, position: Int)? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        if !heap.isEmpty {
            heap[0] = last
            sink(0)
        }
        return (UInt32(first >> 32), Int(first & 0xFFFF_FFFF))
    }

    private mutating func sink(_ start: Int) {
        let entry = heap[start]
        var index = start
        while 2 * index + 1 < heap.count {
            var child = 2 * index + 1
            if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
            guard heap[child] < entry else { break }
            heap[index] = heap[child]
            index = child
        }
        heap[index] = entry
    }

    @inline(__always) private static func entry(_ rank: UInt32, _ position: Int) -> UInt64 {
        UInt64(rank) << 32 | UInt64(position)
    }
}
