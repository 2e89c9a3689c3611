/// 256 five-bit codes in eight groups with 6-bit scales and minimums: `value = d * s * n - dmin * m`.
///
/// Block of 176 bytes: the header of `AffineGroups` `[16]`, high bits of the codes `[32]`, low four
/// bits `[128]` in the order of `Q4_K`. Bit g of high byte i belongs to element i of group g.
package enum Q5_K: WritableQuantizationFormat {
    package static let name = "q5_k"
    package static let ggmlType: UInt32 = 13
    package static let ggufFileType: UInt32 = 16
    package static let blockElements = 256
    package static let blockBytes = 176
    package static let errorBound: Float = 0.04
    package static let largestMagnitude: Float = 65504 * 63

    private static let highBits = AffineGroups.headerBytes
    private static let lowBits = highBits + 32
    private static let search = AffineGroups.Search(largestCode: 31, firstOffset: -0.5, steps: 15)

    package static func dequantize(
        _ source: UnsafeRawPointer, count: Int, into destination: UnsafeMutablePointer<Float>
    ) {
        for block in 0..<count / blockElements {
            let bytes = source + block &* blockBytes
            let high = bytes + highBits
            for group in 0..<8 {
                let (scale, minimum) = AffineGroups.scaleAndMinimum(bytes, group)
                let low = bytes + (lowBits &+ 32 &* (group >> 1))
                let lowShift = UInt8(truncatingIfNeeded: 4 &* (group & 1))
                let highShift = UInt8(truncatingIfNeeded: group)
                let output = destination + (block &* blockElements &+ 32 &* group)
                for i in 0..<32 {
                    let four = (low.load(fromByteOffset: i, as: UInt8.self) &>> lowShift) & 15
                    let one = (high.load(fromByteOffset: i, as: UInt8.self) &>> highShift) & 1
                    output[i] = scale * Float(four | one << 4) - minimum
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
            for i in 0..<32 {
                var high: UInt8 = 0
                for pair in 0..<4 {
                    let first = codes[64 &* pair &+ i]
                    let second = codes[64 &* pair &+ 32 &+ i]
                    let low = (first & 15) | second << 4
                    bytes.storeBytes(
                        of: low, toByteOffset: lowBits &+ 32 &* pair &+ i, as: UInt8.self)
                    let two = (first >> 4) | (second >> 4) << 1
                    high |= two &<< UInt8(truncatingIfNeeded: 2 &* pair)
                }
                bytes.storeBytes(of: high, toByteOffset: highBits &+ i, as: UInt8.self)
            }
        }
    }
}
