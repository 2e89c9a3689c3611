import Tensors

/// What one forward pass computes: rows of one or several sequences, one row a token.
///
/// Kept between passes and refilled, so that decoding allocates nothing.
package struct Pass: Sendable {
    /// Token, logical position and cache slot of each row, [T] each.
    package private(set) var tokens: [Int32] = []
    package private(set) var positions: [Int32] = []
    package private(set) var slots: [Int32] = []
    /// All rows in order, each in one sequence.
    package private(set) var sequences: [SequenceRows] = []
    /// The rows whose hidden states are wanted, ascending.
    package private(set) var outputs: [Int] = []

    package init() {}

    package var rowCount: Int { tokens.count }

    /// Forgets the rows and keeps the memory.
    package mutating func removeAll() {
        tokens.removeAll(keepingCapacity: true)
        positions.removeAll(keepingCapacity: true)
        slots.removeAll(keepingCapacity: true)
        sequences.removeAll(keepingCapacity: true)
        outputs.removeAll(keepingCapacity: true)
    }

    /// Adds the next rows of one sequence.
    ///
    /// - Parameters:
    ///   - spans: all cache slots of the sequence in logical order; the last `added.count` of them
    ///     are where the new rows go.
    ///   - outputs: indices into `added` of those whose hidden states are wanted.
    package mutating func append(
        _ added: ArraySlice<Int32>, spans: [Range<Int>], outputs: Range<Int>
    ) {
        let rows = SequenceRows(firstRow: tokens.count, count: added.count, spans: spans)
        let first = rows.length - added.count
        precondition(first >= 0 && !added.isEmpty, "a sequence's rows have slots of their own")
        for index in outputs { self.outputs.append(tokens.count + index - added.startIndex) }
        tokens.append(contentsOf: added)
        for row in 0..<added.count { positions.append(Int32(first + row)) }
        var start = 0
        for span in spans {
            for slot in span.dropFirst(max(first - start, 0)) { slots.append(Int32(slot)) }
            start += span.count
        }
        sequences.append(rows)
    }
}
