import CKernels

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Some rows of a matrix times all activations of a call.
struct ProductItem {
    /// Unmanaged, and the same below: counting references from several threads would have each
    /// wait for the others.
    let matrix: Unmanaged<CPUMatrix>
    let rows: Range<Int>
    /// The first of the rows packed, for quantized weights.
    let panels: UnsafeRawPointer?
    let type: Int32
    let columns: Int
    /// Where the first of the rows goes for the first activation.
    let out: UnsafeMutablePointer<Float>
    let stride: Int
}

/// Memory for activations in the forms that products want them in, kept from call to call.
final class ProductMemory {
    private var start: UnsafeMutablePointer<Float>?
    private var bytes = 0

    deinit { free(start) }

    func grown(to count: Int64) -> UnsafeMutableRawPointer {
        if let start, bytes >= Int(count) { return UnsafeMutableRawPointer(start) }
        free(start)
        bytes = Int(count)
        let memory = allocateFloats((bytes + 3) / 4)
        start = memory
        return UnsafeMutableRawPointer(memory)
    }
}

/// The activations of one call, prepared once for all matrices that read them.
struct ProductInput {
    /// As they are, and turned where there are many; for weights in floating point.
    var floats: ck_float_activations
    /// Quantized, one buffer a kind; no array, for nothing is allocated for a token.
    private var kinds:
        (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, UnsafeMutableRawPointer?)

    init(floats: ck_float_activations) { self.floats = floats }

    /// Those of a kind (`ck_activation_kind`).
    subscript(kind: Int) -> UnsafeMutableRawPointer? {
        get { kind == 0 ? kinds.0 : kind == 1 ? kinds.1 : kinds.2 }
        set {
            switch kind {
            case 0: kinds.0 = newValue
            case 1: kinds.1 = newValue
            default: kinds.2 = newValue
            }
        }
    }
    func quantized(for type: Int32) -> UnsafeMutableRawPointer? {
        self[Int(ck_activation_kind(type))]
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
        compute(rows: rows, input: prepare(x, for: CollectionOfOne(matrix), rows: rows))
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
        compute(rows: rows, input: prepare(x, for: matrices, rows: rows))
    }

    package func multiply(
        _ matrix: any DeviceMatrix, chosen: [Int], _ x: any DeviceBuffer,
        into out: any DeviceBuffer, rows: Int
    ) {
        products.removeAll(keepingCapacity: true)
        let (matrix, x, out) = (cpu(matrix), cpu(x), cpu(out))
        // Of packed weights a whole panel is computed for one row.
        let height = matrix.panels == nil ? 1 : 16
        let stride = height * chosen.count
        let sums = chosenMemory.grown(to: Int64(4 * stride * rows))
            .assumingMemoryBound(to: Float.self)
        for (place, row) in chosen.enumerated() {
            let first = row / height * height
            products.append(
                item(
                    matrix, first..<min(first + height, matrix.rows), out: sums + height * place,
                    stride: stride))
        }
        compute(rows: rows, input: prepare(x, for: CollectionOfOne(matrix), rows: rows))
        for t in 0..<rows {
            for (place, row) in chosen.enumerated() {
                out.row(t)[place] = sums[t * stride + height * place + row % height]
            }
        }
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
                item(matrix, first..<end, out: out.data + first, stride: out.width))
            first = end
        }
    }

    private func item(
        _ matrix: CPUMatrix, _ rows: Range<Int>, out: UnsafeMutablePointer<Float>, stride: Int
    ) -> ProductItem {
        ProductItem(
            matrix: .passUnretained(matrix), rows: rows,
            panels: matrix.panels.map {
                UnsafeRawPointer($0.start + rows.lowerBound / 16 * $0.panelBytes)
            },
            type: matrix.panels?.type ?? matrix.type, columns: matrix.columns, out: out,
            stride: stride)
    }

    private func prepare(
        _ x: CPUBuffer, for matrices: some Collection<CPUMatrix>, rows: Int
    ) -> ProductInput {
        let count = Int64(rows)
        var input = ProductInput(
            floats: .init(
                rows: x.data, stride: Int64(x.width), count: count, turned: nil, rounded: nil))
        let byBF16 = computation.products == .auto && ck_has_bf16_products()
        for matrix in matrices {
            let (type, columns) = (matrix.panels?.type ?? matrix.type, Int64(matrix.columns))
            if byBF16 && matrix.isHalf && matrix.panels == nil {
                if input.floats.rounded != nil { continue }
                let buffer = roundedMemory.grown(to: ck_rounded_bytes(columns, count))
                    .assumingMemoryBound(to: UInt16.self)
                input.floats.rounded = UnsafePointer(buffer)
                forEachTile(Int(ck_rounded_tiles(count))) {
                    ck_round_tile(columns, count, $0, x.data, Int64(x.width), buffer)
                }
            } else if matrix.panels == nil {
                let tiles = Int(ck_turned_tiles(count))
                if tiles == 0 || input.floats.turned != nil { continue }
                let buffer = turnedMemory.grown(to: ck_turned_bytes(columns, count))
                    .assumingMemoryBound(to: Float.self)
                input.floats.turned = UnsafePointer(buffer)
                forEachTile(tiles) {
                    ck_turn_tile(columns, count, $0, x.data, Int64(x.width), buffer)
                }
            } else if input.quantized(for: type) == nil {
                let kind = Int(ck_activation_kind(type))
                let buffer = quantizedMemory[kind].grown(
                    to: ck_activation_bytes(type, columns, count))
                input[kind] = buffer
                forEachTile(Int(ck_activation_tiles(count))) {
                    ck_quantize_tile(type, columns, count, $0, x.data, Int64(x.width), buffer)
                }
            }
        }
        return input
    }

    /// One tile is done before another thread would have woken up.
    private func forEachTile(_ tiles: Int, _ body: (Int64) -> Void) {
        let group = 4
        pool.run((tiles + group - 1) / group) { item, _ in
            for tile in item * group..<min((item + 1) * group, tiles) { body(Int64(tile)) }
        }
    }

    private func compute(rows: Int, input: ProductInput) {
        let scratch = self.scratch
        products.withUnsafeBufferPointer { items in
            pool.run(items.count) { index, thread in
                let item = items[index]
                guard let panels = item.panels else {
                    item.matrix._withUnsafeGuaranteedRef {
                        multiplyFloats($0, item, input.floats, scratch: scratch[thread])
                    }
                    return
                }
                ck_product(
                    item.type, Int64(item.columns), panels, Int64(item.rows.count),
                    input.quantized(for: item.type), Int64(rows), item.out, Int64(item.stride),
                    scratch[thread].product(bytes: Int(ck_product_scratch_bytes(Int64(rows)))))
            }
        }
    }

    /// Weights in floating point, as they lie in memory.
    private func multiplyFloats(
        _ matrix: CPUMatrix, _ item: ProductItem, _ x: ck_float_activations, scratch: Scratch
    ) {
        guard matrix.isFloat else {
            multiplyDequantized(matrix, item, x, scratch: scratch)
            return
        }
        let host = matrix.host
        withUnsafePointer(to: x) { x in
            ck_float_rows(
                matrix.type, host.data + item.rows.lowerBound * host.rowBytes,
                Int64(host.rowBytes), Int64(item.rows.count), Int64(matrix.columns), x,
                item.out, Int64(item.stride),
                scratch.product(bytes: Int(CK_FLOAT_SCRATCH_BYTES)))
        }
    }

    /// Block by block: numbers of other formats become f32 in scratch memory first.
    private func multiplyDequantized(
        _ matrix: CPUMatrix, _ item: ProductItem, _ x: ck_float_activations, scratch: Scratch
    ) {
        let (blockRows, blockColumns) = (Int(CK_FLOAT_BLOCK_ROWS), Int(CK_FLOAT_BLOCK_COLUMNS))
        let block = scratch.panel(blockRows * blockColumns)
        for column in stride(from: 0, to: matrix.columns, by: blockColumns) {
            for row in stride(from: item.rows.lowerBound, to: item.rows.upperBound, by: blockRows) {
                let rows = row..<min(row + blockRows, item.rows.upperBound)
                for (index, row) in rows.enumerated() {
                    matrix.dequantize(
                        row: row, first: column, count: min(blockColumns, matrix.columns - column),
                        into: block + index * blockColumns)
                }
                withUnsafePointer(to: x) { x in
                    ck_float_block(
                        Int32(CK_F32.rawValue), block, Int64(4 * blockColumns), Int64(rows.count),
                        Int64(column), Int64(matrix.columns), x,
                        item.out + (row - item.rows.lowerBound), Int64(item.stride),
                        scratch.product(bytes: Int(CK_FLOAT_SCRATCH_BYTES)))
                }
            }
        }
    }
}
