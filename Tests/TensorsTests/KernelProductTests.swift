import CKernels
import TestSupport
import Testing

@testable import Tensors

/// Laws of products over every format that has kernels, for every instruction set of this machine.
@Suite struct KernelProductTests {
    /// Of activations quantized to 8 bits by groups as large as the blocks of the weights: half a
    /// step of 1/127 of the group's largest, relative to the sum of the magnitudes that a group
    /// could have had.
    static let roundingStep: Float = 0.5 / 127
    static let formats = KernelProduct.formats.map { $0.name }

    private func format(_ name: String) throws -> any QuantizationFormat.Type {
        try #require(KernelProduct.formats.first { $0.name == name })
    }

    /// `billion kernels` runs all of it; here a sample keeps the suite fast.
    @Test(arguments: KernelVariant.available) func equalsTheScalarKernels(variant: String) {
        for format in KernelProduct.formats {
            for inputs in KernelComparison.Inputs.allCases {
                for (rows, columns, count) in [(17, 256, 5), (33, 768, 13), (1, 1280, 1)] {
                    let product = KernelComparison.product(
                        format, rows: rows, columns: columns, inputs)
                    let x = KernelComparison.activations(count * columns, inputs)
                    let wanted = KernelComparison.with("scalar") { product.multiply(x) }
                    let found = KernelComparison.with(variant) { product.multiply(x) }
                    let wrong = wanted.indices.filter {
                        !KernelComparison.isSame(wanted[$0], found[$0])
                    }
                    #expect(
                        wrong.isEmpty,
                        "\(format.name) \(inputs) \(rows) x \(columns), \(count): \(wrong.count)")
                }
            }
        }
    }

    @Test(arguments: KernelVariant.available)
    func aComparisonFindsNothing(variant: String) throws {
        guard SharedData.runsSlowTests else { return }
        #expect(KernelComparison.differences(of: variant) == [])
    }

    /// An element depends on its row and its activation alone.
    @Test(arguments: formats, KernelVariant.available)
    func anyCountAndAnySplitGiveTheSameBits(name: String, variant: String) throws {
        let (rows, columns, count) = (56, 768, 33)
        let product = KernelComparison.product(
            try format(name), rows: rows, columns: columns, .plain)
        let x = KernelComparison.activations(count * columns, .plain)
        KernelComparison.with(variant) {
            for byBF16 in ck_has_bf16_products() ? [false, true] : [false] {
                let all = product.multiply(x, byBF16: byBF16)
                #expect(product.multiply(x, step: 16, byBF16: byBF16) == all)
                for some in [1, 2, 3, 4, 6, 7, 12, 13, 24, 25, 32] {
                    let part = Array(x[..<(some * columns)])
                    #expect(
                        product.multiply(part, byBF16: byBF16) == Array(all[..<(some * rows)]),
                        "\(some) of \(count) activations")
                }
                // The last activation alone, which elsewhere stands at the end of a tile.
                let last = Array(x[((count - 1) * columns)...])
                #expect(
                    product.multiply(last, byBF16: byBF16) == Array(all[((count - 1) * rows)...]))
            }
        }
    }

    /// The product of the dequantized weights, within what rounding the activations can do.
    @Test(arguments: formats, KernelVariant.available)
    func agreesWithTheDequantizedProduct(name: String, variant: String) throws {
        let (rows, columns, count) = (19, 768, 6)
        let product = KernelComparison.product(
            try format(name), rows: rows, columns: columns, .plain)
        let x = KernelComparison.activations(count * columns, .plain)
        let weights = product.weights()
        let found = KernelComparison.with(variant) { product.multiply(x) }
        let isFloat = KernelProduct.isFloat(product.format)
        let step = isFloat ? 0 : Self.roundingStep
        let group = isFloat ? columns : product.format.blockElements
        for i in 0..<count {
            for row in 0..<rows {
                var (wanted, bound) = (0.0, 0.0)
                for first in stride(from: 0, to: columns, by: group) {
                    var (largest, size) = (Float(0), Float(0))
                    for k in first..<first + group {
                        let (w, v) = (weights[row * columns + k], x[i * columns + k])
                        wanted += Double(w) * Double(v)
                        bound += Double(abs(w * v)) * 1e-5
                        largest = max(largest, abs(v))
                        size += abs(w)
                    }
                    bound += Double(size * largest * step)
                }
                let element = found[i * rows + row]
                #expect(abs(Double(element) - wanted) <= bound, "row \(row), activation \(i)")
            }
        }
    }
}
