import Basics
import CKernels

/// What this machine can do at best with the variant in use, all threads together.
package struct KernelLimits: Sendable {
    /// 10^9 multiplications and additions a second, from registers: of f32 numbers, of bytes, of
    /// bf16 numbers (0 where the instruction set has no such products), and of integers of 16 bits (0
    /// where no format is multiplied as such).
    package let f32: Double
    package let bytes: Double
    package let bf16: Double
    package let words: Double
    /// 10^9 bytes a second read from memory by one thread and by all.
    package let readOne: Double
    package let readAll: Double

    package init(threads: Int) {
        let pool = ThreadPool(threadCount: threads)
        defer { pool.stop() }
        f32 = Self.operations(pool, ck_f32_products)
        bytes = Self.operations(pool, ck_byte_products)
        bf16 = Self.operations(pool, ck_bf16_products)
        words = Self.operations(pool, ck_word_products)
        let memory = AlignedBytes(count: Self.memoryRead)
        let one = ThreadPool(threadCount: 1)
        defer { one.stop() }
        readOne = Self.reading(memory, one)
        readAll = threads == 1 ? readOne : Self.reading(memory, pool)
    }

    /// So much that no cache keeps a part worth mentioning for the next round; of weights as well.
    static let memoryRead = 256 << 20

    /// The best of five rounds of about ten milliseconds.
    private static func operations(
        _ pool: ThreadPool, _ loop: @escaping @Sendable (Int64) -> Int64
    ) -> Double {
        let items = pool.threadCount * 16
        let perItem = Double(loop(1000)) / 1000
        if perItem == 0 { return 0 }
        let start = ContinuousClock.now
        _ = loop(100_000)
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let rounds = max(1000, Int64(100_000 * 0.01 / max(seconds, 1e-9) / 16))
        let best = fastest(5) { pool.run(items) { _, _ in _ = loop(rounds) } }
        return perItem * Double(rounds) * Double(items) / best / 1e9
    }

    private static func reading(_ memory: AlignedBytes, _ pool: ThreadPool) -> Double {
        let best = fastest(5) { read(memory.start, memory.count, pool) }
        return Double(memory.count) / best / 1e9
    }

    static func read(_ start: UnsafeRawPointer, _ count: Int, _ pool: ThreadPool) {
        let piece = 1 << 20
        pool.run((count + piece - 1) / piece) { item, _ in
            let size = min(piece, count - item * piece)
            // The sum must be wanted by somebody, or nothing is read.
            if ck_read(start + item * piece, Int64(size)) == 1 { ck_spin_hint() }
        }
    }
}

/// Seconds of the fastest of some runs, after one that is not timed.
func fastest(_ runs: Int, _ body: () -> Void) -> Double {
    body()
    let clock = ContinuousClock()
    return (0..<runs).map { _ in clock.measure(body) / .seconds(1) }.min() ?? 0
}

/// How fast products with one format are, as the engine does them.
package struct KernelRate: Sendable {
    package let format: String
    /// 10^9 operations a second with 512 activations, their preparation included.
    package let operations: Double
    /// The limit of the products that are used, and its name.
    package let limit: Double
    package let limitName: String
    /// 10^9 bytes of weights a second with one activation.
    package let bytes: Double
    /// The same just read, in turn with the products: what neighbours at the memory leave changes
    /// by the second.
    package let bytesRead: Double

    /// Of the variant in use.
    package static func measure(
        _ format: any QuantizationFormat.Type, limits: KernelLimits, threads: Int
    ) throws -> KernelRate {
        let backend = CPUBackend(threads: threads, computation: .auto)
        let (columns, count) = (2048, 512)
        let few = try backend.makeMatrix(weights(format, rows: 1024, columns: columns))
        let x = CPUBuffer(rows: count, width: columns)
        let random = KernelComparison.activations(count * columns, .plain)
        x.data.update(from: random, count: random.count)
        let out = CPUBuffer(rows: count, width: few.rows)
        let prompt = fastest(3) { backend.multiply(few, x, into: out, rows: count) }
        let rows = KernelLimits.memoryRead / format.byteCount(elements: columns) / 16 * 16
        let many = cpu(try backend.makeMatrix(weights(format, rows: rows, columns: columns)))
        let one = CPUBuffer(rows: 1, width: rows)
        let packed = Int(ck_panel_bytes(Int32(format.ggmlType), Int64(columns)))
        let size = packed > 0 ? rows / 16 * packed : rows * format.byteCount(elements: columns)
        let start = many.panels.map { UnsafeRawPointer($0.start) } ?? many.host.data
        var (decode, read) = (Double.infinity, Double.infinity)
        for _ in 0..<5 {
            decode = min(decode, fastest(1) { backend.multiply(many, x, into: one, rows: 1) })
            read = min(read, fastest(1) { KernelLimits.read(start, size, backend.pool) })
        }
        let (limit, name) = Self.limit(of: format, limits)
        return KernelRate(
            format: format.name,
            operations: 2 * Double(few.rows * columns * count) / prompt / 1e9,
            limit: limit, limitName: name, bytes: Double(size) / decode / 1e9,
            bytesRead: Double(size) / read / 1e9)
    }

    /// Of the products that a format's weights are multiplied by, and its name.
    private static func limit(
        of format: any QuantizationFormat.Type, _ limits: KernelLimits
    ) -> (Double, String) {
        if KernelProduct.isFloat(format) {
            let isHalf = format.ggmlType != CK_F32.rawValue
            return isHalf && limits.bf16 > 0 ? (limits.bf16, "bf16") : (limits.f32, "f32")
        }
        let isWide = limits.words > 0 && ck_activation_kind(Int32(format.ggmlType)) == 1
        return isWide ? (limits.words, "int16") : (limits.bytes, "bytes")
    }

    /// The same 64 rows again and again.
    private static func weights(
        _ format: any QuantizationFormat.Type, rows: Int, columns: Int
    ) -> HostMatrix {
        let some = KernelComparison.storedBytes(format, rows: 64, columns: columns, .plain)
        let memory = AlignedBytes(count: rows * format.byteCount(elements: columns))
        for start in stride(from: 0, to: memory.count, by: some.count) {
            let size = min(some.count, memory.count - start)
            some.withUnsafeBytes {
                (memory.start + start).copyMemory(from: $0.baseAddress!, byteCount: size)
            }
        }
        return HostMatrix(
            format: format, rows: rows, columns: columns, data: memory.start, owner: memory)
    }
}
