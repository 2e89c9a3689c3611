import Basics
import CKernels
import Tensors
import Testing

/// Every instruction set that this machine can run against the scalar kernels, which are the
/// specification, over lengths that are chosen to hurt.
@Suite struct KernelTests {
    /// Relative to the sum of the magnitudes of the products: rounding of an f32 sum in another
    /// order.
    static let sumTolerance: Float = 2e-6
    /// exp in the vector kernels, relative.
    static let exponentialTolerance: Float = 1e-6
    static let lengths = [1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 200, 1023]

    static let variants = KernelVariant.available

    private func withVariant<Value>(_ name: String, _ body: () throws -> Value) rethrows -> Value {
        defer { _ = ck_choose_variant_here(nil) }
        #expect(ck_choose_variant_here(name))
        return try body()
    }

    private func random(_ count: Int, seed: UInt64, scale: Float = 1) -> [Float] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in
            scale * Float(2 * generator.nextUnitInterval() - 1)
        }
    }

    @Test func scalarIsAlwaysThereAndUnknownNamesAreRefused() {
        #expect(Self.variants.last == "scalar")
        #expect(throws: KernelVariantError.self) { try KernelVariant.choose("avx3") }
        #expect(!ck_choose_variant_here("avx3"))
        #expect(!ck_can_run("neon512"))
    }

    @Test(arguments: variants)
    func dotProducts(variant: String) throws {
        for format in QuantizationRegistry.writable where ck_has_type(Int32(format.ggmlType)) {
            let block = format.blockElements
            for length in Self.lengths.map({ ($0 + block - 1) / block * block }) {
                let weights = random(length * 3, seed: UInt64(length))
                let x = random(length, seed: 99)
                let rowBytes = length / block * format.blockBytes
                let stored = UnsafeMutableRawPointer.allocate(
                    byteCount: 3 * rowBytes, alignment: 64)
                defer { stored.deallocate() }
                format.quantize(weights, count: 3 * length, into: stored)
                func products() -> [Float] {
                    var y = [Float](repeating: .nan, count: 3)
                    ck_gemv(
                        Int32(format.ggmlType), 3, Int64(length), stored, Int64(rowBytes), x, &y)
                    return y
                }
                func values() -> [Float] {
                    var out = [Float](repeating: .nan, count: 3 * length)
                    ck_dequantize(Int32(format.ggmlType), stored, Int64(3 * length), &out)
                    return out
                }
                var definition = [Float](repeating: .nan, count: 3 * length)
                format.dequantize(stored, count: 3 * length, into: &definition)
                let computed = withVariant(variant) { values() }
                #expect(
                    computed.map(\.bitPattern) == definition.map(\.bitPattern),
                    "\(format.name) \(length): stored values are read exactly")
                let wanted = withVariant("scalar") { products() }
                let found = withVariant(variant) { products() }
                for row in 0..<3 {
                    let size = zip(definition[row * length..<(row + 1) * length], x)
                        .reduce(Float(0)) { $0 + abs($1.0 * $1.1) }
                    #expect(
                        abs(found[row] - wanted[row]) <= Self.sumTolerance * size + 1e-30,
                        "\(format.name) \(length) row \(row)")
                }
            }
        }
    }

    @Test(arguments: variants)
    func softmaxAndGate(variant: String) {
        for length in Self.lengths {
            for scale in [Float(1), 30] {
                let x = random(length, seed: UInt64(length), scale: scale)
                let up = random(length, seed: 5)
                func softmax() -> [Float] {
                    var y = x
                    ck_softmax(Int64(length), &y, 0.5)
                    return y
                }
                func gate() -> [Float] {
                    var y = x
                    ck_silu_multiply(Int64(length), &y, up)
                    return y
                }
                for (operation, name) in [(softmax, "softmax"), (gate, "silu")] {
                    let wanted = withVariant("scalar", operation)
                    let found = withVariant(variant, operation)
                    for (a, b) in zip(wanted, found) {
                        #expect(
                            abs(a - b) <= Self.exponentialTolerance * max(abs(a), 1e-6) * 4,
                            "\(name) of \(length): \(a) and \(b)")
                    }
                }
            }
        }
    }

    @Test(arguments: variants)
    func softmaxOfExtremes(variant: String) {
        let extremes: [Float] = [-1e30, 0, 88, -104, 3e4, 3e4, -.infinity, 1, 2, 3]
        let found = withVariant(variant) {
            var y = extremes
            ck_softmax(Int64(y.count), &y, 1)
            return y
        }
        #expect(found == [0, 0, 0, 0, 0.5, 0.5, 0, 0, 0, 0])
    }

    @Test(arguments: variants)
    func notANumberIsNotHidden(variant: String) {
        for position in [0, 3, 8, 9] {
            var x = random(10, seed: 1)
            x[position] = .nan
            let up = [Float](repeating: 1, count: 10)
            let found = withVariant(variant) {
                var y = x
                ck_silu_multiply(10, &y, up)
                return y
            }
            #expect(found[position].isNaN)
            #expect(found.filter(\.isNaN).count == 1)
        }
    }

    @Test(arguments: variants)
    func normalization(variant: String) {
        for length in Self.lengths {
            let x = random(length, seed: UInt64(length), scale: 100)
            let weight = random(length, seed: 3)
            func normalized() -> [Float] {
                var out = [Float](repeating: .nan, count: length)
                ck_rms_norm(Int64(length), x, weight, 1e-5, &out)
                return out
            }
            let wanted = withVariant("scalar", normalized)
            let found = withVariant(variant, normalized)
            for (a, b) in zip(wanted, found) { #expect(abs(a - b) <= 1e-6 * abs(a)) }
        }
    }

    @Test(arguments: variants)
    func conversionToHalf(variant: String) {
        var generator = SeededGenerator(seed: 11)
        var x = (0..<4096).map { _ in
            Float(bitPattern: UInt32(truncatingIfNeeded: generator.next()))
        }
        x += [
            0, -0, 65504, 65519.996, 65520, -65520, .infinity, -.infinity, 5.96e-8, 2.98e-8,
            2.99e-8,
        ]
        x = x.map { $0.isNaN ? 1 : $0 }
        func halves() -> [UInt16] {
            var out = [UInt16](repeating: 0, count: x.count)
            ck_f32_to_f16(Int64(x.count), x, &out)
            return out
        }
        let wanted = withVariant("scalar", halves)
        #expect(withVariant(variant, halves) == wanted)
        var definition = [UInt16](repeating: 0, count: x.count)
        F16.quantize(x, count: x.count, into: &definition)
        #expect(wanted == definition)
    }
}
