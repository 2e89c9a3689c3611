/// 32 four-bit codes and one half-precision scale: `value = d * (n - 8)`.
///
/// Block of 18 bytes: `d` f16, 16 bytes of which byte `i` holds code `i` low and code `i + 16` high.
package enum Q4_0: WritableQuantizationFormat {
    package static let name = "q4_0"
    package static let ggmlType: UInt32 = 2
    package static let ggufFileType: UInt32 = 2
    package static let blockElements = 32
    package static let blockBytes = 18
    package static let errorBound: Float = 0.1
    package static let largestMagnitude: Float = 65504 * 8

    package static func dequantize(
        _ source: UnsafeRawPointer, count: Int, into destination: UnsafeMutablePointer<Float>
    ) {
        for block in 0..<count / blockElements {
            let bytes = source + block &* blockBytes
            let output = destination + block &* blockElements
            let scale = HalfPrecision.loadHalf(bytes)
            for i in 0..<16 {
                let pair = bytes.load(fromByteOffset: 2 &+ i, as: UInt8.self)
                output[i] = scale * Float(Int32(pair & 15) &- 8)
                output[i &+ 16] = scale * Float(Int32(pair >> 4) &- 8)
            }
        }
    }

    package static func quantize(
        _ source: UnsafePointer<Float>, count: Int, into destination: UnsafeMutableRawPointer
    ) {
        for block in 0..<count / blockElements {
            let input = source + block &* blockElements
            let bytes = destination + block &* blockBytes
            // The extreme value becomes code 0, the one end of the range that goes to -8.
            let scale = BlockMath.extreme(input) / -8
            let inverse = BlockMath.reciprocal(scale)
            HalfPrecision.storeHalf(scale, bytes)
            for i in 0..<16 {
                let low = min(15, BlockMath.truncated(input[i] * inverse + 8.5))
                let high = min(15, BlockMath.truncated(input[i &+ 16] * inverse + 8.5))
                bytes.storeBytes(
                    of: UInt8(truncatingIfNeeded: low | high << 4), toByteOffset: 2 &+ i,
                    as: UInt8.self)
            }
        }
    }
}
