/// 32 signed bytes and one half-precision scale: `value = d * q`.
///
/// Block of 34 bytes: `d` f16, `q[32]` i8.
package enum Q8_0: WritableQuantizationFormat {
    package static let name = "q8_0"
    package static let ggmlType: UInt32 = 8
    package static let ggufFileType: UInt32 = 7
    package static let blockElements = 32
    package static let blockBytes = 34
    package static let errorBound: Float = 0.006
    package static let largestMagnitude: Float = 65504 * 127

    package static func dequantize(
        _ source: UnsafeRawPointer, count: Int, into destination: UnsafeMutablePointer<Float>
    ) {
        for block in 0..<count / blockElements {
            let bytes = source + block &* blockBytes
            let output = destination + block &* blockElements
            let scale = HalfPrecision.loadHalf(bytes)
            for i in 0..<32 {
                output[i] = scale * Float(bytes.load(fromByteOffset: 2 &+ i, as: Int8.self))
            }
        }
    }

    package static func quantize(
        _ source: UnsafePointer<Float>, count: Int, into destination: UnsafeMutableRawPointer
    ) {
        for block in 0..<count / blockElements {
            let input = source + block &* blockElements
            let bytes = destination + block &* blockBytes
            let scale = BlockMath.largestMagnitude(input) / 127
            let inverse = BlockMath.reciprocal(scale)
            HalfPrecision.storeHalf(scale, bytes)
            for i in 0..<32 {
                let code = BlockMath.roundedAwayFromZero(input[i] * inverse)
                bytes.storeBytes(
                    of: Int8(truncatingIfNeeded: code), toByteOffset: 2 &+ i, as: Int8.self)
            }
        }
    }
}
