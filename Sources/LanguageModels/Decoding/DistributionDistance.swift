import Tensors

/// How far one model's next-token distribution is from another's at the same place.
///
/// The measures are those of `llama-perplexity --kl-divergence`: the Kullback-Leibler divergence
/// from the reference to the other, whether both find the same token the likeliest, and the loss
/// of the token that does come next.
package struct DistributionDistance: Hashable, Sendable {
    /// sum over the vocabulary of p log(p / q), p the reference's; in nats, never below 0.
    package let divergence: Double
    /// The lowest token on ties, on both sides.
    package let isSameTop: Bool
    /// Negative log-probabilities of the token that comes next, where one was named.
    package let referenceLoss: Double?
    package let loss: Double?

    /// Sums are accumulated in f64.
    ///
    /// - Parameters:
    ///   - reference: logits [V].
    ///   - other: logits [V] of the same vocabulary.
    ///   - target: the token that comes next; nil where there is none to be right about.
    package init(
        from reference: UnsafeBufferPointer<Float>, to other: UnsafeBufferPointer<Float>,
        target: Int?
    ) {
        precondition(reference.count == other.count, "both models have one vocabulary")
        let p = LogSoftmax(reference)
        let q = LogSoftmax(other)
        // sum p (log p - log q), where the normalizers come out of the sum.
        let largest = reference[p.best]
        var (weights, differences) = (0.0, 0.0)
        for index in reference.indices {
            let weight = Double(exponential(reference[index] - largest))
            weights += weight
            differences += weight * (Double(reference[index]) - Double(other[index]))
        }
        let shift = (p[p.best] - Double(largest)) - (q[p.best] - Double(other[p.best]))
        // Rounding may miss 0 from below.
        divergence = max(differences / weights + shift, 0)
        isSameTop = p.best == q.best
        referenceLoss = target.map { -p[$0] }
        loss = target.map { -q[$0] }
    }
}

/// Measures two models against each other on one text, in the chunks of `Perplexity`.
///
/// Of the reference's logits one chunk's are held at a time: [contextLength / 2, V] in f32.
package final class TextComparison {
    package let contextLength: Int
    private let reference: DecodingSession
    private let other: DecodingSession
    private var held: [Float] = []

    /// - Parameter contextLength: tokens of a chunk, whose second half is scored; at least 4.
    package init(
        reference: LanguageModel, other: LanguageModel, contextLength: Int,
        computation: Computation
    ) throws {
        precondition(contextLength >= 4, "a chunk has a half that is scored")
        guard reference.shape.vocabulary == other.shape.vocabulary else {
            throw ModelError(
                "the reference has \(reference.shape.vocabulary) tokens and the model "
                    + "\(other.shape.vocabulary): their distributions cannot be compared. "
                    + "Name a reference with the same vocabulary.")
        }
        self.contextLength = contextLength
        self.reference = reference.makeSession(
            capacity: contextLength, computation: computation)
        self.other = other.makeSession(capacity: contextLength, computation: computation)
    }

    /// Distances at the scored places of one chunk, in order.
    ///
    /// - Parameter tokens: [contextLength] of the text.
    package func distances(_ tokens: ArraySlice<Int32>) -> [DistributionDistance] {
        precondition(tokens.count == contextLength, "chunks have one length")
        let chunk = Array(tokens)
        let scored = contextLength / 2..<contextLength - 1
        let width = reference.model.shape.vocabulary
        held.removeAll(keepingCapacity: true)
        held.reserveCapacity(scored.count * width)
        feed(chunk, to: reference, outputs: scored) { _, logits in
            self.held.append(contentsOf: logits)
        }
        var distances: [DistributionDistance] = []
        distances.reserveCapacity(scored.count)
        feed(chunk, to: other, outputs: scored) { index, logits in
            self.held.withUnsafeBufferPointer { held in
                let start = (index - scored.lowerBound) * width
                distances.append(
                    DistributionDistance(
                        from: UnsafeBufferPointer(rebasing: held[start..<start + width]),
                        to: logits, target: Int(chunk[index + 1])))
            }
        }
        return distances
    }

    /// A beginning of text takes the place of the first token, as in llama-perplexity.
    private func feed(
        _ chunk: [Int32], to session: DecodingSession, outputs: Range<Int>,
        visit: (Int, UnsafeBufferPointer<Float>) -> Void
    ) {
        var input = chunk
        if let beginning = session.model.beginningToken { input[0] = beginning }
        session.truncate(to: 0)
        session.append(input, outputs: outputs, visit: visit)
    }
}
