import Basics
import CKernels
import COpenBLAS

/// The processor, by the kernels of `CKernels`.
///
/// Quantized weights are repacked when they are loaded (`CPUMatrix`), unless the computation is
/// to be exact; weights in floating point are used where they are mapped.
package final class CPUBackend: Backend {
    let pool: ThreadPool
    let computation: Computation
    var scratch: [Scratch]
    var packedMemory = PackedMemory()
    let quantizedMemory = (0..<CK_ACTIVATION_KINDS).map { _ in ProductMemory() }
    let turnedMemory = ProductMemory()
    let roundedMemory = ProductMemory()
    let chosenMemory = ProductMemory()
    var products: [ProductItem] = []
    /// Time and memory that repacking has taken so far.
    package private(set) var packSeconds = 0.0
    package private(set) var packedBytes = 0
    let attention: AttentionMemory

    /// - Parameter threads: at least 1; the caller decides what `auto` means.
    package init(threads: Int, computation: Computation) {
        pool = ThreadPool(threadCount: threads)
        self.computation = computation
        scratch = (0..<threads).map { _ in Scratch() }
        attention = AttentionMemory(threads: threads)
        billion_blas_use_calling_thread_only()
    }

    deinit { pool.stop() }

    package var facts: [String: JSONValue] {
        [
            "backend": .string("cpu"),
            "kernel_variant": .string(KernelVariant.current),
            "threads": .integer(Int64(pool.threadCount)),
            "compute": .string(computation.products.rawValue),
            "blas": .string(BLASLibrary.description),
            "blas_threads": .integer(1),
        ]
    }

    package func makeMatrix(_ host: HostMatrix) throws -> any DeviceMatrix {
        guard computation.products == .auto, let panelBytes = CPUMatrix.panelBytes(host) else {
            return CPUMatrix(host, panels: nil)
        }
        return try pack(host, as: Int32(host.format.ggmlType), panelBytes: panelBytes)
    }

    package func makeCoarse(_ matrix: any DeviceMatrix) throws -> (any DeviceMatrix)? {
        let matrix = cpu(matrix)
        let type = Int32(CPUMatrix.Coarse.ggmlType)
        let panelBytes = Int(ck_panel_bytes(type, Int64(matrix.columns)))
        let own = matrix.panels?.panelBytes ?? 16 * matrix.host.rowBytes
        guard computation.products == .auto, panelBytes > 0, 3 * panelBytes <= 2 * own,
            matrix.panels == nil || matrix.host.isLasting
        else { return nil }
        return try pack(matrix.host, as: type, panelBytes: panelBytes)
    }

    private func pack(_ host: HostMatrix, as type: Int32, panelBytes: Int) throws -> CPUMatrix {
        let clock = ContinuousClock()
        let start = clock.now
        let count = panelBytes * ((host.rows + 15) / 16)
        let (memory, owner) = try packedMemory.allocate(count)
        let matrix = CPUMatrix(
            host,
            panels: .init(type: type, start: memory, panelBytes: panelBytes, owner: owner))
        matrix.pack(on: pool)
        packedBytes += count
        packSeconds += (clock.now - start) / .seconds(1)
        return matrix
    }

    package func makeLookup(_ host: HostMatrix) -> any DeviceMatrix {
        CPUMatrix(host, panels: nil)
    }

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
    ///
    /// Many come in groups of as many as a cache keeps keys together: two threads that write to the
    /// same lines would wait for each other.
    func forEachRow(_ rows: Int, _ body: (Int) -> Void) {
        let keys = Int(CK_ATTENTION_GROUP)
        let group = rows > 2 * keys ? keys : keys / 2
        pool.run((rows + group - 1) / group) { item, _ in
            for row in item * group..<min((item + 1) * group, rows) { body(row) }
        }
    }
}

/// The buffers of this backend, which are the only ones it is ever given.
func cpu(_ buffer: any DeviceBuffer) -> CPUBuffer { unsafeDowncast(buffer, to: CPUBuffer.self) }
func cpu(_ matrix: any DeviceMatrix) -> CPUMatrix { unsafeDowncast(matrix, to: CPUMatrix.self) }
func cpu(_ cache: any DeviceCache) -> CPUCache { unsafeDowncast(cache, to: CPUCache.self) }
