/// bfloat16: the upper half of an f32.
package enum BF16: WritableQuantizationFormat {
    package static let name = "bf16"
    package static let ggmlType: UInt32 = 30
    package static let ggufFileType: UInt32 = 32
    package static let blockElements = 1
    package static let blockBytes = 2
    /// Half a unit in the last of 8 bits is 2^-8 at worst, less on average.
    package static let errorBound: Float = 0x1p-9
    /// The largest bfloat16; f32 goes a little further and would round to infinity.
    package static let largestMagnitude = Float(bitPattern: 0x7F7F_0000)

    package static func dequantize(
        _ source: UnsafeRawPointer, count: Int, into destination: UnsafeMutablePointer<Float>
    ) {
        for i in 0..<count {
            let bits = source.loadUnaligned(fromByteOffset: 2 &* i, as: UInt16.self)
            destination[i] = HalfPrecision.float(bfloat: UInt16(littleEndian: bits))
        }
    }

    package static func quantize(
        _ source: UnsafePointer<Float>, count: Int, into destination: UnsafeMutableRawPointer
    ) {
        for i in 0..<count {
            destination.storeBytes(
                of: HalfPrecision.bfloat(source[i]).littleEndian, toByteOffset: 2 &* i,
                as: UInt16.self)
        }
    }
}
