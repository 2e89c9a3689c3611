import CKernels

/// Products with frozen weights by bf16 dot products: weights and activations are rounded to bf16
/// (8 bits of precision), sums are f32.
///
/// Each sum is over one row's elements in their order, so results do not depend on threads.
extension CPUBackend {
    /// Whether this processor has bf16 dot products.
    package static var hasRoundedProducts: Bool { ck_has_bf16_products() }

    /// `product` by bf16 products.
    func roundedProduct(
        _ matrix: CPUMatrix, _ x: BufferColumns, into out: BufferColumns, rows: Int
    ) {
        let columns = matrix.columns
        withRounded(x, rows: rows) { input in
            forEachShare(of: matrix.rows, multipleOf: RoundedPieces.rows) { share, thread in
                for first in stride(from: 0, to: columns, by: RoundedPieces.columns) {
                    let part = first..<min(first + RoundedPieces.columns, columns)
                    for row in stride(
                        from: share.lowerBound, to: share.upperBound, by: RoundedPieces.rows)
                    {
                        let range = row..<min(row + RoundedPieces.rows, share.upperBound)
                        let (type, weights, rowBytes) = halves(
                            of: matrix, rows: range, columns: part, thread: thread)
                        ck_float_block(
                            type, weights, Int64(rowBytes), Int64(range.count), Int64(first),
                            Int64(columns), input, out.data + row, Int64(out.stride),
                            scratch[thread].product(bytes: Int(CK_FLOAT_SCRATCH_BYTES)))
                    }
                }
            }
        }
    }

    /// `productGradient` by bf16 products: the columns of W are rows of its transpose.
    func roundedProductGradient(
        _ matrix: CPUMatrix, _ dy: BufferColumns, into dx: BufferColumns, rows: Int,
        accumulating: Bool
    ) {
        let unit = max(matrix.host.format.blockElements, RoundedPieces.rows)
        withRounded(dy, rows: rows) { input in
            forEachShare(of: matrix.columns, multipleOf: unit) { share, thread in
                for first in stride(from: 0, to: matrix.rows, by: RoundedPieces.columns) {
                    let inner = first..<min(first + RoundedPieces.columns, matrix.rows)
                    let (weights, width) = piece(
                        of: matrix, rows: inner, columns: share, thread: thread)
                    for column in stride(from: 0, to: share.count, by: RoundedPieces.rows) {
                        ck_transposed_block(
                            weights + column, Int64(width),
                            Int64(min(RoundedPieces.rows, share.count - column)), Int64(first),
                            Int64(matrix.rows), input, dx.data + share.lowerBound + column,
                            Int64(dx.stride), accumulating || first > 0,
                            scratch[thread].product(bytes: Int(CK_FLOAT_SCRATCH_BYTES)))
                    }
                }
            }
        }
    }

    private func withRounded(
        _ x: BufferColumns, rows: Int, _ body: (UnsafePointer<ck_float_activations>) -> Void
    ) {
        let (width, count) = (Int64(x.width), Int64(rows))
        let buffer = roundedMemory.grown(to: ck_rounded_bytes(width, count))
            .assumingMemoryBound(to: UInt16.self)
        pool.run(Int(ck_rounded_tiles(count))) { tile, _ in
            ck_round_tile(width, count, Int64(tile), x.data, Int64(x.stride), buffer)
        }
        let input = ck_float_activations(
            rows: x.data, stride: Int64(x.stride), count: count, turned: nil, rounded: buffer)
        withUnsafePointer(to: input, body)
    }

    private func forEachShare(
        of count: Int, multipleOf unit: Int, _ body: (Range<Int>, _ thread: Int) -> Void
    ) {
        let shares = Pieces(of: count, about: 64, multipleOf: unit)
        pool.run(shares.count) { item, thread in body(shares[item], thread) }
    }

    /// At most 16 rows of W as f16 or bf16, and the bytes from row to row.
    private func halves(
        of matrix: CPUMatrix, rows: Range<Int>, columns: Range<Int>, thread: Int
    ) -> (type: Int32, UnsafeRawPointer, rowBytes: Int) {
        if matrix.isHalf {
            let host = matrix.host
            let start = host.data + rows.lowerBound * host.rowBytes
            return (matrix.type, start + 2 * columns.lowerBound, host.rowBytes)
        }
        let (weights, width) = piece(of: matrix, rows: rows, columns: columns, thread: thread)
        let rounded = scratch[thread].rounded(RoundedPieces.rows * RoundedPieces.columns)
        for row in 0..<rows.count {
            ck_round(
                Int64(columns.count), weights + row * width, rounded + row * RoundedPieces.columns)
        }
        return (Int32(CK_BF16.rawValue), UnsafeRawPointer(rounded), 2 * RoundedPieces.columns)
    }
}

/// Blocks of one panel, as bf16 products want them.
private enum RoundedPieces {
    static let rows = Int(CK_FLOAT_PANEL_ROWS)
    static let columns = Int(CK_FLOAT_BLOCK_COLUMNS)
}
