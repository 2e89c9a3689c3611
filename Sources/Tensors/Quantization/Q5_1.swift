/// 32 five-bit codes, a half-precision scale and minimum: `value = d * n + m`.
///
/// Block of 24 bytes: `d` f16, `m` f16, fifth bits u32, 16 bytes of low bits, as in `Q5_0`.
package enum Q5_1: WritableQuantizationFormat {
    package static let name = "q5_1"
    package static let ggmlType: UInt32 = 7
    package static let ggufFileType: UInt32 = 9
    package static let blockElements = 32
    package static let blockBytes = 24
    package static let errorBound: Float = 0.045
    package static let largestMagnitude: Float = 65504

    package static func dequantize(
        _ source: UnsafeRawPointer, count: Int, into destination: UnsafeMutablePointer<Float>
    ) {
        for block in 0..<count / blockElements {
            let bytes = source + block &* blockBytes
            let output = destination + block &* blockElements
            let scale = HalfPrecision.loadHalf(bytes)
            let minimum = HalfPrecision.loadHalf(bytes + 2)
            let fifth = FifthBits.load(bytes + 4)
            for i in 0..<16 {
                let pair = UInt32(bytes.load(fromByteOffset: 8 &+ i, as: UInt8.self))
                let (low, high) = FifthBits.join(pair, fifth, i)
                output[i] = scale * Float(low) + minimum
                output[i &+ 16] = scale * Float(high) + minimum
            }
        }
    }

    package static func quantize(
        _ source: UnsafePointer<Float>, count: Int, into destination: UnsafeMutableRawPointer
    ) {
        for block in 0..<count / blockElements {
            let input = source + block &* blockElements
            let bytes = destination + block &* blockBytes
            let (minimum, maximum) = BlockMath.limits(input)
            let scale = (maximum - minimum) / 31
            let inverse = BlockMath.reciprocal(scale)
            HalfPrecision.storeHalf(scale, bytes)
            HalfPrecision.storeHalf(minimum, bytes + 2)
            var fifth: UInt32 = 0
            for i in 0..<16 {
                let low = min(31, BlockMath.truncated((input[i] - minimum) * inverse + 0.5))
                let high = min(31, BlockMath.truncated((input[i &+ 16] - minimum) * inverse + 0.5))
                FifthBits.store(low, high, i, bytes + 8, &fifth)
            }
            (bytes + 4).storeBytes(of: fifth.littleEndian, as: UInt32.self)
        }
    }
}
