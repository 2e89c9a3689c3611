import Basics
import Testing

@testable import Tensors

/// What holds for every format of the registry that can be written; all that can be read are in
/// `QuantizationFixtureTests`.
@Suite struct QuantizationLawTests {
    static let formats = QuantizationRegistry.writable.map { $0.name }

    @Test func registryIsSortedAndUnique() {
        #expect(QuantizationRegistry.names == QuantizationRegistry.names.sorted())
        #expect(Set(QuantizationRegistry.names).count == QuantizationRegistry.all.count)
        #expect(
            Set(QuantizationRegistry.all.map { $0.ggmlType }).count
                == QuantizationRegistry.all.count)
        let fileTypes = Set(QuantizationRegistry.writable.map { $0.ggufFileType })
        #expect(fileTypes.count == Self.formats.count)
    }

    @Test(arguments: formats, [Float(1), 0.02, 1e-4])
    func roundTripStaysWithinTheBound(name: String, scale: Float) throws {
        let format = try QuantizationRegistry.format(named: name)
        // The bound is for normal halves: scales of tiny weights are subnormal and lose digits.
        guard scale > 1e-3 || format.blockElements == 1 || format == Q4_0.self else { return }
        let values = normals(1 << 14, seed: 7).map { $0 * scale }
        let error = relativeError(dequantized(quantized(values, format), format), values)
        let bound = scale > 1e-3 ? format.errorBound : 2 * format.errorBound
        #expect(error <= bound)
        // A bound that is far too wide would let a broken quantizer pass.
        if scale == 1 { #expect(error >= 0.8 * format.errorBound, "the bound is not tight") }
    }

    /// A second round trip changes nothing.
    ///
    /// The K formats search their scales anew, so there it stays close.
    @Test(arguments: formats)
    func roundTripIsIdempotent(name: String) throws {
        let format = try QuantizationRegistry.format(named: name)
        let once = dequantized(quantized(normals(1 << 13, seed: 11), format), format)
        let twice = dequantized(quantized(once, format), format)
        if format.blockElements == 256 {
            #expect(relativeError(twice, once) < format.errorBound / 2)
        } else {
            #expect(twice.map(\.bitPattern) == once.map(\.bitPattern))
        }
    }

    @Test(arguments: formats)
    func zerosStayZero(name: String) throws {
        let format = try QuantizationRegistry.format(named: name)
        let values = [Float](repeating: 0, count: 512)
        #expect(dequantized(quantized(values, format), format) == values)
    }

    @Test(arguments: formats, [Float(1), -1, 0.5, -4096])
    func constantsStayNearlyConstant(name: String, constant: Float) throws {
        let format = try QuantizationRegistry.format(named: name)
        let result = dequantized(
            quantized([Float](repeating: constant, count: 512), format), format)
        #expect(result.allSatisfy { ($0 - constant).magnitude <= 0.001 * constant.magnitude })
    }

    /// The one large value survives; the others lose at most a step.
    @Test(arguments: formats, [Float(100), -100])
    func oneOutlier(name: String, outlier: Float) throws {
        let format = try QuantizationRegistry.format(named: name)
        var values = normals(256, seed: 3)
        values[77] = outlier
        let result = dequantized(quantized(values, format), format)
        #expect((result[77] - outlier).magnitude <= 0.02 * outlier.magnitude)
        for (found, value) in zip(result, values) {
            #expect((found - value).magnitude <= 15, "found \(found), wanted \(value)")
        }
    }

    /// Numbers too small for the 16-bit scales become zero or something as small, never NaN.
    @Test(
        arguments: formats,
        [Float.leastNonzeroMagnitude, .leastNormalMagnitude, 0x1p-133, 1e-20, 1e-10, 6e-8])
    func tinyNumbers(name: String, size: Float) throws {
        let format = try QuantizationRegistry.format(named: name)
        let values = normals(512, seed: 5).map { $0 * size }
        let result = dequantized(quantized(values, format), format)
        let largest = values.map(\.magnitude).max() ?? 0
        #expect(result.allSatisfy { $0.isFinite && $0.magnitude <= 2 * largest + 1e-7 })
    }

    /// Up to the format's limit everything comes back finite; the limit is not needlessly low.
    @Test(arguments: formats)
    func largestMagnitude(name: String) throws {
        let format = try QuantizationRegistry.format(named: name)
        let limit = format.largestMagnitude
        for sign in [Float(1), -1] {
            var values = normals(512, seed: 9)
            values[3] = sign * limit
            values[300] = sign * limit
            let result = dequantized(quantized(values, format), format)
            #expect(result.allSatisfy { $0.isFinite })
            #expect((result[3] - sign * limit).magnitude <= 0.01 * limit)
        }
    }

    /// Any bytes can be read, and infinite or absent numbers can be written, without a trap.
    @Test(arguments: formats)
    func oddInputDoesNotTrap(name: String) throws {
        let format = try QuantizationRegistry.format(named: name)
        var random = SeededGenerator(seed: 21)
        let bytes = (0..<64 * format.blockBytes).map { _ in UInt8(truncatingIfNeeded: random.next())
        }
        #expect(dequantized(bytes, format).count == 64 * format.blockElements)
        let values = (0..<4096).map { _ in
            Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
        }
        #expect(quantized(values, format).count == format.byteCount(elements: 4096))
        for odd in [Float.nan, .infinity, -.infinity, .greatestFiniteMagnitude] {
            var block = [Float](repeating: 0.5, count: 256)
            block[17] = odd
            _ = quantized(block, format)
        }
    }

    /// Blocks do not depend on their neighbours or on where they begin.
    @Test(arguments: formats)
    func blocksAreIndependentAndUnaligned(name: String) throws {
        let format = try QuantizationRegistry.format(named: name)
        let values = normals(1024, seed: 13)
        let whole = quantized(values, format)
        var shifted = [UInt8](repeating: 0, count: whole.count + 3)
        values.withUnsafeBufferPointer { input in
            shifted.withUnsafeMutableBytes { output in
                for start in stride(from: 0, to: 1024, by: 256) {
                    format.quantize(
                        input.baseAddress! + start, count: 256,
                        into: output.baseAddress! + 3 + format.byteCount(elements: start))
                }
            }
        }
        #expect(Array(shifted[3...]) == whole)
        var read = [Float](repeating: 0, count: 1024)
        shifted.withUnsafeBytes {
            format.dequantize($0.baseAddress! + 3, count: 1024, into: &read)
        }
        #expect(read == dequantized(whole, format))
    }
}

@Suite struct QuantizationRegistryTests {
    @Test(arguments: [
        ("q4_00", "unknown quantization 'q4_00'. Did you mean 'q4_0'?"),
        ("Q8_0", "unknown quantization 'Q8_0'. Did you mean 'q8_0'?"),
        (
            "int8",
            "unknown quantization 'int8'. Available: "
                + "bf16, f16, f32, q4_0, q4_1, q4_k, q5_0, q5_1, q5_k, q6_k, q8_0."
        ),
        (
            "q2_k",
            "quantization 'q2_k' can be read but not written. Available: "
                + "bf16, f16, f32, q4_0, q4_1, q4_k, q5_0, q5_1, q5_k, q6_k, q8_0."
        ),
    ])
    func unknownNames(name: String, message: String) {
        let error = #expect(throws: QuantizationError.self) {
            try QuantizationRegistry.format(named: name)
        }
        #expect(error?.description == message)
    }

    @Test(arguments: [
        (
            UInt32(23),
            "quantization 'iq4_xs' is not supported yet. Available: "
                + "bf16, f16, f32, q2_k, q3_k, q4_0, q4_1, q4_k, q5_0, q5_1, q5_k, q6_k, q8_0."
        ),
        (4, "there is no tensor type with number 4."),
        (99, "there is no tensor type with number 99."),
    ])
    func unknownTypes(id: UInt32, message: String) {
        let error = #expect(throws: QuantizationError.self) {
            try QuantizationRegistry.format(ggmlType: id)
        }
        #expect(error?.description == message)
    }

    @Test func everyFormatIsFound() throws {
        for format in QuantizationRegistry.writable {
            #expect(try QuantizationRegistry.format(named: format.name) == format)
        }
        for format in QuantizationRegistry.all {
            #expect(try QuantizationRegistry.format(ggmlType: format.ggmlType) == format)
        }
    }
}

// MARK: - Numbers

/// Normally distributed numbers: sums of twelve uniform ones.
func normals(_ count: Int, seed: UInt64) -> [Float] {
    var random = SeededGenerator(seed: seed)
    return (0..<count).map { _ in
        let sum = (0..<12).reduce(Float(0)) { total, _ in
            total + Float(random.next() >> 40) * 0x1p-24
        }
        return sum - 6
    }
}

/// Root mean square of the difference over that of the values, in double precision.
func relativeError(_ found: [Float], _ values: [Float]) -> Float {
    var difference = 0.0
    var size = 0.0
    for (a, b) in zip(found, values) {
        difference += (Double(a) - Double(b)) * (Double(a) - Double(b))
        size += Double(b) * Double(b)
    }
    return Float((difference / size).squareRoot())
}
