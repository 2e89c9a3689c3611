import CKernels

/// What stands out among logits, by the processor's vectors.
package enum Extremes {
    /// The index of the largest number, the lowest one on ties, and how far it is above the second;
    /// 0 on ties, infinite where there is no second.
    package static func largest(_ x: UnsafeBufferPointer<Float>) -> (index: Int, lead: Float) {
        guard let start = x.baseAddress, !x.isEmpty else { return (0, .infinity) }
        var second: Float = 0
        let index = Int(ck_largest(Int64(x.count), start, &second))
        return (index, x[index] - second)
    }

    /// Indices of the numbers that are at least `bar`, in order; nil when there are more than
    /// `limit`.
    package static func indices(
        of x: UnsafeBufferPointer<Float>, atLeast bar: Float, limit: Int
    ) -> [Int]? {
        var found: Int64 = 0
        let indices = [Int64](unsafeUninitializedCapacity: limit) { out, count in
            found = ck_at_least(
                Int64(x.count), x.baseAddress, bar, Int64(limit), out.baseAddress)
            count = min(limit, Int(found))
        }
        return found > limit ? nil : indices.map { Int($0) }
    }

    /// Whether no number is infinite or NaN.
    package static func areFinite(_ x: UnsafeBufferPointer<Float>) -> Bool {
        ck_all_finite(Int64(x.count), x.baseAddress)
    }
}
