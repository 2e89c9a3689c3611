import Basics
import Tensors
import TestSupport
import Testing

@testable import Training

/// Products with frozen weights in bf16, where this processor has them.
@Suite("Training by bf16 products")
struct RoundedProductTests {
    static var isPossible: Bool { CPUBackend.hasRoundedProducts }

    private final class Bytes {
        let start: UnsafeMutableRawBufferPointer
        init(_ count: Int) { start = .allocate(byteCount: count, alignment: 64) }
        deinit { start.deallocate() }
    }

    /// Random weights as a file holds them.
    private func weights(
        _ format: any WritableQuantizationFormat.Type, rows: Int, columns: Int
    ) -> HostMatrix {
        var generator = SeededGenerator(seed: UInt64(rows * columns))
        let values = (0..<rows * columns).map { _ in Float(generator.nextUnitInterval() - 0.5) }
        let bytes = Bytes(format.byteCount(elements: values.count))
        format.quantize(values, count: values.count, into: bytes.start.baseAddress!)
        return HostMatrix(
            format: format, rows: rows, columns: columns, data: bytes.start.baseAddress!,
            owner: bytes)
    }

    private func numbers(_ count: Int) -> [Float] {
        var generator = SeededGenerator(seed: UInt64(count))
        return (0..<count).map { _ in Float(generator.nextUnitInterval() - 0.5) }
    }

    @Test(
        "within the bound of the exact ones, to the bit on any number of threads",
        .enabled(if: isPossible, "this processor has no bf16 products"),
        arguments: ["f32", "f16", "bf16", "q8_0", "q4_0", "q4_k"], [1, 20, 70])
    func products(format name: String, tokens: Int) throws {
        let found = QuantizationRegistry.all.first { $0.name == name }
        let format = try #require(found as? any WritableQuantizationFormat.Type)
        for (rows, columns) in [(37, 256), (600, 768), (16, 512)] {
            let host = weights(format, rows: rows, columns: columns)
            let x = CPUBuffer(rows: tokens, width: columns, values: numbers(tokens * columns))
            let dy = CPUBuffer(rows: tokens, width: rows, values: numbers(tokens * rows))
            func results(rounded: Bool, threads: Int) -> [[Float]] {
                let backend = CPUBackend(threads: threads, computation: .f32)
                let matrix = backend.makeFrozenMatrix(host, rounded: rounded)
                let out = CPUBuffer(rows: tokens, width: rows)
                backend.product(matrix, x.all, into: out.all, rows: tokens)
                let dx = CPUBuffer(rows: tokens, width: columns)
                backend.productGradient(
                    matrix, dy.all, into: dx.all, rows: tokens, accumulating: false)
                let once = dx.values
                backend.productGradient(
                    matrix, dy.all, into: dx.all, rows: tokens, accumulating: true)
                return [out.values, once, dx.values]
            }
            let exact = results(rounded: false, threads: 1)
            let one = results(rounded: true, threads: 1)
            #expect(one == results(rounded: true, threads: 2))
            for (index, (wanted, found)) in zip(exact, one).enumerated() {
                // Factors are below 1/2: two roundings of 2^-9 each, and the sum's own.
                let terms = Float(index == 0 ? columns : rows) * (index == 2 ? 2 : 1)
                let largest = zip(wanted, found).map { abs($0 - $1) }.max() ?? 0
                #expect(largest <= 0x1p-7 * terms / 4, "\(rows) x \(columns), result \(index)")
                #expect(largest > 0, "rounding is seen")
            }
        }
    }

    @Test(
        "losses are near those of f32, the same on any number of threads",
        .enabled(if: isPossible, "this processor has no bf16 products"))
    func losses() throws {
        func losses(bf16: Bool, threads: Int) throws -> [Double] {
            var options = TrainerTests.options(epochs: 6)
            options.bf16 = bf16
            let trainer = try TrainerTests.trainer(options, threads: threads, dropout: 0)
            while trainer.completedUpdates < trainer.updateCount { _ = try trainer.step() }
            return trainer.updates.map(\.loss)
        }
        let rounded = try losses(bf16: true, threads: 2)
        #expect(try rounded == losses(bf16: true, threads: 1))
        let exact = try losses(bf16: false, threads: 2)
        #expect(rounded != exact)
        for (one, other) in zip(rounded, exact) { #expect(abs(one - other) <= 1e-2 * other) }
    }

    @Test("a processor without them is named, and what to do")
    func impossible() throws {
        var options = TrainerTests.options()
        options.bf16 = true
        let error = try #require(throws: TrainingError.self) {
            _ = try KernelComparison.with("scalar") { try TrainerTests.trainer(options) }
        }
        #expect("\(error)".contains("found the kernels 'scalar'. Leave bf16 out"))
    }
}
