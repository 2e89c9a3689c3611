import Basics
import Dispatch
import Tensors

/// Random weights in a format, quickly: a tensor is dealt from a pool of blocks.
///
/// The pool holds normally distributed values that were quantized once, with the deviation
/// 1 / sqrt(columns) that keeps activations at their size. Dealing copies whole blocks, so it runs
/// at the speed of memory and needs to know nothing of the format.
struct RandomBlocks: Sendable {
    /// Blocks to choose from; a power of two, so that a few bits choose one.
    private static let poolBits = 10
    /// Numbers that are dealt together where a format has no blocks of its own.
    private static let smallestRun = 32
    /// Bytes that a thread fills from one seed.
    private static let partBytes = 1 << 22

    private let pool: [UInt8]
    private let runBytes: Int

    /// - Parameter columns: elements of a row; 0 for vectors.
    init(_ format: any WritableQuantizationFormat.Type, _ columns: Int, seed: UInt64) {
        let run = max(format.blockElements, Self.smallestRun)
        let count = columns == 0 ? 0 : run << Self.poolBits
        let deviation = 1 / Float(max(columns, 1)).squareRoot()
        var random = SeededGenerator(seed: seed ^ UInt64(columns) << 8 ^ UInt64(format.ggmlType))
        var values: [Float] = []
        values.reserveCapacity(count)
        for _ in 0..<count { values.append(deviation * Self.normal(&random)) }
        runBytes = format.byteCount(elements: run)
        var blocks = [UInt8](repeating: 0, count: format.byteCount(elements: count))
        blocks.withUnsafeMutableBytes { blocks in
            if let base = blocks.baseAddress, count > 0 {
                format.quantize(values, count: count, into: base)
            }
        }
        pool = blocks
    }

    /// Deals blocks into the memory of a matrix, with several threads.
    ///
    /// The same seed gives the same bytes, whatever the number of threads.
    func fill(_ memory: UnsafeMutableRawBufferPointer, seed: UInt64, threads: Int) {
        guard let base = memory.baseAddress else { return }
        let part = Self.partBytes / runBytes * runBytes
        let parts = (memory.count + part - 1) / part
        nonisolated(unsafe) let target = base
        let count = memory.count
        DispatchQueue.concurrentPerform(iterations: min(threads, max(parts, 1))) { worker in
            for index in stride(from: worker, to: parts, by: threads) {
                let start = index * part
                deal(
                    into: target + start, count: min(part, count - start),
                    seed: seed &+ UInt64(index) &* 0x9E37_79B9_7F4A_7C15)
            }
        }
    }

    private func deal(into target: UnsafeMutableRawPointer, count: Int, seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let draws = 64 / Self.poolBits
        let mask = UInt64(1) << UInt64(Self.poolBits) - 1
        pool.withUnsafeBytes { pool in
            guard let source = pool.baseAddress else { return }
            var position = 0
            while position < count {
                var bits = random.next()
                for _ in 0..<draws where position < count {
                    let block = source + Int(bits & mask) * runBytes
                    let size = min(runBytes, count - position)
                    (target + position).copyMemory(from: block, byteCount: size)
                    position += size
                    bits >>= UInt64(Self.poolBits)
                }
            }
        }
    }

    /// Values of a norm, around 1, or of a bias, around 0; f32.
    func fillVector(_ memory: UnsafeMutableRawBufferPointer, isNorm: Bool, seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for index in 0..<memory.count / 4 {
            let value = 0.05 * Self.normal(&random) + (isNorm ? 1 : 0)
            memory.storeBytes(
                of: value.bitPattern.littleEndian, toByteOffset: 4 * index, as: UInt32.self)
        }
    }

    /// Nearly normal, of deviation 1: a sum of four uniform numbers (Irwin and Hall).
    private static func normal(_ random: inout SeededGenerator) -> Float {
        let bits = random.next()
        let sum = (0..<4).reduce(Float(0)) { sum, index in
            sum + Float(bits >> UInt64(16 * index) & 0xFFFF) / 65536
        }
        return (sum - 2) * Float(3).squareRoot()
    }
}
