import Basics
import CKernels
import TestSupport
import Testing

@testable import Tensors

/// Products whose activations are quantized twice, over every format that has kernels.
@Suite struct PreciseProductTests {
    static let formats = QuantizationRegistry.all.map { $0.name }

    @Test(arguments: formats) func theErrorIsThatOfFifteenBits(name: String) throws {
        let format = try #require(QuantizationRegistry.all.first { $0.name == name })
        let (rows, columns, count) = (40, 512, 5)
        let bytes = KernelComparison.storedBytes(format, rows: rows, columns: columns, .plain)
        let memory = AlignedBytes(count: bytes.count)
        bytes.withUnsafeBytes {
            memory.start.copyMemory(from: $0.baseAddress!, byteCount: $0.count)
        }
        let host = HostMatrix(
            format: format, rows: rows, columns: columns, data: UnsafeRawPointer(memory.start),
            owner: memory)
        let backend = CPUBackend(threads: 2, computation: .auto)
        let matrix = try backend.makeMatrix(host)
        let x = KernelComparison.activations(count * columns, .plain)
        let input = backend.makeTable(rows: count, width: columns) { row, out in
            for k in out.indices { out[k] = x[row * columns + k] }
        }
        let precise = backend.makeBuffer(rows: count, width: rows)
        backend.multiplyPrecisely(matrix, input, into: precise, rows: count)
        let plain = backend.makeBuffer(rows: count, width: rows)
        backend.multiply(matrix, input, into: plain, rows: count)
        var values = [Float](repeating: 0, count: rows * columns)
        format.dequantize(memory.start, count: values.count, into: &values)
        var (worst, worstPlain) = (0.0, 0.0)
        for t in 0..<count {
            for r in 0..<rows {
                var (exact, size) = (0.0, 0.0)
                for k in 0..<columns {
                    let product = Double(values[r * columns + k]) * Double(x[t * columns + k])
                    exact += product
                    size += abs(product)
                }
                func error(_ out: any DeviceBuffer) -> Double {
                    abs(Double(backend.withRow(t, of: out) { $0[r] }) - exact) / max(size, 1e-30)
                }
                worst = max(worst, error(precise))
                worstPlain = max(worstPlain, error(plain))
            }
        }
        // A step is 1/127 of the group's largest, and the second one 1/254 of the first.
        #expect(worst < 3e-5, "\(worst)")
        if CPUMatrix.panelBytes(host) != nil { #expect(worstPlain > 5 * worst) }
        // One activation alone is what it is among others.
        let alone = backend.makeBuffer(rows: 1, width: rows)
        let first = backend.makeTable(rows: 1, width: columns) { _, out in
            for k in out.indices { out[k] = x[k] }
        }
        backend.multiplyPrecisely(matrix, first, into: alone, rows: 1)
        #expect(
            backend.withRow(0, of: alone) { $0.map(\.bitPattern) }
                == backend.withRow(0, of: precise) { $0.map(\.bitPattern) })
    }
}
