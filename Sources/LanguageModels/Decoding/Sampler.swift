import Basics
import Tensors

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

package typealias TokenProbability = (token: Int32, probability: Double)

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
    /// Complexity: O(V), and O(n log n) for the n tokens that top-k and top-p leave to sort.
    package mutating func choose(_ logits: UnsafeBufferPointer<Float>) -> Int32 {
        if options.temperature == 0 { return Int32(LogSoftmax.argmax(logits)) }
        return draw(from: distribution(logits))
    }

    /// A token of a distribution whose probabilities sum to 1.
    mutating func draw(from candidates: [TokenProbability]) -> Int32 {
        var remaining = generator.nextUnitInterval()
        for candidate in candidates {
            remaining -= candidate.probability
            if remaining < 0 { return candidate.token }
        }
        // Rounding left a sliver: it belongs to the last token that can be drawn at all.
        return candidates.last { $0.probability > 0 }?.token ?? candidates[0].token
    }

    /// A draw beside those of tokens.
    mutating func nextUnitInterval() -> Double { generator.nextUnitInterval() }

    /// The tokens that can be drawn, with probabilities that sum to 1.
    ///
    /// Most likely first (the lower id on ties) when top-k or top-p is in force, else by id.
    package func distribution(_ logits: UnsafeBufferPointer<Float>) -> [TokenProbability] {
        let (weights, sum) = Exponentials.weights(
            logits, largest: logits[LogSoftmax.argmax(logits)], scale: 1 / options.temperature)
        let kept: [TokenProbability]
        if options.topK > 0, options.topK < weights.count {
            let likely = Self.mostLikely(options.topK, of: weights)
            kept =
                options.topP < 1
                ? Self.nucleus(options.topP, of: likely, sum: Self.sum(likely)) : likely
        } else if options.topP < 1 {
            kept = Self.nucleus(options.topP, of: candidates(weights, sum), sum: sum)
        } else {
            kept = weights.indices.map { (token: Int32($0), probability: weights[$0]) }
        }
        let total = Self.sum(kept)
        return kept.map { (token: $0.token, probability: $0.probability / total) }
    }

    private static func sum(_ candidates: [TokenProbability]) -> Double {
        candidates.reduce(0) { $0 + $1.probability }
    }

    private static func isBefore(_ a: TokenProbability, _ b: TokenProbability) -> Bool {
        a.probability == b.probability ? a.token < b.token : a.probability > b.probability
    }

    /// The k first in order of likelihood, sorted.
    private static func mostLikely(_ k: Int, of weights: [Double]) -> [TokenProbability] {
        // A prefix of the largest seen so far, cut back to k whenever it has doubled: few tokens
        // pass the bar after the first ones.
        var kept: [TokenProbability] = []
        var bar = -Double.infinity
        for token in weights.indices where weights[token] > bar {
            kept.append((token: Int32(token), probability: weights[token]))
            if kept.count >= 2 * k {
                kept.sort(by: isBefore)
                kept.removeLast(kept.count - k)
                bar = kept[k - 1].probability
            }
        }
        kept.sort(by: isBefore)
        return Array(kept.prefix(k))
    }

    /// All tokens that can be among the most likely ones that make up `share` of the sum, sorted.
    private func candidates(_ weights: [Double], _ sum: Double) -> [TokenProbability] {
        // All tokens below this together are less than what may be left out.
        let floor = (1 - options.topP) * sum / Double(weights.count)
        var found: [TokenProbability] = []
        for token in weights.indices where weights[token] >= floor {
            found.append((token: Int32(token), probability: weights[token]))
        }
        return found.sorted(by: Self.isBefore)
    }

    /// The smallest set of most likely tokens that makes up `share` of `sum`.
    private static func nucleus(
        _ share: Double, of sorted: [TokenProbability], sum: Double
    ) -> [TokenProbability] {
        var part = 0.0
        let last = sorted.firstIndex { candidate in
            part += candidate.probability
            return part >= share * sum
        }
        return Array(sorted.prefix(1 + (last ?? sorted.count - 1)))
    }
}
