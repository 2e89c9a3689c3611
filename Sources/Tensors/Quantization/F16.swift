/// IEEE half precision.
package enum F16: WritableQuantizationFormat {
    package static let name = "f16"
    package static let ggmlType: UInt32 = 1
    package static let ggufFileType: UInt32 = 1
    package static let blockElements = 1
    package static let blockBytes = 2
    /// Half a unit in the last of 11 bits is 2^-11 at worst, less on average.
    package static let errorBound: Float = 0x1p-12
    package static let largestMagnitude: Float = 65504

    package static func dequantize(
        _ source: UnsafeRawPointer, count: Int, into destination: UnsafeMutablePointer<Float>
    ) {
        for i in 0..<count {
            let bits = source.loadUnaligned(fromByteOffset: 2 &* i, as: UInt16.self)
            destination[i] = HalfPrecision.float(half: UInt16(littleEndian: bits))
        }
    }

    package static func quantize(
        _ source: UnsafePointer<Float>, count: Int, into destination: UnsafeMutableRawPointer
    ) {
        for i in 0..<count {
            destination.storeBytes(
                of: HalfPrecision.half(source[i]).littleEndian, toByteOffset: 2 &* i,
                as: UInt16.self)
        }
    }
}
