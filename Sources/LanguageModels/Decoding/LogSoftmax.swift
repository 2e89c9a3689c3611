import Tensors

/// Logarithms of a softmax over logits [V].
package struct LogSoftmax {
    private let logits: UnsafeBufferPointer<Float>
    private let normalizer: Double
    /// Index of the largest logit, the lowest one on ties.
    package let best: Int

    /// Exponentials and their sum are f64.
    ///
    /// Valid as long as the buffer is.
    package init(_ logits: UnsafeBufferPointer<Float>) {
        best = Self.argmax(logits)
        let largest = logits[best]
        self.logits = logits
        normalizer = Double(largest) + logarithm(Exponentials.sum(logits, largest: largest))
    }

    /// Natural log-probability of a token.
    package subscript(token: Int) -> Double { Double(logits[token]) - normalizer }

    /// Index of the largest logit, the lowest one on ties.
    package static func argmax(_ logits: UnsafeBufferPointer<Float>) -> Int {
        Extremes.largest(logits).index
    }
}
