import CKernels

/// Causal attention of sequences that stand one after another in the same rows, and its backward.
///
/// Scores exist for a block of queries at a time; the backward makes them once more from queries,
/// keys and the logarithm of each row's sum. An item is one key/value head of one sequence, with
/// the query heads that share it, so that nothing is summed across threads.
package struct AttentionShape: Sendable {
    package var heads: Int
    package var keyValueHeads: Int
    package var headSize: Int

    package init(heads: Int, keyValueHeads: Int, headSize: Int) {
        self.heads = heads
        self.keyValueHeads = keyValueHeads
        self.headSize = headSize
    }

    var group: Int { heads / keyValueHeads }
    var scale: Float { 1 / Float(headSize).squareRoot() }
    /// Queries of a block.
    static let block = 64
}

/// Queries [T, H * headSize], keys and values [T, K * headSize], or their gradients.
package struct AttentionOperands {
    package let queries: BufferColumns
    package let keys: BufferColumns
    package let values: BufferColumns

    package init(queries: BufferColumns, keys: BufferColumns, values: BufferColumns) {
        self.queries = queries
        self.keys = keys
        self.values = values
    }
}

extension CPUBackend {
    /// - Parameter sequences: rows of each sequence.
    /// - Parameter out: [T, H * headSize].
    /// - Parameter logSums: [T, H], for the backward.
    package func attendWithin(
        _ sequences: [Range<Int>], _ x: AttentionOperands, shape: AttentionShape,
        into out: CPUBuffer, logSums: CPUBuffer
    ) {
        forEachHead(sequences, shape) { rows, head, thread in
            let size = shape.headSize
            for first in stride(from: 0, to: rows.count, by: AttentionShape.block) {
                let queries = first..<min(first + AttentionShape.block, rows.count)
                let seen = queries.upperBound
                let scores = scratch[thread].panel(AttentionShape.block * rows.count)
                let row = rows.lowerBound + first
                for query in head * shape.group..<(head + 1) * shape.group {
                    multiplyDense(
                        queries.count, seen, size, x.queries.row(row) + query * size,
                        x.queries.stride, x.keys.row(rows.lowerBound) + head * size, x.keys.stride,
                        turned: true, into: scores, seen)
                    for index in queries {
                        let score = scores + (index - first) * seen
                        logSums.row(rows.lowerBound + index)[query] = ck_softmax_with_log_sum(
                            Int64(index + 1), score, shape.scale)
                        (score + index + 1).update(repeating: 0, count: seen - index - 1)
                    }
                    multiplyDense(
                        queries.count, size, seen, scores, seen,
                        x.values.row(rows.lowerBound) + head * size, x.values.stride,
                        into: out.row(row) + query * size, out.width)
                }
            }
        }
    }

    /// The gradients of queries, keys and values, which are overwritten.
    ///
    /// - Parameter out: what `attendWithin` wrote, and `dout` its gradient.
    package func attendWithinGradient(
        _ sequences: [Range<Int>], _ x: AttentionOperands, shape: AttentionShape, out: CPUBuffer,
        logSums: CPUBuffer, _ dout: CPUBuffer, into dx: AttentionOperands
    ) {
        forEachHead(sequences, shape) { rows, head, thread in
            let size = shape.headSize
            let column = head * size
            for row in rows {
                (dx.keys.row(row) + column).update(repeating: 0, count: size)
                (dx.values.row(row) + column).update(repeating: 0, count: size)
            }
            for first in stride(from: 0, to: rows.count, by: AttentionShape.block) {
                let queries = first..<min(first + AttentionShape.block, rows.count)
                for query in head * shape.group..<(head + 1) * shape.group {
                    attendGradient(
                        queries, of: rows, query: query, column: column, x, shape, out, logSums,
                        dout, dx, memory: scratch[thread])
                }
            }
        }
    }

    /// One block of queries of one head.
    private func attendGradient(
        _ queries: Range<Int>, of rows: Range<Int>, query: Int, column: Int, _ x: AttentionOperands,
        _ shape: AttentionShape, _ out: CPUBuffer, _ logSums: CPUBuffer, _ dout: CPUBuffer,
        _ dx: AttentionOperands, memory: Scratch
    ) {
        let (size, seen, count) = (shape.headSize, queries.upperBound, queries.count)
        let (start, row) = (rows.lowerBound, rows.lowerBound + queries.lowerBound)
        let weights = memory.panel(2 * AttentionShape.block * rows.count)
        let gradients = weights + AttentionShape.block * rows.count
        let dqueries = dx.queries.row(row) + query * size
        multiplyDense(
            count, seen, size, x.queries.row(row) + query * size, x.queries.stride,
            x.keys.row(start) + column, x.keys.stride, turned: true, into: weights, seen)
        multiplyDense(
            count, seen, size, dout.row(row) + query * size, dout.width,
            x.values.row(start) + column, x.values.stride, turned: true, into: gradients, seen)
        for index in queries {
            let offset = (index - queries.lowerBound) * seen
            let delta = ck_dot(
                Int64(size), dout.row(start + index) + query * size,
                out.row(start + index) + query * size)
            ck_softmax_again(
                Int64(index + 1), weights + offset, shape.scale, logSums.row(start + index)[query])
            ck_softmax_gradient(
                Int64(index + 1), weights + offset, delta, shape.scale, gradients + offset)
            (weights + offset + index + 1).update(repeating: 0, count: seen - index - 1)
            (gradients + offset + index + 1).update(repeating: 0, count: seen - index - 1)
        }
        multiplyDense(
            seen, size, count, weights, seen, xTurned: true, dout.row(row) + query * size,
            dout.width, into: dx.values.row(start) + column, dx.values.stride, adding: true)
        multiplyDense(
            count, size, seen, gradients, seen, x.keys.row(start) + column, x.keys.stride,
            into: dqueries, dx.queries.stride)
        multiplyDense(
            seen, size, count, gradients, seen, xTurned: true, x.queries.row(row) + query * size,
            x.queries.stride, into: dx.keys.row(start) + column, dx.keys.stride, adding: true)
    }

    private func forEachHead(
        _ sequences: [Range<Int>], _ shape: AttentionShape,
        _ body: (_ rows: Range<Int>, _ head: Int, _ thread: Int) -> Void
    ) {
        pool.run(sequences.count * shape.keyValueHeads) { item, thread in
            body(sequences[item / shape.keyValueHeads], item % shape.keyValueHeads, thread)
        }
    }
}
