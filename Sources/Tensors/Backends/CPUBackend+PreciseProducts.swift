import CKernels

/// Products with packed weights whose activations are quantized twice: what the first time leaves
/// of them is multiplied too, and added.
extension CPUBackend {
    package func multiplyPrecisely(
        _ matrix: any DeviceMatrix, _ x: any DeviceBuffer, into out: any DeviceBuffer, rows: Int
    ) {
        let (packed, x, out) = (cpu(matrix), cpu(x), cpu(out))
        guard let panels = packed.panels else { return multiply(packed, x, into: out, rows: rows) }
        let rests = CPUBuffer(rows: rows, width: x.width)
        let products = CPUBuffer(rows: rows, width: out.width)
        forEachRow(rows) { row in
            ck_quantization_rest(panels.type, Int64(x.width), x.row(row), rests.row(row))
        }
        multiply(packed, x, into: out, rows: rows)
        multiply(packed, rests, into: products, rows: rows)
        forEachRow(rows) { row in ck_add(Int64(out.width), out.row(row), products.row(row)) }
    }
}
