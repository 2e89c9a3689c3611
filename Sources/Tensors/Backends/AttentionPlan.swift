import CKernels

/// How the rows of a pass are dealt out for attention; the same in every layer.
///
/// A *tile* is some rows of one sequence, which go through all its blocks of positions in order:
/// for prompts. A *unit* is one block with the rows of every sequence that sees the same slots in
/// it: for decoding, where few rows see many positions. What units compute is merged afterwards,
/// in the order of the blocks, so that both ways give the same numbers.
///
/// Refilled by each pass; its arrays keep their memory. A value, so that threads read a copy of
/// their own: counting references to what they share would have each wait for the others.
struct AttentionPlan {
    /// A run of adjacent slots within a block.
    struct Piece: Hashable {
        /// Position in the block.
        var first: Int
        var slot: Int
        var count: Int
    }

    struct Tile {
        var sequence: Int
        /// Within the sequence's rows.
        var firstRow: Int
        var count: Int
    }

    struct Unit {
        var sequence: Int
        var block: Int
        /// Into `unitRows`; a unit's states stand at the same places.
        var firstRow: Int
        var count: Int
    }

    /// A row in a unit.
    struct UnitRow {
        var row: Int
        /// Positions of the block that it sees.
        var seen: Int
        /// Into `unitRows`: the same row in the next block's unit, -1 after the last.
        var next: Int
    }

    /// Positions of a block.
    static let block = CK_ATTENTION_BLOCK
    /// Rows of a sequence up to which its blocks are dealt out one by one.
    private static let unitRowLimit = 16
    /// Rows times query heads a key/value head of a tile.
    private static let tileRows = 96

    private(set) var tiles: [Tile] = []
    private(set) var units: [Unit] = []
    private(set) var unitRows: [UnitRow] = []
    /// Into `unitRows`: each row's first block.
    private(set) var firstUnitRows: [Int] = []
    private(set) var pieces: [Piece] = []
    /// Into `pieces`: where each block of each sequence begins, and the end of them all.
    private var pieceStarts: [Int] = []
    /// Into `pieceStarts`: a sequence's first block.
    private var blockStarts: [Int] = []
    /// Per sequence: its first row, and that row's position.
    private(set) var firstRows: [Int] = []
    private(set) var firstPositions: [Int] = []
    /// What the plan was made for, flat: comparing and keeping it takes no memory.
    private var signature: [Int] = []
    private var blockOfLastUnit: [Int] = []
    private var lastUnitRows: [Int] = []

    /// Into `pieces`: positions and slots of one block of one sequence.
    func pieces(sequence: Int, block: Int) -> Range<Int> {
        let index = blockStarts[sequence] + block
        return pieceStarts[index]..<pieceStarts[index + 1]
    }

    /// Whether pieces begin at the first slot of a group of so many.
    func areWholeGroups(_ places: Range<Int>, of group: Int) -> Bool {
        for index in places where pieces[index].slot % group != 0 { return false }
        return true
    }

    /// - Parameter group: query heads of a key/value head.
    mutating func update(for sequences: [SequenceRows], group: Int) {
        if matches(sequences, group: group) { return }
        tiles.removeAll(keepingCapacity: true)
        units.removeAll(keepingCapacity: true)
        unitRows.removeAll(keepingCapacity: true)
        firstUnitRows.removeAll(keepingCapacity: true)
        layOut(sequences)
        let tileRows = max(Self.tileRows / group, 1)
        for (index, sequence) in sequences.enumerated() where !isDealtByBlock(sequence) {
            for first in stride(from: 0, to: sequence.count, by: tileRows) {
                tiles.append(
                    Tile(
                        sequence: index, firstRow: first,
                        count: min(tileRows, sequence.count - first)))
            }
        }
        // The dearest first, so that threads end together.
        let firstPositions = firstPositions
        func cost(_ tile: Tile) -> Int {
            (firstPositions[tile.sequence] + tile.firstRow + tile.count) * tile.count
        }
        if tiles.count > 1 { tiles.sort { cost($0) > cost($1) } }
        addUnits(sequences)
    }

    private func isDealtByBlock(_ sequence: SequenceRows) -> Bool {
        sequence.count <= Self.unitRowLimit
    }

    /// True when the plan was made for just these; else keeps what it is made for from now on.
    private mutating func matches(_ sequences: [SequenceRows], group: Int) -> Bool {
        var index = 0
        var isSame = true
        func visit(_ value: Int) {
            if index < signature.count {
                if signature[index] != value {
                    isSame = false
                    signature[index] = value
                }
            } else {
                isSame = false
                signature.append(value)
            }
            index += 1
        }
        visit(group)
        for sequence in sequences {
            visit(sequence.firstRow)
            visit(sequence.count)
            visit(sequence.spans.count)
            for span in sequence.spans {
                visit(span.lowerBound)
                visit(span.upperBound)
            }
        }
        if index < signature.count {
            signature.removeLast(signature.count - index)
            isSame = false
        }
        return isSame
    }

    /// Cuts every sequence into blocks, and those where its spans end.
    private mutating func layOut(_ sequences: [SequenceRows]) {
        pieces.removeAll(keepingCapacity: true)
        pieceStarts.removeAll(keepingCapacity: true)
        blockStarts.removeAll(keepingCapacity: true)
        firstPositions.removeAll(keepingCapacity: true)
        firstRows.removeAll(keepingCapacity: true)
        for sequence in sequences {
            blockStarts.append(pieceStarts.count)
            var position = 0
            for span in sequence.spans {
                var slot = span.lowerBound
                while slot < span.upperBound {
                    let first = position % Self.block
                    if first == 0 { pieceStarts.append(pieces.count) }
                    let count = min(span.upperBound - slot, Self.block - first)
                    if first > 0, let last = pieces.last, last.slot + last.count == slot {
                        pieces[pieces.count - 1].count += count
                    } else {
                        pieces.append(Piece(first: first, slot: slot, count: count))
                    }
                    slot += count
                    position += count
                }
            }
            firstRows.append(sequence.firstRow)
            firstPositions.append(position - sequence.count)
            // The end of the last block, beside the start of the next sequence's first.
            pieceStarts.append(pieces.count)
        }
        blockStarts.append(pieceStarts.count)
    }

    private func blockCount(_ sequence: Int) -> Int {
        blockStarts[sequence + 1] - blockStarts[sequence] - 1
    }

    private mutating func addUnits(_ sequences: [SequenceRows]) {
        var rowCount = 0
        var blocks = 0
        for (index, sequence) in sequences.enumerated() where isDealtByBlock(sequence) {
            rowCount = max(rowCount, sequence.firstRow + sequence.count)
            blocks = max(blocks, blockCount(index))
        }
        blockOfLastUnit.removeAll(keepingCapacity: true)
        lastUnitRows.removeAll(keepingCapacity: true)
        for _ in sequences { blockOfLastUnit.append(-1) }
        for _ in 0..<rowCount { lastUnitRows.append(-1) }
        for block in 0..<blocks {
            for (index, sequence) in sequences.enumerated()
            where isDealtByBlock(sequence) && block < blockCount(index)
                && blockOfLastUnit[index] < block
            {
                let first = unitRows.count
                addRows(of: sequence, index, block: block)
                if isWhole(index, block) {
                    for other in index + 1..<max(sequences.count, index + 1)
                    where shares(other, sequences[other], block, with: index) {
                        addRows(of: sequences[other], other, block: block)
                    }
                }
                units.append(
                    Unit(
                        sequence: index, block: block, firstRow: first,
                        count: unitRows.count - first))
            }
        }
    }

    private mutating func addRows(of sequence: SequenceRows, _ index: Int, block: Int) {
        blockOfLastUnit[index] = block
        for row in 0..<sequence.count {
            let seen = min(firstPositions[index] + row + 1 - block * Self.block, Self.block)
            if seen <= 0 { continue }
            let place = unitRows.count
            let row = sequence.firstRow + row
            unitRows.append(UnitRow(row: row, seen: seen, next: -1))
            if lastUnitRows[row] >= 0 {
                unitRows[lastUnitRows[row]].next = place
            } else {
                firstUnitRows.append(place)
            }
            lastUnitRows[row] = place
        }
    }

    /// A full block of adjacent slots that every row of its sequence sees.
    private func isWhole(_ sequence: Int, _ block: Int) -> Bool {
        let places = pieces(sequence: sequence, block: block)
        return places.count == 1 && pieces[places.lowerBound].count == Self.block
            && firstPositions[sequence] >= (block + 1) * Self.block
    }

    private func shares(
        _ other: Int, _ sequence: SequenceRows, _ block: Int, with index: Int
    ) -> Bool {
        isDealtByBlock(sequence) && block < blockCount(other) && blockOfLastUnit[other] < block
            && isWhole(other, block)
            && pieces[pieces(sequence: other, block: block)]
                == pieces[pieces(sequence: index, block: block)]
    }
}
