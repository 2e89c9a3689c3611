import Basics
import Tensors
import Testing

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

@Suite struct ExponentialsTests {
    @Test(arguments: [0, 1, 7, 8, 9, 1000], [0.5, 1, 1.25])
    func equalTheLibrarysWithinTwoUnits(count: Int, scale: Double) {
        var generator = SeededGenerator(seed: 5)
        // Far enough below the largest for results that are not normal any more.
        let x = (0..<count).map { _ in Float(4 - 1600 * generator.nextUnitInterval()) }
        let (weights, sum) = x.withUnsafeBufferPointer {
            Exponentials.weights($0, largest: 4, scale: scale)
        }
        let wanted = x.map { exp((Double($0) - 4) * scale) }
        for (found, wanted) in zip(weights, wanted) {
            let tiny = 2 * Double.leastNormalMagnitude
            #expect(abs(found - wanted) <= max(2 * wanted.ulp, wanted < tiny ? tiny : 0))
        }
        let total = wanted.reduce(0, +)
        #expect(abs(sum - total) <= 1e-14 * total)
        #expect(x.withUnsafeBufferPointer { Exponentials.sum($0, largest: 4, scale: scale) } == sum)
    }

    @Test func whatIsNotANumberStaysThat() {
        let x: [Float] = [0, .nan, -1, -.infinity, 0, 0, 0, 0, 0]
        let (weights, sum) = x.withUnsafeBufferPointer { Exponentials.weights($0, largest: 0) }
        #expect(weights[1].isNaN && sum.isNaN)
        #expect(weights[3] == 0 && weights[0] == 1)
    }
}
