/// 32-bit floating point, as it is.
package enum F32: WritableQuantizationFormat {
    package static let name = "f32"
    package static let ggmlType: UInt32 = 0
    package static let ggufFileType: UInt32 = 0
    package static let blockElements = 1
    package static let blockBytes = 4
    package static let errorBound: Float = 0
    package static let largestMagnitude = Float.greatestFiniteMagnitude

    package static func dequantize(
        _ source: UnsafeRawPointer, count: Int, into destination: UnsafeMutablePointer<Float>
    ) {
        UnsafeMutableRawPointer(destination).copyMemory(from: source, byteCount: 4 * count)
    }

    package static func quantize(
        _ source: UnsafePointer<Float>, count: Int, into destination: UnsafeMutableRawPointer
    ) {
        destination.copyMemory(from: source, byteCount: 4 * count)
    }
}
