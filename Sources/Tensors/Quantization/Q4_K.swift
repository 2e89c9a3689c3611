/// 256 four-bit codes in eight groups with 6-bit scales and minimums: `value = d * s * n - dmin * m`.
///
/// Block of 144 bytes: the header of `AffineGroups` `[16]`, codes `[128]`. Two groups share 32 bytes:
/// the first has the low halves, the second the high ones.
package enum Q4_K: WritableQuantizationFormat {
    package static let name = "q4_k"
    package static let ggmlType: UInt32 = 12
    package static let ggufFileType: UInt32 = 14
    package static let blockElements = 256
    package static let blockBytes = 144
    package static let errorBound: Float = 0.08
    package static let largestMagnitude: Float = 65504 * 63

    private static let search = AffineGroups.Search(largestCode: 15, firstOffset: -1, steps: 20)

    package static func dequantize(
        _ source: UnsafeRawPointer, count: Int, into destination: UnsafeMutablePointer<Float>
    ) {
        for block in 0..<count / blockElements {
            let bytes = source + block &* blockBytes
            for group in 0..<8 {
                let (scale, minimum) = AffineGroups.scaleAndMinimum(bytes, group)
                let packed = bytes + (AffineGroups.headerBytes &+ 32 &* (group >> 1))
                let shift = UInt8(truncatingIfNeeded: 4 &* (group & 1))
                let output = destination + (block &* blockElements &+ 32 &* group)
                for i in 0..<32 {
                    let code = (packed.load(fromByteOffset: i, as: UInt8.self) &>> shift) & 15
                    output[i] = scale * Float(code) - minimum
                }
            }
        }
    }

    package static func quantize(
        _ source: UnsafePointer<Float>, count: Int, into destination: UnsafeMutableRawPointer
    ) {
        AffineGroups.quantize(
            source, blocks: count / blockElements, into: destination, blockBytes: blockBytes,
            search
        ) { codes, bytes in
            for pair in 0..<4 {
                let low = codes + 64 &* pair
                let packed = bytes + (AffineGroups.headerBytes &+ 32 &* pair)
                for i in 0..<32 {
                    packed.storeBytes(
                        of: low[i] | low[i &+ 32] << 4, toByteOffset: i, as: UInt8.self)
                }
            }
        }
    }
}
