/// The order in which a file keeps the rows of a matrix that GGUF keeps in another.
enum RowOrder: Hashable, Sendable {
    case asStored
    /// [heads, 3, headSize]: query, key and value of each head together, as GPT-NeoX has them;
    /// GGUF has all queries, then all keys, then all values.
    case fusedByHead(heads: Int)
    /// Each head's first half, then its second; GGUF wants the pairs of both side by side.
    case halvesByHead(heads: Int)

    /// The file's row that is GGUF's row `row` of `rows`.
    ///
    /// `rows` is a multiple of what the order speaks of; who made the order has checked that.
    func storedRow(of row: Int, rows: Int) -> Int {
        switch self {
        case .asStored: return row
        case .fusedByHead(let heads):
            let headSize = rows / heads / 3
            let (part, head) = (row / (heads * headSize), row / headSize % heads)
            return (head * 3 + part) * headSize + row % headSize
        case .halvesByHead(let heads):
            let headSize = rows / heads
            let (head, element) = (row / headSize, row % headSize)
            return head * headSize + element % 2 * (headSize / 2) + element / 2
        }
    }

    /// Copies rows of equal size into GGUF's order.
    func copy(
        _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer, rows: Int
    ) {
        let size = source.count / rows
        // Rows that stay together are copied together.
        let run =
            switch self {
            case .asStored: rows
            case .fusedByHead(let heads): rows / heads / 3
            case .halvesByHead: 1
            }
        for row in stride(from: 0, to: rows, by: run) {
            let first = storedRow(of: row, rows: rows) * size
            UnsafeMutableRawBufferPointer(rebasing: target[row * size..<(row + run) * size])
                .copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: source[first..<first + run * size]))
        }
    }
}
