import Basics
import CKernels

/// Memory at a cache line's boundary.
final class AlignedBytes: @unchecked Sendable {
    let start: UnsafeMutableRawPointer
    let count: Int

    init(count: Int) {
        self.count = count
        start = .allocate(byteCount: max(count, 64), alignment: 64)
        start.initializeMemory(as: UInt8.self, repeating: 0, count: max(count, 64))
    }

    deinit { start.deallocate() }
}

/// Stored weights times activations by the kernels alone, in the calling thread and by the variant
/// that it has chosen: what kernels are compared by.
package final class KernelProduct {
    package let format: any QuantizationFormat.Type
    package let rows: Int
    package let columns: Int
    private let stored: AlignedBytes
    private let panels: AlignedBytes?
    private let panelBytes: Int
    private let type: Int32

    /// Formats that have a packed form, and those in floating point.
    package static var formats: [any QuantizationFormat.Type] {
        QuantizationRegistry.all.filter {
            ck_panel_bytes(Int32($0.ggmlType), 256) > 0 || isFloat($0)
        }
    }

    package static func isFloat(_ format: any QuantizationFormat.Type) -> Bool {
        [CK_F32, CK_F16, CK_BF16].contains { $0.rawValue == format.ggmlType }
    }

    /// - Parameter bytes: the rows as a file holds them; columns are whole blocks.
    package init(
        _ format: any QuantizationFormat.Type, rows: Int, columns: Int, bytes: [UInt8]
    ) {
        self.format = format
        self.rows = rows
        self.columns = columns
        type = Int32(format.ggmlType)
        let rowBytes = format.byteCount(elements: columns)
        precondition(bytes.count == rows * rowBytes, "whole rows")
        let stored = AlignedBytes(count: bytes.count)
        bytes.withUnsafeBytes {
            stored.start.copyMemory(from: $0.baseAddress!, byteCount: $0.count)
        }
        self.stored = stored
        let panelBytes = Int(ck_panel_bytes(type, Int64(columns)))
        self.panelBytes = panelBytes
        panels = panelBytes > 0 ? AlignedBytes(count: (rows + 15) / 16 * panelBytes) : nil
        guard let panels else { return }
        for row in stride(from: 0, to: rows, by: 16) {
            ck_pack_panel(
                type, Int64(columns), Int64(min(16, rows - row)), stored.start + row * rowBytes,
                Int64(rowBytes), panels.start + row / 16 * panelBytes)
        }
    }

    /// The weights as numbers, [rows, columns].
    package func weights() -> [Float] {
        var out = [Float](repeating: 0, count: rows * columns)
        format.dequantize(stored.start, count: out.count, into: &out)
        return out
    }

    /// [count, rows] = x [count, columns] times the weights, in calls of `step` rows (a multiple
    /// of 16).
    package func multiply(
        _ x: [Float], step: Int = .max, byBF16: Bool = false
    ) -> [Float] {
        let count = x.count / columns
        var out = [Float](repeating: .nan, count: count * rows)
        out.withUnsafeMutableBufferPointer { out in
            x.withUnsafeBufferPointer { x in
                guard let out = out.baseAddress, let x = x.baseAddress else { return }
                if let panels {
                    packed(panels, x, Int64(count), min(step, rows), out)
                } else {
                    floats(x, Int64(count), min(step, rows), byBF16: byBF16, out)
                }
            }
        }
        return out
    }

    private func packed(
        _ panels: AlignedBytes, _ x: UnsafePointer<Float>, _ count: Int64, _ step: Int,
        _ out: UnsafeMutablePointer<Float>
    ) {
        let width = Int64(columns)
        let activations = AlignedBytes(count: Int(ck_activation_bytes(type, width, count)))
        let scratch = AlignedBytes(count: Int(ck_product_scratch_bytes(count)))
        for tile in 0..<ck_activation_tiles(count) {
            ck_quantize_tile(type, width, count, tile, x, width, activations.start)
        }
        for row in stride(from: 0, to: rows, by: step) {
            ck_product(
                type, width, panels.start + row / 16 * panelBytes, Int64(min(step, rows - row)),
                activations.start, count, out + row, Int64(rows), scratch.start)
        }
    }

    private func floats(
        _ x: UnsafePointer<Float>, _ count: Int64, _ step: Int, byBF16: Bool,
        _ out: UnsafeMutablePointer<Float>
    ) {
        let width = Int64(columns)
        let rowBytes = format.byteCount(elements: columns)
        let turned = AlignedBytes(count: Int(ck_turned_bytes(width, count)))
        let rounded = AlignedBytes(count: Int(ck_rounded_bytes(width, count)))
        let scratch = AlignedBytes(count: Int(CK_FLOAT_SCRATCH_BYTES))
        var input = ck_float_activations(
            rows: x, stride: width, count: count,
            turned: turned.start.assumingMemoryBound(to: Float.self), rounded: nil)
        for tile in 0..<ck_turned_tiles(count) {
            ck_turn_tile(
                width, count, tile, x, width, turned.start.assumingMemoryBound(to: Float.self))
        }
        if byBF16 {
            let halves = rounded.start.assumingMemoryBound(to: UInt16.self)
            for tile in 0..<ck_rounded_tiles(count) {
                ck_round_tile(width, count, tile, x, width, halves)
            }
            input.rounded = UnsafePointer(halves)
        }
        for row in stride(from: 0, to: rows, by: step) {
            ck_float_rows(
                type, stored.start + row * rowBytes, Int64(rowBytes), Int64(min(step, rows - row)),
                width, &input, out + row, Int64(rows), scratch.start)
        }
    }
}
