import CKernels
import COpenBLAS

/// Products with weights that do not change, in f32 whatever the weights are stored in: a piece of
/// the matrix becomes f32 in a thread's own memory and goes to BLAS. f32 weights are multiplied
/// where they are mapped. `roundedProduct` is what matrices that were asked for with bf16 products
/// take instead.
///
/// The pieces depend on the shapes alone, so results do not depend on the number of threads.
extension CPUBackend {
    /// - Parameter rounded: by bf16 products, on a processor with them (`hasRoundedProducts`).
    package func makeFrozenMatrix(_ host: HostMatrix, rounded: Bool = false) -> CPUMatrix {
        precondition(!rounded || Self.hasRoundedProducts, "the processor has bf16 products")
        return CPUMatrix(host, panels: nil, isRounded: rounded)
    }

    /// out[t, r] = dot(W[r], x[t]).
    ///
    /// x: [T, columns], out: [T, rows].
    package func product(
        _ matrix: CPUMatrix, _ x: BufferColumns, into out: BufferColumns, rows: Int
    ) {
        precondition(x.width == matrix.columns && out.width == matrix.rows, "shapes fit")
        if matrix.isRounded { return roundedProduct(matrix, x, into: out, rows: rows) }
        let tokens = FrozenPieces.tokens(rows)
        let parts = Pieces(of: matrix.rows, about: FrozenPieces.limit)
        pool.run(tokens.count * parts.count) { item, thread in
            let (token, part) = (tokens[item % tokens.count], parts[item / tokens.count])
            let (weights, stride) = piece(
                of: matrix, rows: part, columns: 0..<matrix.columns, thread: thread)
            multiplyDense(
                token.count, part.count, matrix.columns, x.row(token.lowerBound), x.stride, weights,
                stride, turned: true, into: out.row(token.lowerBound) + part.lowerBound, out.stride)
        }
    }

    /// dx[t, c] = sum over r of dy[t, r] * W[r, c], added to what is there when `accumulating`.
    ///
    /// dy: [T, rows], dx: [T, columns].
    package func productGradient(
        _ matrix: CPUMatrix, _ dy: BufferColumns, into dx: BufferColumns, rows: Int,
        accumulating: Bool
    ) {
        precondition(dx.width == matrix.columns && dy.width == matrix.rows, "shapes fit")
        if matrix.isRounded {
            return roundedProductGradient(
                matrix, dy, into: dx, rows: rows, accumulating: accumulating)
        }
        let tokens = FrozenPieces.tokens(rows)
        let parts = Pieces(
            of: matrix.columns, about: FrozenPieces.limit,
            multipleOf: max(matrix.host.format.blockElements, 16))
        // Stored as f32, all rows are one piece.
        let height = matrix.type == Int32(CK_F32.rawValue) ? matrix.rows : FrozenPieces.limit
        pool.run(tokens.count * parts.count) { item, thread in
            let (token, part) = (tokens[item % tokens.count], parts[item / tokens.count])
            for first in stride(from: 0, to: matrix.rows, by: height) {
                let inner = first..<min(first + height, matrix.rows)
                let (weights, stride) = piece(
                    of: matrix, rows: inner, columns: part, thread: thread)
                multiplyDense(
                    token.count, part.count, inner.count,
                    dy.row(token.lowerBound) + inner.lowerBound, dy.stride, weights, stride,
                    into: dx.row(token.lowerBound) + part.lowerBound, dx.stride,
                    adding: accumulating || first > 0)
            }
        }
    }

    /// Elements of W as f32 and the distance of their rows; columns are whole blocks.
    func piece(
        of matrix: CPUMatrix, rows: Range<Int>, columns: Range<Int>, thread: Int
    ) -> (UnsafePointer<Float>, stride: Int) {
        if matrix.type == Int32(CK_F32.rawValue) {
            let start = matrix.host.data + rows.lowerBound * matrix.host.rowBytes
            return (
                start.assumingMemoryBound(to: Float.self) + columns.lowerBound, matrix.columns
            )
        }
        let memory = scratch[thread].panel(rows.count * columns.count)
        for (index, row) in rows.enumerated() {
            matrix.dequantize(
                row: row, first: columns.lowerBound, count: columns.count,
                into: memory + index * columns.count)
        }
        return (UnsafePointer(memory), columns.count)
    }
}

/// out [m, n] = x [m, k] times w, which is [k, n], or [n, k] when `turned`; by this thread.
func multiplyDense(
    _ m: Int, _ n: Int, _ k: Int, _ x: UnsafePointer<Float>, _ xStride: Int,
    xTurned: Bool = false, _ w: UnsafePointer<Float>, _ wStride: Int, turned: Bool = false,
    into out: UnsafeMutablePointer<Float>, _ outStride: Int, scale: Float = 1, adding: Bool = false
) {
    cblas_sgemm(
        CblasRowMajor, xTurned ? CblasTrans : CblasNoTrans, turned ? CblasTrans : CblasNoTrans,
        Int32(m), Int32(n), Int32(k), scale, x, Int32(xStride), w, Int32(wStride),
        adding ? 1 : 0, out, Int32(outStride))
}

/// How products are cut up: large enough for BLAS to copy little in relation to what it computes.
private enum FrozenPieces {
    /// Rows, or columns, of W.
    static let limit = 512

    /// Two pieces at least, for narrow matrices have one only.
    static func tokens(_ count: Int) -> Pieces {
        Pieces(of: count, about: max(64, min(limit, (count + 1) / 2)))
    }
}

/// Equal pieces of a range from 0.
struct Pieces {
    let total: Int
    let size: Int
    let count: Int

    init(of total: Int, about size: Int, multipleOf unit: Int = 1) {
        let count = max(1, (total + size - 1) / size)
        let units = (total + unit - 1) / unit
        self.total = total
        self.size = max(unit, (units + count - 1) / count * unit)
        self.count = (total + self.size - 1) / self.size
    }

    subscript(index: Int) -> Range<Int> { index * size..<min((index + 1) * size, total) }
}
