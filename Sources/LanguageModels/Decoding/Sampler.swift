import Basics

/// How the next token is chosen from logits.
///
/// Order of the rules as in transformers: temperature, top-k, top-p, then a draw. Temperature 0
/// is greedy: the token of the largest logit, the lowest id on ties.
package struct SamplingOptions: Hashable, Sendable {
    package var temperature: Double
    /// Keep the k most likely tokens; 0 keeps all.
    package var topK: Int
    /// Keep the smallest set of tokens whose probabilities sum to at least this; 1 keeps all.
    package var topP: Double
    package var seed: UInt64

    package init(temperature: Double = 0, topK: Int = 0, topP: Double = 1, seed: UInt64 = 0) {
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        self.seed = seed
    }
}

package struct Sampler {
    package let options: SamplingOptions
    private var generator: SeededGenerator

    package init(_ options: SamplingOptions) {
        precondition(options.temperature >= 0 && options.topK >= 0 && options.topP > 0)
        self.options = options
        generator = SeededGenerator(seed: options.seed)
    }

    /// The next token.
    ///
    /// Complexity: O(V) for greedy, O(V log V) at worst otherwise.
    package mutating func choose(_ logits: UnsafeBufferPointer<Float>) -> Int32 {
        if options.temperature == 0 { return Int32(LogSoftmax.argmax(logits)) }
        let candidates = distribution(logits)
        var remaining = generator.nextUnitInterval()
        for candidate in candidates {
            remaining -= candidate.probability
            if remaining < 0 { return candidate.token }
        }
        // Rounding left a sliver: it belongs to the last token that can be drawn at all.
        return candidates.last { $0.probability > 0 }?.token ?? candidates[0].token
    }

    /// The tokens that can be drawn, most likely first, with probabilities that sum to 1.
    package func distribution(_ logits: UnsafeBufferPointer<Float>)
        -> [(token: Int32, probability: Double)]
    {
        var order = (0..<Int32(logits.count)).sorted {
            let (a, b) = (logits[Int($0)], logits[Int($1)])
            return a == b ? $0 < $1 : a > b
        }
        if options.topK > 0 { order.removeLast(max(0, order.count - options.topK)) }
        let largest = Double(logits[Int(order[0])])
        var weights = order.map {
            exponential((Double(logits[Int($0)]) - largest) / options.temperature)
        }
        var total = weights.reduce(0, +)
        if options.topP < 1 {
            var sum = 0.0
            let kept = weights.firstIndex {
                sum += $0
                return sum >= options.topP * total
            }
            weights.removeLast(weights.count - 1 - (kept ?? weights.count - 1))
            total = weights.reduce(0, +)
        }
        return zip(order, weights).map { (token: $0, probability: $1 / total) }
    }
}
