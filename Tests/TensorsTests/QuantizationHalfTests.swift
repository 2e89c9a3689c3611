import Testing

@testable import Tensors

/// All 65,536 numbers of both 16-bit types, and the rounding between them.
@Suite struct QuantizationHalfTests {
    /// The value of a half by its definition; nil for NaN.
    private func definition(_ half: UInt16) -> Double? {
        let exponent = Int(half >> 10 & 31)
        let fraction = Double(half & 1023)
        let sign = half & 0x8000 == 0 ? 1.0 : -1.0
        if exponent == 31 { return fraction == 0 ? sign * .infinity : nil }
        let magnitude =
            exponent == 0
            ? fraction * 0x1p-24
            : (1 + fraction / 1024) * Double(sign: .plus, exponent: exponent - 15, significand: 1)
        return sign * magnitude
    }

    @Test func everyHalf() {
        for half in UInt16.min...UInt16.max {
            let value = HalfPrecision.float(half: half)
            guard let expected = definition(half) else {
                #expect(value.isNaN)
                #expect(HalfPrecision.half(value) & 0x7FFF == 0x7E00)
                continue
            }
            if Double(value) != expected || value.sign != (half & 0x8000 == 0 ? .plus : .minus)
                || HalfPrecision.half(value) != half
            {
                Issue.record("half \(half) is \(value), wanted \(expected)")
            }
        }
    }

    @Test func everyBFloat() {
        for bits in UInt16.min...UInt16.max {
            let value = HalfPrecision.float(bfloat: bits)
            let back = HalfPrecision.bfloat(value)
            let expected = value.isNaN ? bits | 64 : bits
            if value.bitPattern != UInt32(bits) << 16 || back != expected {
                Issue.record("bfloat \(bits) is \(value) and goes back to \(back)")
            }
        }
    }

    /// Between any two neighbouring halves: nearer one wins, the middle goes to the even one.
    @Test func roundsToNearestEven() {
        for half in UInt16(0)..<0x7BFF {
            let low = HalfPrecision.float(half: half)
            let high = HalfPrecision.float(half: half + 1)
            let middle = low + (high - low) / 2
            let even = half & 1 == 0 ? half : half + 1
            let found = [middle.nextDown, middle, middle.nextUp].map(HalfPrecision.half)
            if found != [half, even, half + 1] { Issue.record("\(low) to \(high): \(found)") }
            let negative = [-middle.nextDown, -middle, -middle.nextUp].map(HalfPrecision.half)
            if negative != [half, even, half + 1].map({ $0 | 0x8000 }) {
                Issue.record("-\(low) to -\(high): \(negative)")
            }
        }
    }

    @Test(arguments: [
        (Float(65504), UInt16(0x7BFF)), (65519.996, 0x7BFF), (65520, 0x7C00), (1e30, 0x7C00),
        (.infinity, 0x7C00), (-.infinity, 0xFC00), (0x1p-25, 0), (0x1.000002p-25, 1),
        (-0.0, 0x8000),
        (.leastNonzeroMagnitude, 0), (-0x1p-130, 0x8000),
    ])
    func edgesOfHalf(value: Float, half: UInt16) { #expect(HalfPrecision.half(value) == half) }

    @Test(arguments: [
        (UInt32(0x3F80_8000), UInt16(0x3F80)), (0x3F81_8000, 0x3F82), (0x3F80_8001, 0x3F81),
        (0x7F80_0001, 0x7FC0), (0xFF80_0001, 0xFFC0), (0x7F7F_FFFF, 0x7F80), (0x8000_0000, 0x8000),
        (0x0000_8001, 1),
    ])
    func edgesOfBFloat(bits: UInt32, bfloat: UInt16) {
        #expect(HalfPrecision.bfloat(Float(bitPattern: bits)) == bfloat)
    }

    /// The three roundings against the standard library, around every half of small integers.
    @Test func integerRoundings() {
        var values: [Float] = []
        for half in 0...4000 {
            let value = Float(half) / 2
            values += [value.nextDown, value, value.nextUp]
        }
        for value in values where value >= 0 {
            #expect(BlockMath.truncated(value) == UInt32(value))
            for signed in [value, -value] {
                let away = BlockMath.roundedAwayFromZero(signed)
                #expect(away == Int32(signed.rounded(.toNearestOrAwayFromZero)))
                let even = BlockMath.roundedToEven(signed)
                #expect(even == Int32(signed.rounded(.toNearestOrEven)))
            }
        }
    }
}
