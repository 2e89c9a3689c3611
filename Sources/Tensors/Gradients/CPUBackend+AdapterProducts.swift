import CKernels

/// Products with the narrow matrices of an adapter, A [r, in] and B [out, r], and their gradients.
extension CPUBackend {
    /// out = x Wᵀ * scale, added to what is there when `accumulating`.
    ///
    /// x: [T, n], W: [m, n], out: [T, m].
    package func narrowProduct(
        _ weights: CPUBuffer, _ x: BufferColumns, into out: BufferColumns, rows: Int,
        scale: Float = 1, accumulating: Bool = false
    ) {
        precondition(x.width == weights.width && out.width == weights.rows, "shapes fit")
        forEachPiece(of: rows) { token in
            multiplyDense(
                token.count, weights.rows, weights.width, x.row(token.lowerBound), x.stride,
                weights.data, weights.width, turned: true, into: out.row(token.lowerBound),
                out.stride, scale: scale, adding: accumulating)
        }
    }

    /// dx = dy W * scale, added to what is there when `accumulating`.
    ///
    /// dy: [T, m], W: [m, n], dx: [T, n].
    package func narrowProductGradient(
        _ weights: CPUBuffer, _ dy: BufferColumns, into dx: BufferColumns, rows: Int,
        scale: Float = 1, accumulating: Bool = false
    ) {
        precondition(dx.width == weights.width && dy.width == weights.rows, "shapes fit")
        forEachPiece(of: rows) { token in
            multiplyDense(
                token.count, weights.width, weights.rows, dy.row(token.lowerBound), dy.stride,
                weights.data, weights.width, into: dx.row(token.lowerBound), dx.stride,
                scale: scale, adding: accumulating)
        }
    }

    /// dW += dyᵀ x * scale.
    ///
    /// dy: [T, m], x: [T, n], dW: [m, n]. Each element of dW is summed by one thread, in the order
    /// of the tokens.
    package func addWeightGradient(
        _ dy: BufferColumns, _ x: BufferColumns, to gradient: CPUBuffer, rows: Int, scale: Float = 1
    ) {
        precondition(dy.width == gradient.rows && x.width == gradient.width, "shapes fit")
        let isTall = gradient.rows > gradient.width
        let parts = Pieces(
            of: isTall ? gradient.rows : gradient.width, about: 256, multipleOf: 16)
        pool.run(parts.count) { item, _ in
            let part = parts[item]
            let (m, n) = isTall ? (part.count, x.width) : (dy.width, part.count)
            multiplyDense(
                m, n, rows, dy.data + (isTall ? part.lowerBound : 0), dy.stride, xTurned: true,
                x.data + (isTall ? 0 : part.lowerBound), x.stride,
                into: gradient.data + part.lowerBound * (isTall ? gradient.width : 1),
                gradient.width, scale: scale, adding: true)
        }
    }

    private func forEachPiece(of rows: Int, _ body: (Range<Int>) -> Void) {
        let tokens = Pieces(of: rows, about: 128)
        pool.run(tokens.count) { item, _ in body(tokens[item]) }
    }
}

// MARK: - Dropout

/// Which elements are dropped: row t of a module draws from its own place in the sequence of
/// random numbers, so that the same mask can be made again instead of being kept.
package struct DropoutMask: Sendable {
    package let probability: Float
    package let seed: UInt64

    package init(probability: Float, seed: UInt64) {
        self.probability = probability
        self.seed = seed
    }
}

extension CPUBackend {
    /// Inverted dropout: out = x / (1 - p) where an element stays, else 0; x, out: [T, n].
    ///
    /// It is its own backward, applied to gradients.
    package func drop(_ mask: DropoutMask, _ x: BufferColumns, into out: BufferColumns, rows: Int) {
        precondition(x.width == out.width, "shapes fit")
        let limit = UInt32(Double(mask.probability) * 0x1p32)
        let scale = 1 / (1 - mask.probability)
        forEachRow(rows) { row in
            // Rows start a row's width apart in SplitMix64's sequence.
            let seed = mask.seed &+ UInt64(row) &* UInt64(x.width) &* 0x9e37_79b9_7f4a_7c15
            ck_dropout(Int64(x.width), seed, limit, scale, x.row(row), out.row(row))
        }
    }

    /// x += y; [T, n] each.
    package func add(_ y: BufferColumns, to x: BufferColumns, rows: Int) {
        precondition(x.width == y.width, "shapes fit")
        forEachRow(rows) { row in ck_add(Int64(x.width), x.row(row), y.row(row)) }
    }
}
