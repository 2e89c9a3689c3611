/// 256 two-bit codes in 16 groups with 4-bit scales and minimums: `value = d * s * n - dmin * m`.
///
/// Block of 84 bytes: a scale (low four bits) and a minimum (high four) for each group `[16]`, codes
/// `[64]`, `d` f16, `dmin` f16. In each half of 128 elements, four runs of 32 share bytes. Read only.
package enum Q2_K: QuantizationFormat {
    package static let name = "q2_k"
    package static let ggmlType: UInt32 = 10
    package static let blockElements = 256
    package static let blockBytes = 84

    private static let codes = 16
    private static let superScale = 80
    private static let superMinimum = 82

    package static func dequantize(
        _ source: UnsafeRawPointer, count: Int, into destination: UnsafeMutablePointer<Float>
    ) {
        for block in 0..<count / blockElements {
            let bytes = source + block &* blockBytes
            let scale = HalfPrecision.loadHalf(bytes + superScale)
            let minimum = HalfPrecision.loadHalf(bytes + superMinimum)
            for group in 0..<16 {
                let run = group >> 1
                let first = 16 &* (group & 1)
                let pair = bytes.load(fromByteOffset: group, as: UInt8.self)
                let groupScale = scale * Float(pair & 15)
                let groupMinimum = minimum * Float(pair >> 4)
                let packed = bytes + (codes &+ 32 &* (run >> 2) &+ first)
                let shift = UInt8(truncatingIfNeeded: 2 &* (run & 3))
                let output = destination + (block &* blockElements &+ 16 &* group)
                for i in 0..<16 {
                    let code = (packed.load(fromByteOffset: i, as: UInt8.self) &>> shift) & 3
                    output[i] = groupScale * Float(code) - groupMinimum
                }
            }
        }
    }
}
