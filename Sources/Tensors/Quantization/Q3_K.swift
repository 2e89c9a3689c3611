/// 256 three-bit codes in 16 groups with 6-bit scales: `value = d * (s - 32) * (n - 4)`.
///
/// Block of 110 bytes: high bits of the codes `[32]`, low two bits `[64]`, group scales `[12]`, `d`
/// f16. Bit r of high byte i belongs to element i of run r, eight runs of 32; the low bits are laid
/// out as in `Q2_K`. Read only.
package enum Q3_K: QuantizationFormat {
    package static let name = "q3_k"
    package static let ggmlType: UInt32 = 11
    package static let blockElements = 256
    package static let blockBytes = 110

    private static let codes = 32
    private static let scales = 96
    private static let superScale = 108

    package static func dequantize(
        _ source: UnsafeRawPointer, count: Int, into destination: UnsafeMutablePointer<Float>
    ) {
        for block in 0..<count / blockElements {
            let bytes = source + block &* blockBytes
            let scale = HalfPrecision.loadHalf(bytes + superScale)
            for group in 0..<16 {
                let run = group >> 1
                let first = 16 &* (group & 1)
                let groupScale = scale * Float(groupCode(bytes + scales, group))
                let packed = bytes + (codes &+ 32 &* (run >> 2) &+ first)
                let shift = UInt8(truncatingIfNeeded: 2 &* (run & 3))
                let high = bytes + first
                let highShift = UInt8(truncatingIfNeeded: run)
                let output = destination + (block &* blockElements &+ 16 &* group)
                for i in 0..<16 {
                    let two = (packed.load(fromByteOffset: i, as: UInt8.self) &>> shift) & 3
                    let one = (high.load(fromByteOffset: i, as: UInt8.self) &>> highShift) & 1
                    output[i] = groupScale * Float(Int32(two | one << 2) &- 4)
                }
            }
        }
    }

    /// A group's scale, -32...31: four low bits in the first eight bytes, two high bits in the rest.
    @inline(__always) private static func groupCode(_ scales: UnsafeRawPointer, _ group: Int)
        -> Int32
    {
        let lowByte = scales.load(fromByteOffset: group & 7, as: UInt8.self)
        let low = group < 8 ? lowByte & 15 : lowByte >> 4
        let highByte = scales.load(fromByteOffset: 8 &+ (group & 3), as: UInt8.self)
        let high = (highByte &>> UInt8(truncatingIfNeeded: 2 &* (group >> 2))) & 3
        return Int32(low | high << 4) &- 32
    }
}
