/// Consecutive rows of a pass that belong to one sequence.
///
/// The rows are the sequence's last positions: row i of `count` stands at logical position
/// `length - count + i` and sees every position up to its own.
package struct SequenceRows: Hashable, Sendable {
    /// Index in the pass of the first of the rows.
    package var firstRow: Int
    package var count: Int
    /// Cache slots of the sequence in logical order, those of the rows themselves last.
    ///
    /// Sequences with a common beginning name the same slots for it.
    package var spans: [Range<Int>]

    package init(firstRow: Int, count: Int, spans: [Range<Int>]) {
        self.firstRow = firstRow
        self.count = count
        self.spans = spans
    }

    /// Positions of the sequence, the rows' own included.
    package var length: Int { spans.reduce(0) { $0 + $1.count } }
}
