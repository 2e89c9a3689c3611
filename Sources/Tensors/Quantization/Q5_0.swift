/// 32 five-bit codes and one half-precision scale: `value = d * (n - 16)`.
///
/// Block of 22 bytes: `d` f16, `h` u32 whose bit `i` is the fifth bit of code `i`, 16 bytes of low
/// bits in the order of `Q4_0`.
package enum Q5_0: WritableQuantizationFormat {
    package static let name = "q5_0"
    package static let ggmlType: UInt32 = 6
    package static let ggufFileType: UInt32 = 8
    package static let blockElements = 32
    package static let blockBytes = 22
    package static let errorBound: Float = 0.05
    package static let largestMagnitude: Float = 65504 * 16

    package static func dequantize(
        _ source: UnsafeRawPointer, count: Int, into destination: UnsafeMutablePointer<Float>
    ) {
        for block in 0..<count / blockElements {
            let bytes = source + block &* blockBytes
            let output = destination + block &* blockElements
            let scale = HalfPrecision.loadHalf(bytes)
            let fifth = FifthBits.load(bytes + 2)
            for i in 0..<16 {
                let pair = UInt32(bytes.load(fromByteOffset: 6 &+ i, as: UInt8.self))
                let (low, high) = FifthBits.join(pair, fifth, i)
                output[i] = scale * Float(Int32(bitPattern: low) &- 16)
                output[i &+ 16] = scale * Float(Int32(bitPattern: high) &- 16)
            }
        }
    }

    package static func quantize(
        _ source: UnsafePointer<Float>, count: Int, into destination: UnsafeMutableRawPointer
    ) {
        for block in 0..<count / blockElements {
            let input = source + block &* blockElements
            let bytes = destination + block &* blockBytes
            let scale = BlockMath.extreme(input) / -16
            let inverse = BlockMath.reciprocal(scale)
            HalfPrecision.storeHalf(scale, bytes)
            var fifth: UInt32 = 0
            for i in 0..<16 {
                let low = min(31, BlockMath.truncated(input[i] * inverse + 16.5))
                let high = min(31, BlockMath.truncated(input[i &+ 16] * inverse + 16.5))
                FifthBits.store(low, high, i, bytes + 6, &fifth)
            }
            (bytes + 2).storeBytes(of: fifth.littleEndian, as: UInt32.self)
        }
    }
}

/// The fifth bits of `Q5_0` and `Q5_1`, kept apart from the other four.
enum FifthBits {
    @inline(__always) static func load(_ source: UnsafeRawPointer) -> UInt32 {
        UInt32(littleEndian: source.loadUnaligned(as: UInt32.self))
    }

    /// Codes `i` and `i + 16` from their shared byte and the word of fifth bits.
    @inline(__always) static func join(_ pair: UInt32, _ fifth: UInt32, _ i: Int) -> (
        UInt32, UInt32
    ) {
        let low = (pair & 15) | ((fifth &>> UInt32(truncatingIfNeeded: i)) & 1) << 4
        let high = (pair >> 4) | ((fifth &>> UInt32(truncatingIfNeeded: i &+ 16)) & 1) << 4
        return (low, high)
    }

    @inline(__always) static func store(
        _ low: UInt32, _ high: UInt32, _ i: Int, _ pairs: UnsafeMutableRawPointer,
        _ fifth: inout UInt32
    ) {
        let pair = UInt8(truncatingIfNeeded: (low & 15) | (high & 15) << 4)
        pairs.storeBytes(of: pair, toByteOffset: i, as: UInt8.self)
        fifth |= (low >> 4) &<< UInt32(truncatingIfNeeded: i)
        fifth |= (high >> 4) &<< UInt32(truncatingIfNeeded: i &+ 16)
    }
}
