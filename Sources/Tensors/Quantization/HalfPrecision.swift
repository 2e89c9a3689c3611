/// Conversions between f32 and the two 16-bit floating-point types, by their bits.
///
/// Written with arithmetic that the compiler turns into vector code, because `Float16` does not exist
/// on every processor this runs on. Rounding is to nearest, ties to even.
package enum HalfPrecision {
    /// IEEE half to f32; exact.
    ///
    /// NaN stays NaN.
    @inline(__always) static func float(half: UInt16) -> Float {
        let word = UInt32(half) << 16
        let twice = word &+ word
        // The exponent moves from 5 to 8 bits by a multiplication, so infinity and NaN come out right.
        let normal = Float(bitPattern: (twice >> 4) &+ (0xE0 << 23)) * 0x1p-112
        let subnormal = Float(bitPattern: (twice >> 17) | (126 << 23)) - 0.5
        let magnitude = twice < 1 << 27 ? subnormal.bitPattern : normal.bitPattern
        return Float(bitPattern: (word & 0x8000_0000) | magnitude)
    }

    /// f32 to IEEE half.
    ///
    /// Magnitudes from 65520 become infinity, every NaN becomes one quiet NaN.
    @inline(__always) static func half(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        let twice = bits &+ bits
        // Adding a power of two 13 bits above the value rounds it at the right place; below the
        // smallest normal half the place is fixed, which gives the subnormals.
        let exponent = max(twice & 0xFF00_0000, 0x7100_0000)
        let scaled = (value.magnitude * 0x1p112) * 0x1p-110
        let rounded = (Float(bitPattern: (exponent >> 1) &+ 0x0780_0000) + scaled).bitPattern
        let magnitude = ((rounded >> 13) & 0x7C00) &+ (rounded & 0x0FFF)
        let sign = (bits >> 16) & 0x8000
        return UInt16(truncatingIfNeeded: sign | (twice > 0xFF00_0000 ? 0x7E00 : magnitude))
    }

    /// bfloat16 to f32; exact.
    @inline(__always) static func float(bfloat: UInt16) -> Float {
        Float(bitPattern: UInt32(bfloat) << 16)
    }

    /// f32 to bfloat16.
    ///
    /// NaN is kept and made quiet.
    @inline(__always) static func bfloat(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        let rounded = (bits &+ (0x7FFF &+ ((bits >> 16) & 1))) >> 16
        let isNaN = bits & 0x7FFF_FFFF > 0x7F80_0000
        return UInt16(truncatingIfNeeded: isNaN ? (bits >> 16) | 64 : rounded)
    }

    /// The half-precision scale at a place of any alignment.
    @inline(__always) static func loadHalf(_ source: UnsafeRawPointer) -> Float {
        float(half: UInt16(littleEndian: source.loadUnaligned(as: UInt16.self)))
    }

    @inline(__always) static func storeHalf(_ value: Float, _ destination: UnsafeMutableRawPointer)
    {
        destination.storeBytes(of: half(value).littleEndian, as: UInt16.self)
    }
}
