import Basics
import CKernels
import Tensors
import Testing

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The kernels of training: every instruction set against sums in f64.
@Suite struct GradientKernelTests {
    /// Sums of f32 in parts, and an exp that is good to 2 units in the last place.
    static let tolerance = 2e-6
    static let lengths = [1, 7, 16, 33, 257]

    static var variants: [String] { KernelVariant.available }

    private func numbers(_ count: Int, seed: UInt64) -> [Float] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in Float(4 * generator.nextUnitInterval() - 2) }
    }

    private func isClose(_ a: Float, _ b: Double, scale: Double = 1) -> Bool {
        abs(Double(a) - b) <= Self.tolerance * max(abs(b), scale)
    }

    @Test(arguments: variants)
    func normsAndActivations(variant: String) {
        #expect(ck_choose_variant_here(variant))
        defer { _ = ck_choose_variant_here(nil) }
        for n in Self.lengths {
            let x = numbers(n, seed: 1)
            let weight = numbers(n, seed: 2)
            let dy = numbers(n, seed: 3)
            let size = Double(n)
            let squares = x.reduce(0) { $0 + Double($1) * Double($1) }
            let r = 1 / (squares / size + 1e-5).squareRoot()
            let g = zip(weight, dy).map { Double($0) * Double($1) }
            let pull = zip(g, x).reduce(0) { $0 + $1.0 * Double($1.1) } * r * r * r / size
            var dx = [Float](repeating: 1, count: n)
            ck_rms_norm_gradient(Int64(n), x, weight, 1e-5, dy, &dx)
            for i in 0..<n {
                #expect(isClose(dx[i], 1 + r * g[i] - pull * Double(x[i]), scale: 8))
            }
            var (dgate, dup) = (dx, dx)
            ck_silu_product_gradient(Int64(n), x, weight, dy, &dgate, &dup)
            for i in 0..<n {
                let s = 1 / (1 + exponential(-Double(x[i])))
                let slope = s * (1 + Double(x[i]) * (1 - s))
                #expect(isClose(dup[i], Double(dy[i]) * Double(x[i]) * s))
                #expect(isClose(dgate[i], Double(dy[i]) * Double(weight[i]) * slope, scale: 4))
            }
        }
    }

    @Test(arguments: variants)
    func softmaxAndLoss(variant: String) {
        #expect(ck_choose_variant_here(variant))
        defer { _ = ck_choose_variant_here(nil) }
        for n in Self.lengths {
            let x = numbers(n, seed: 4)
            let sum = x.reduce(0) { $0 + exponential(Double($1)) }
            let target = n / 2
            var gradient = x
            var isHit = false
            let loss = ck_cross_entropy(Int64(n), &gradient, Int64(target), 0.5, &isHit)
            #expect(isClose(loss, naturalLogarithm(sum) - Double(x[target])))
            #expect(isHit == (x.max() == x[target]))
            for i in 0..<n {
                let p = exponential(Double(x[i])) / sum
                #expect(isClose(gradient[i], 0.5 * (p - (i == target ? 1 : 0))))
            }
            var p = x
            let logSum = ck_softmax_with_log_sum(Int64(n), &p, 0.5)
            var again = x
            ck_softmax_again(Int64(n), &again, 0.5, logSum)
            for i in 0..<n { #expect(isClose(again[i], Double(p[i]))) }
        }
    }

    /// Element i is decided by number i of the generator that the rest of the program uses.
    @Test(arguments: variants)
    func dropoutIsSplitMix(variant: String) {
        #expect(ck_choose_variant_here(variant))
        defer { _ = ck_choose_variant_here(nil) }
        let n = 301
        let x = [Float](repeating: 1, count: n)
        var out = x
        ck_dropout(Int64(n), 99, 1 << 30, 2, x, &out)
        var generator = SeededGenerator(seed: 99)
        let expected = (0..<n).map { _ in generator.next() >> 32 >= 1 << 30 ? Float(2) : 0 }
        #expect(out == expected)
    }

    @Test func extremesAreNumbers() {
        var x: [Float] = [-.greatestFiniteMagnitude, 0, 88, 1e30]
        var isHit = false
        _ = ck_cross_entropy(4, &x, 3, 1, &isHit)
        #expect(x.allSatisfy(\.isFinite) && isHit)
        var nan: [Float] = [.nan, 1]
        #expect(ck_cross_entropy(2, &nan, 1, 1, &isHit).isNaN)
    }
}

private func exponential(_ x: Double) -> Double { exp(x) }
private func naturalLogarithm(_ x: Double) -> Double { log(x) }
