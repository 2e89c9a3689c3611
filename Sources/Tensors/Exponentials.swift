import CKernels

/// Weights of a softmax in f64, by the processor's vectors.
package enum Exponentials {
    /// Sum over all `x` of exp((x - largest) * scale); `largest` is the largest of them, and
    /// `scale` positive.
    package static func sum(
        _ x: UnsafeBufferPointer<Float>, largest: Float, scale: Double = 1
    ) -> Double {
        ck_exponentials(Int64(x.count), x.baseAddress, Double(largest), scale, nil)
    }

    /// The summands of `sum`, and the sum.
    package static func weights(
        _ x: UnsafeBufferPointer<Float>, largest: Float, scale: Double = 1
    ) -> (weights: [Double], sum: Double) {
        var sum = 0.0
        let weights = [Double](unsafeUninitializedCapacity: x.count) { out, count in
            sum = ck_exponentials(
                Int64(x.count), x.baseAddress, Double(largest), scale, out.baseAddress)
            count = x.count
        }
        return (weights, sum)
    }
}
