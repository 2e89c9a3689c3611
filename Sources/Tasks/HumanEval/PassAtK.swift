/// The unbiased estimator of pass@k from "Evaluating Large Language Models Trained on Code" (2021).
///
/// It is the chance that of k samples, drawn from n of which c are right, at least one is right.
package enum PassAtK {
    /// 1 − C(n − c, k) / C(n, k), as the product that the reference computes.
    ///
    /// Needs 0 ≤ c ≤ n and 1 ≤ k ≤ n. O(c).
    package static func estimate(samples n: Int, right c: Int, k: Int) -> Double {
        precondition(0 <= c && c <= n && 1 <= k && k <= n)
        if n - c < k { return 1 }
        let product = ((n - c + 1)..<(n + 1)).reduce(1.0) { product, i in
            product * (1 - Double(k) / Double(i))
        }
        return 1 - product
    }

    /// The mean over problems; nil where a problem has fewer than k samples, or there is none.
    package static func mean(_ problems: [(samples: Int, right: Int)], k: Int) -> Double? {
        guard !problems.isEmpty, problems.allSatisfy({ $0.samples >= k }) else { return nil }
        let sum = problems.reduce(0.0) {
            $0 + estimate(samples: $1.samples, right: $1.right, k: k)
        }
        return sum / Double(problems.count)
    }
}
