import Basics
import CKernels
import COpenBLAS

/// The processor: kernels of `CKernels` for single rows, OpenBLAS for blocks of rows.
///
/// Weights are used where they are mapped, in the format in which they are stored. Blocks of
/// rows are multiplied panel by panel: a thread turns some rows of the matrix into f32 in its
/// own scratch space, which stays in its cache, and calls sgemm on them.
package final class CPUBackend: Backend {
    let pool: ThreadPool
    /// Rows of a block from which a panel pays for being dequantized.
    static let panelThreshold = 4
    var scratch: [Scratch]

    /// - Parameter threads: at least 1; the caller decides what `auto` means.
    package init(threads: Int) {
        pool = ThreadPool(threadCount: threads)
        scratch = (0..<threads).map { _ in Scratch() }
        billion_blas_use_calling_thread_only()
    }

    deinit { pool.stop() }

    /// Name, version and build of the BLAS in use.
    package static var libraryDescription: String {
        String(cString: billion_blas_description()).split(separator: " ").joined(separator: " ")
    }

    package var facts: [String: JSONValue] {
        [
            "backend": .string("cpu"),
            "kernel_variant": .string(KernelVariant.current),
            "threads": .integer(Int64(pool.threadCount)),
            "blas": .string(Self.libraryDescription),
            "blas_threads": .integer(1),
        ]
    }

    package func makeMatrix(_ host: HostMatrix) throws -> any DeviceMatrix { CPUMatrix(host) }

    package func makeTable(
        rows: Int, width: Int, fill: (_ row: Int, UnsafeMutableBufferPointer<Float>) -> Void
    ) -> any DeviceBuffer {
        let buffer = CPUBuffer(rows: rows, width: width)
        for row in 0..<rows {
            fill(row, UnsafeMutableBufferPointer(start: buffer.row(row), count: width))
        }
        return buffer
    }

    package func makeBuffer(rows: Int, width: Int) -> any DeviceBuffer {
        CPUBuffer(rows: rows, width: width)
    }

    package func makeCache(_ shape: CacheShape) -> any DeviceCache { CPUCache(shape) }

    package func withRow<Value>(
        _ row: Int, of buffer: any DeviceBuffer,
        _ body: (UnsafeBufferPointer<Float>) throws -> Value
    ) rethrows -> Value {
        let buffer = cpu(buffer)
        return try body(UnsafeBufferPointer(start: buffer.row(row), count: buffer.width))
    }

    package func copyRow(
        _ source: Int, of x: any DeviceBuffer, to target: Int, of out: any DeviceBuffer
    ) {
        cpu(out).row(target).update(from: cpu(x).row(source), count: x.width)
    }

    // MARK: Rows

    package func embed(_ tokens: [Int32], from table: any DeviceMatrix, into out: any DeviceBuffer)
    {
        let table = cpu(table)
        let out = cpu(out)
        for (index, token) in tokens.enumerated() {
            table.dequantize(row: Int(token), into: out.row(index))
        }
    }

    package func normalize(
        _ x: any DeviceBuffer, weight: any DeviceBuffer, epsilon: Float, into out: any DeviceBuffer,
        rows: Int
    ) {
        let x = cpu(x)
        let out = cpu(out)
        let weight = cpu(weight).data
        forEachRow(rows) { row in
            ck_rms_norm(Int64(x.width), x.row(row), weight, epsilon, out.row(row))
        }
    }

    package func center(
        _ x: any DeviceBuffer, weight: any DeviceBuffer, bias: any DeviceBuffer, epsilon: Float,
        into out: any DeviceBuffer, rows: Int
    ) {
        let x = cpu(x)
        let out = cpu(out)
        let (weight, bias) = (cpu(weight).data, cpu(bias).data)
        forEachRow(rows) { row in
            ck_layer_norm(Int64(x.width), x.row(row), weight, bias, epsilon, out.row(row))
        }
    }

    package func addBias(_ bias: any DeviceBuffer, to x: any DeviceBuffer, rows: Int) {
        let x = cpu(x)
        let bias = cpu(bias).data
        forEachRow(rows) { row in ck_add(Int64(x.width), x.row(row), bias) }
    }

    package func gelu(_ x: any DeviceBuffer, rows: Int) {
        let x = cpu(x)
        forEachRow(rows) { row in ck_gelu(Int64(x.width), x.row(row)) }
    }

    package func rotate(
        _ x: any DeviceBuffer, headSize: Int, positions: [Int32], angles: any DeviceBuffer,
        pairing: RotaryPairing
    ) {
        let x = cpu(x)
        let angles = cpu(angles)
        let pairs = angles.width / 2
        let turn = pairing == .interleaved ? ck_rotate_interleaved : ck_rotate_halves
        forEachRow(positions.count) { row in
            let cosines = angles.row(Int(positions[row]))
            for start in stride(from: 0, to: x.width, by: headSize) {
                turn(Int64(pairs), x.row(row) + start, cosines, cosines + pairs)
            }
        }
    }

    package func gate(_ gate: any DeviceBuffer, by up: any DeviceBuffer, rows: Int) {
        let gate = cpu(gate)
        let up = cpu(up)
        forEachRow(rows) { row in
            ck_silu_multiply(Int64(gate.width), gate.row(row), up.row(row))
        }
    }

    package func add(_ y: any DeviceBuffer, to x: any DeviceBuffer, rows: Int) {
        let x = cpu(x)
        let y = cpu(y)
        forEachRow(rows) { row in ck_add(Int64(x.width), x.row(row), y.row(row)) }
    }

    /// Single rows are not worth waking a thread for; more are dealt out in small groups.
    private func forEachRow(_ rows: Int, _ body: (Int) -> Void) {
        let group = 8
        pool.run((rows + group - 1) / group) { item, _ in
            for row in item * group..<min((item + 1) * group, rows) { body(row) }
        }
    }

    // MARK: Matrices

    package func multiply(
        _ matrices: [any DeviceMatrix], _ x: any DeviceBuffer, into out: [any DeviceBuffer],
        rows: Int
    ) {
        for (matrix, out) in zip(matrices, out) { multiply(matrix, x, into: out, rows: rows) }
    }

    package func multiply(
        _ matrix: any DeviceMatrix, _ x: any DeviceBuffer, into out: any DeviceBuffer, rows: Int
    ) {
        let matrix = cpu(matrix)
        let x = cpu(x)
        let out = cpu(out)
        if rows < Self.panelThreshold {
            let chunk = max(16, matrix.rows / (pool.threadCount * 4))
            pool.run((matrix.rows + chunk - 1) / chunk) { item, thread in
                let first = item * chunk
                let count = min(chunk, matrix.rows - first)
                for row in 0..<rows {
                    matrix.multiply(
                        x.row(row), first: first, count: count, into: out.row(row) + first,
                        scratch: scratch[thread])
                }
            }
            return
        }
        // Panels do not depend on the number of threads, and so neither do the results.
        let chunk = min(256, max(32, (matrix.rows / 8 + 15) / 16 * 16))
        pool.run((matrix.rows + chunk - 1) / chunk) { item, thread in
            let first = item * chunk
            let count = min(chunk, matrix.rows - first)
            let panel = matrix.panel(first: first, count: count, scratch: scratch[thread])
            cblas_sgemm(
                CblasRowMajor, CblasNoTrans, CblasTrans, Int32(rows), Int32(count),
                Int32(matrix.columns), 1, x.data, Int32(x.width), panel, Int32(matrix.columns), 0,
                out.data + first, Int32(out.width))
        }
    }
}

/// The buffers of this backend, which are the only ones it is ever given.
func cpu(_ buffer: any DeviceBuffer) -> CPUBuffer { unsafeDowncast(buffer, to: CPUBuffer.self) }
func cpu(_ matrix: any DeviceMatrix) -> CPUMatrix { unsafeDowncast(matrix, to: CPUMatrix.self) }
func cpu(_ cache: any DeviceCache) -> CPUCache { unsafeDowncast(cache, to: CPUCache.self) }
