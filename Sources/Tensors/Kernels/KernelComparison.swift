import Basics
import CKernels

/// One instruction set's kernels against the scalar ones, which are the specification.
///
/// Products are equal to the bit, whatever the lengths and the numbers; bf16 products are within
/// 2^-7 of the sum of the magnitudes of the exact ones (two roundings to 8 bits, and the sum's).
package enum KernelComparison {
    /// What the numbers are like.
    package enum Inputs: String, CaseIterable, Sendable {
        case plain
        /// Codes at the ends of their range, activations too.
        case extreme
        /// Scales and numbers of any bits at all.
        case anyBits = "any bits"
        /// Infinity and NaN among the activations.
        case notFinite = "not finite"
    }

    package static let bf16Bound: Float = 0x1p-7
    static let lengths = [32, 96, 512, 544, 256, 1792]
    static let heights = [1, 15, 17, 33]
    /// On both sides of what variants multiply without unpacking weights first.
    static let counts = [1, 2, 3, 4, 5, 7, 8, 12, 13, 24, 25, 31]

    /// What differs, one line each; empty when the variant keeps its promises.
    ///
    /// It must be one that this processor can run. Other threads keep the variant they have.
    package static func differences(of variant: String) -> [String] {
        var found: [String] = []
        for format in KernelProduct.formats {
            for (index, length) in lengths.enumerated() where length % format.blockElements == 0 {
                for inputs in Inputs.allCases {
                    let rows = heights[(index + inputs.rawValue.count) % heights.count]
                    let product = product(format, rows: rows, columns: length, inputs)
                    for count in counts {
                        let x = activations(count * length, inputs)
                        let place =
                            "\(format.name), \(inputs.rawValue), \(rows) x \(length), "
                            + "\(count) activations"
                        if let what = difference(product, x, variant, inputs) {
                            found.append(place + ": " + what)
                        }
                    }
                }
            }
        }
        return found
    }

    /// - Returns: what `body` returns with the variant chosen for this thread.
    package static func with<Value>(_ variant: String, _ body: () throws -> Value) rethrows -> Value
    {
        let chosen = ck_choose_variant_here(variant)
        precondition(chosen, "this processor cannot run '\(variant)'")
        defer { _ = ck_choose_variant_here(nil) }
        return try body()
    }

    private static func difference(
        _ product: KernelProduct, _ x: [Float], _ variant: String, _ inputs: Inputs
    ) -> String? {
        let wanted = with("scalar") { product.multiply(x) }
        // One panel at a time, or two.
        let step = x.count / product.columns % 2 == 0 ? 16 : 32
        let found = with(variant) { product.multiply(x, step: step) }
        if let index = wanted.indices.first(where: { !isSame(wanted[$0], found[$0]) }) {
            return "element \(index) is \(found[index]), wanted \(wanted[index])"
        }
        guard inputs == .plain, KernelProduct.isFloat(product.format),
            with(variant, { ck_has_bf16_products() })
        else { return nil }
        let rounded = with(variant) { product.multiply(x, byBF16: true) }
        let sizes = magnitudes(product, x)
        for index in rounded.indices
        where !(abs(rounded[index] - wanted[index]) <= bf16Bound * sizes[index]) {
            return "element \(index) by bf16 is \(rounded[index]), wanted about \(wanted[index])"
        }
        return nil
    }

    static func isSame(_ a: Float, _ b: Float) -> Bool {
        a.bitPattern == b.bitPattern || (a.isNaN && b.isNaN)
    }

    /// The sum of the magnitudes of the products of every element.
    package static func magnitudes(_ product: KernelProduct, _ x: [Float]) -> [Float] {
        let weights = product.weights()
        let columns = product.columns
        return (0..<x.count / columns * product.rows).map { index in
            let (i, row) = (index / product.rows, index % product.rows)
            return (0..<columns).reduce(0) {
                $0 + abs(weights[row * columns + $1] * x[i * columns + $1])
            }
        }
    }

    /// A product with weights of the given kind.
    package static func product(
        _ format: any QuantizationFormat.Type, rows: Int, columns: Int, _ inputs: Inputs
    ) -> KernelProduct {
        KernelProduct(
            format, rows: rows, columns: columns,
            bytes: storedBytes(format, rows: rows, columns: columns, inputs))
    }

    static func storedBytes(
        _ format: any QuantizationFormat.Type, rows: Int, columns: Int, _ inputs: Inputs
    ) -> [UInt8] {
        var generator = SeededGenerator(seed: UInt64(rows * 4096 + columns))
        let count = rows * columns
        var bytes = [UInt8](repeating: 0, count: format.byteCount(elements: count))
        let writable = format as? any WritableQuantizationFormat.Type
        if inputs == .anyBits || writable == nil {
            for index in bytes.indices {
                bytes[index] = UInt8(truncatingIfNeeded: generator.next() >> 20)
            }
        } else {
            let weights = (0..<count).map { _ in
                inputs == .extreme
                    ? (generator.next() & 4 == 0 ? Float(1) : -1)
                    : Float(2 * generator.nextUnitInterval() - 1)
            }
            bytes.withUnsafeMutableBytes {
                writable?.quantize(weights, count: count, into: $0.baseAddress!)
            }
        }
        return bytes
    }

    package static func activations(_ count: Int, _ inputs: Inputs) -> [Float] {
        var generator = SeededGenerator(seed: UInt64(count))
        return (0..<count).map { index in
            let value = Float(2 * generator.nextUnitInterval() - 1)
            let group = index / 32
            switch inputs {
            case .plain: return value * [0.01, 1, 30][group % 3]
            case .extreme: return group % 2 == 0 ? (value < 0 ? -2 : 2) : 3
            case .anyBits: return value * [0, 1e-38, 1e36, 1, 1e-20][group % 5]
            case .notFinite:
                if generator.next() % 300 > 0 { return value }
                return [.nan, .infinity, -.infinity][Int(generator.next() % 3)]
            }
        }
    }
}
