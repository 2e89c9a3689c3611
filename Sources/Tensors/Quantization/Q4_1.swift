/// 32 four-bit codes, a half-precision scale and minimum: `value = d * n + m`.
///
/// Block of 20 bytes: `d` f16, `m` f16, 16 bytes of codes in the order of `Q4_0`.
package enum Q4_1: WritableQuantizationFormat {
    package static let name = "q4_1"
    package static let ggmlType: UInt32 = 3
    package static let ggufFileType: UInt32 = 3
    package static let blockElements = 32
    package static let blockBytes = 20
    package static let errorBound: Float = 0.09
    package static let largestMagnitude: Float = 65504

    package static func dequantize(
        _ source: UnsafeRawPointer, count: Int, into destination: UnsafeMutablePointer<Float>
    ) {
        for block in 0..<count / blockElements {
            let bytes = source + block &* blockBytes
            let output = destination + block &* blockElements
            let scale = HalfPrecision.loadHalf(bytes)
            let minimum = HalfPrecision.loadHalf(bytes + 2)
            for i in 0..<16 {
                let pair = bytes.load(fromByteOffset: 4 &+ i, as: UInt8.self)
                output[i] = scale * Float(pair & 15) + minimum
                output[i &+ 16] = scale * Float(pair >> 4) + minimum
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
            let scale = (maximum - minimum) / 15
            let inverse = BlockMath.reciprocal(scale)
            HalfPrecision.storeHalf(scale, bytes)
            HalfPrecision.storeHalf(minimum, bytes + 2)
            for i in 0..<16 {
                let low = min(15, BlockMath.truncated((input[i] - minimum) * inverse + 0.5))
                let high = min(15, BlockMath.truncated((input[i &+ 16] - minimum) * inverse + 0.5))
                bytes.storeBytes(
                    of: UInt8(truncatingIfNeeded: low | high << 4), toByteOffset: 4 &+ i,
                    as: UInt8.self)
            }
        }
    }
}
