import CKernels

/// Weights on the processor: repacked for products, or used where they are mapped.
package final class CPUMatrix: DeviceMatrix {
    package let rows: Int
    package let columns: Int
    let host: HostMatrix
    /// Rows interleaved by 16 (`ck_pack_panel`); nil when the mapped rows are used.
    let panels: Panels?
    /// Of the mapped rows.
    let type: Int32
    /// Of weights that are trained beside: whether both factors of a product are rounded to bf16.
    let isRounded: Bool

    /// What weights for guesses are packed in.
    typealias Coarse = Q4_0

    struct Panels {
        /// What they are packed in: the host's own type, or a coarser one (`makeCoarse`).
        let type: Int32
        let start: UnsafeMutableRawPointer
        let panelBytes: Int
        let owner: PackedMemory.Piece
    }

    init(_ host: HostMatrix, panels: Panels?, isRounded: Bool = false) {
        self.isRounded = isRounded
        self.host = host
        self.panels = panels
        type = Int32(host.format.ggmlType)
        rows = host.rows
        columns = host.columns
    }

    /// Bytes of 16 packed rows; nil when the format has no packed form.
    static func panelBytes(_ host: HostMatrix) -> Int? {
        let bytes = ck_panel_bytes(Int32(host.format.ggmlType), Int64(host.columns))
        return bytes > 0 ? Int(bytes) : nil
    }

    /// Fills the panels from the mapped rows, whose pages are let go behind the work.
    func pack(on pool: ThreadPool) {
        guard let panels else { return }
        // Pieces of about a megabyte: enough for the threads to share, and little to hold twice.
        let step = max(1, (1 << 20) / panels.panelBytes)
        let count = (rows + 15) / 16
        pool.run((count + step - 1) / step) { item, _ in
            let range = item * step..<min((item + 1) * step, count)
            for panel in range {
                let packed = panels.start + panel * panels.panelBytes
                if panels.type != type {
                    packCoarsely(panel, into: packed)
                    continue
                }
                ck_pack_panel(
                    type, Int64(columns), Int64(min(16, rows - panel * 16)),
                    host.data + panel * 16 * host.rowBytes, Int64(host.rowBytes), packed)
            }
            // Exact products still read the rows that have coarse panels beside them.
            if panels.type != type && !host.isLasting { return }
            host.release(rows: range.lowerBound * 16..<min(range.upperBound * 16, rows))
        }
    }

    /// Packs 16 rows in the coarse format.
    private func packCoarsely(_ panel: Int, into packed: UnsafeMutableRawPointer) {
        let count = min(16, rows - panel * 16)
        let rowBytes = Coarse.byteCount(elements: columns)
        withUnsafeTemporaryAllocation(of: Float.self, capacity: columns) { row in
            withUnsafeTemporaryAllocation(byteCount: 16 * rowBytes, alignment: 64) { quantized in
                guard let row = row.baseAddress, let start = quantized.baseAddress else { return }
                for index in 0..<count {
                    dequantize(row: panel * 16 + index, into: row)
                    Coarse.quantize(row, count: columns, into: start + index * rowBytes)
                }
                ck_pack_panel(
                    Int32(Coarse.ggmlType), Int64(columns), Int64(count), start, Int64(rowBytes),
                    packed)
            }
        }
    }

    /// out[columns] = row, as f32.
    func dequantize(row: Int, into out: UnsafeMutablePointer<Float>) {
        dequantize(host.data + row * host.rowBytes, count: columns, into: out)
    }

    /// Whether `ck_float_rows` reads the stored numbers themselves.
    var isFloat: Bool {
        type == Int32(CK_F32.rawValue) || type == Int32(CK_F16.rawValue)
            || type == Int32(CK_BF16.rawValue)
    }

    /// Whether bf16 dot products can take the place of exact ones.
    var isHalf: Bool { isFloat && type != Int32(CK_F32.rawValue) }

    /// Elements first..<first+count of a row, as f32; whole blocks.
    func dequantize(
        row: Int, first: Int, count: Int, into out: UnsafeMutablePointer<Float>
    ) {
        let blocks = first / host.format.blockElements
        dequantize(
            host.data + row * host.rowBytes + blocks * host.format.blockBytes, count: count,
            into: out)
    }

    private func dequantize(
        _ source: UnsafeRawPointer, count: Int, into out: UnsafeMutablePointer<Float>
    ) {
        if ck_has_type(type) {
            ck_dequantize(type, source, Int64(count), out)
        } else {
            host.format.dequantize(source, count: count, into: out)
        }
    }
}

extension CPUBackend {
    /// Bytes that a matrix takes once it is repacked; nil where its mapped rows are used.
    package static func packedBytes(
        _ format: any QuantizationFormat.Type, rows: Int, columns: Int
    ) -> Int? {
        let bytes = ck_panel_bytes(Int32(format.ggmlType), Int64(columns))
        return bytes > 0 ? Int(bytes) * ((rows + 15) / 16) : nil
    }
}
