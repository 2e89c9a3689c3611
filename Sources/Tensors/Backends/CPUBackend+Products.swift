import CKernels

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Some rows of a matrix times all activations of a call.
struct ProductItem {
    let matrix: Unmanaged<CPUMatrix>
    let rows: Range<Int>
    /// Where the first of the rows goes for the first activation.
    let out: UnsafeMutablePointer<Float>
    let stride: Int
}

/// Activations quantized for products, in memory that is kept from call to call.
final class QuantizedActivations {
    /// One buffer a kind (`ck_activation_kind`).
    private var buffers: [(start: UnsafeMutablePointer<Float>, bytes: Int)?] = [nil, nil]

    deinit { for case .some(let buffer) in buffers { free(buffer.start) } }

    func buffer(kind: Int, bytes: Int) -> UnsafeMutableRawPointer {
        if let buffer = buffers[kind], buffer.bytes >= bytes {
            return UnsafeMutableRawPointer(buffer.start)
        }
        if let buffer = buffers[kind] { free(buffer.start) }
        let start = allocateFloats((bytes + 3) / 4)
        buffers[kind] = (start, bytes)
        return UnsafeMutableRawPointer(start)
    }
}

/// Matrix products: work is dealt out by rows of the matrices, and an element of a result depends
/// on its row and its activation alone, so neither threads nor batches change a bit of it.
extension CPUBackend {
    package func multiply(
        _ matrix: any DeviceMatrix, _ x: any DeviceBuffer, into out: any DeviceBuffer, rows: Int
    ) {
        products.removeAll(keepingCapacity: true)
        let (matrix, x) = (cpu(matrix), cpu(x))
        deal(matrix, into: cpu(out), share: share(of: matrix.rows, activations: rows))
        compute(x, rows: rows, quantized: quantize(x, for: [matrix], rows: rows))
    }

    package func multiply(
        _ matrices: [any DeviceMatrix], _ x: any DeviceBuffer, into out: [any DeviceBuffer],
        rows: Int
    ) {
        products.removeAll(keepingCapacity: true)
        let matrices = matrices.map { cpu($0) }
        let x = cpu(x)
        let share = share(of: matrices.reduce(0) { $0 + $1.rows }, activations: rows)
        for (matrix, out) in zip(matrices, out) { deal(matrix, into: cpu(out), share: share) }
        compute(x, rows: rows, quantized: quantize(x, for: matrices, rows: rows))
    }

    /// Rows of one item: small enough for the threads to end together, and for a block of
    /// activations the results stay in the second-level cache.
    private func share(of rows: Int, activations: Int) -> Int {
        if pool.threadCount == 1 && activations == 1 { return rows }
        let fair = (rows / (pool.threadCount * 6) + 15) / 16 * 16
        return max(16, activations > 16 ? min(64, fair) : fair)
    }

    private func deal(_ matrix: CPUMatrix, into out: CPUBuffer, share: Int) {
        var first = 0
        while first < matrix.rows {
            let end = min(first + share, matrix.rows)
            products.append(
                ProductItem(
                    matrix: .passUnretained(matrix), rows: first..<end, out: out.data + first,
                    stride: out.width))
            first = end
        }
    }

    /// The activations in the form that packed matrices multiply with, once for all of them; the
    /// buffer of each kind.
    private func quantize(_ x: CPUBuffer, for matrices: [CPUMatrix], rows: Int)
        -> (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?)
    {
        var buffers: (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?) = (nil, nil)
        for matrix in matrices where matrix.panels != nil {
            let (type, columns) = (matrix.type, Int64(matrix.columns))
            let kind = Int(ck_activation_kind(type))
            if (kind == 0 ? buffers.0 : buffers.1) != nil { continue }
            let buffer = activations.buffer(
                kind: kind, bytes: Int(ck_activation_bytes(type, columns, Int64(rows))))
            if kind == 0 { buffers.0 = buffer } else { buffers.1 = buffer }
            let tiles = Int(ck_activation_tiles(Int64(rows)))
            // One tile is done before another thread would have woken up.
            let group = 4
            pool.run((tiles + group - 1) / group) { item, _ in
                for tile in item * group..<min((item + 1) * group, tiles) {
                    ck_quantize_tile(
                        type, columns, Int64(rows), Int64(tile), x.data, Int64(x.width), buffer)
                }
            }
        }
        return buffers
    }

    private func compute(
        _ x: CPUBuffer, rows: Int,
        quantized: (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?)
    ) {
        products.withUnsafeBufferPointer { items in
            pool.run(items.count) { index, thread in
                let item = items[index]
                let matrix = item.matrix._withUnsafeGuaranteedRef { $0 }
                guard let panels = matrix.panels else {
                    multiplyFloats(matrix, item, x, count: rows, scratch: scratch[thread])
                    return
                }
                let kind = ck_activation_kind(matrix.type)
                let activations = kind == 0 ? quantized.0 : quantized.1
                ck_product(
                    matrix.type, Int64(matrix.columns),
                    panels.start + item.rows.lowerBound / 16 * panels.panelBytes,
                    Int64(item.rows.count), activations, Int64(rows), item.out,
                    Int64(item.stride),
                    scratch[thread].product(bytes: Int(ck_product_scratch_bytes(Int64(rows)))))
            }
        }
    }

    /// Block by block in f32; numbers of other formats are dequantized into scratch memory first.
    private func multiplyFloats(
        _ matrix: CPUMatrix, _ item: ProductItem, _ x: CPUBuffer, count: Int, scratch: Scratch
    ) {
        let (blockRows, blockColumns) = (Int(CK_FLOAT_BLOCK_ROWS), Int(CK_FLOAT_BLOCK_COLUMNS))
        let work = scratch.product(bytes: Int(CK_FLOAT_SCRATCH_BYTES))
        let isFloat = matrix.isFloat
        let host = matrix.host
        let elementBytes = host.format.blockBytes
        for column in stride(from: 0, to: matrix.columns, by: blockColumns) {
            let columns = min(blockColumns, matrix.columns - column)
            for row in stride(from: item.rows.lowerBound, to: item.rows.upperBound, by: blockRows) {
                let rows = min(blockRows, item.rows.upperBound - row)
                var source = host.data + row * host.rowBytes + column * elementBytes
                var rowBytes = host.rowBytes
                var type = matrix.type
                if !isFloat {
                    let block = scratch.panel(blockRows * blockColumns)
                    for index in 0..<rows {
                        matrix.dequantize(
                            row: row + index, first: column, count: columns,
                            into: block + index * blockColumns)
                    }
                    source = UnsafeRawPointer(block)
                    rowBytes = 4 * blockColumns
                    type = Int32(CK_F32.rawValue)
                }
                ck_float_block(
                    type, source, Int64(rowBytes), Int64(rows), Int64(columns), x.data + column,
                    Int64(x.width), Int64(count), item.out + (row - item.rows.lowerBound),
                    Int64(item.stride), column > 0, work)
            }
        }
    }
}
