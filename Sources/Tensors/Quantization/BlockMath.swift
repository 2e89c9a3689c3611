/// Arithmetic that the block quantizers share.
///
/// Rounding goes through the bits of a sum with 2^23 (or 1.5 * 2^23): no conversion that could trap on
/// odd input, no call into libm, and loops that the compiler can vectorise. The results equal C's
/// `truncf`, `roundf` and ggml's `nearest_int` within the ranges given.
enum BlockMath {
    /// `value` rounded toward zero, for 0 <= value < 2^22.
    @inline(__always) static func truncated(_ value: Float) -> UInt32 {
        let sum = value + 0x1p23
        let nearest = sum.bitPattern & 0x7F_FFFF
        return nearest &- (sum - 0x1p23 > value ? 1 : 0)
    }

    /// `value` rounded to nearest, halves away from zero, for |value| < 2^22.
    @inline(__always) static func roundedAwayFromZero(_ value: Float) -> Int32 {
        let magnitude = value.magnitude
        let sum = magnitude + 0x1p23
        let nearest = sum.bitPattern & 0x7F_FFFF
        let isTieRoundedDown = magnitude - (sum - 0x1p23) == 0.5
        let rounded = Int32(bitPattern: nearest &+ (isTieRoundedDown ? 1 : 0))
        return value < 0 ? 0 &- rounded : rounded
    }

    /// `value` rounded to nearest, halves to even, for |value| < 2^22.
    @inline(__always) static func roundedToEven(_ value: Float) -> Int32 {
        let bits = Int32(truncatingIfNeeded: (value + 0x1.8p23).bitPattern)
        return (bits & 0x7F_FFFF) &- 0x40_0000
    }

    @inline(__always) static func clamped(_ value: Int32, _ low: Int32, _ high: Int32) -> Int32 {
        value < low ? low : value > high ? high : value
    }

    /// The largest magnitude among 32 values.
    @inline(__always) static func largestMagnitude(_ source: UnsafePointer<Float>) -> Float {
        // Bits of non-negative floats are ordered like the floats, and integers reduce in any order.
        var largest: UInt32 = 0
        for i in 0..<32 { largest = max(largest, source[i].bitPattern & 0x7FFF_FFFF) }
        return Float(bitPattern: largest)
    }

    /// The first of 32 values whose magnitude is the largest; +0 when all are zero.
    @inline(__always) static func extreme(_ source: UnsafePointer<Float>) -> Float {
        var extreme: Float = 0
        for i in 0..<32 where source[i].magnitude > extreme.magnitude { extreme = source[i] }
        return extreme
    }

    /// The smallest and largest of 32 values.
    @inline(__always) static func limits(_ source: UnsafePointer<Float>) -> (Float, Float) {
        var low = source[0]
        var high = source[0]
        for i in 1..<32 {
            low = source[i] < low ? source[i] : low
            high = source[i] > high ? source[i] : high
        }
        return (low, high)
    }

    @inline(__always) static func reciprocal(_ scale: Float) -> Float { scale == 0 ? 0 : 1 / scale }
}
