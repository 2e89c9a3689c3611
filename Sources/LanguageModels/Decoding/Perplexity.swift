import Tensors

/// Perplexity of a text as `llama-perplexity` defines it.
///
/// The text's tokens are cut into chunks of `contextLength`; a rest is left out. In each chunk the
/// second half is scored, from the first half as context: tokens n/2 + 1 ..< n. Where the model's
/// tokenizer adds a beginning of text, it takes the place of a chunk's first token.
package struct Perplexity: Sendable {
    /// Sum and sum of squares of the scored tokens' negative log-probabilities.
    private var sum = 0.0
    private var squares = 0.0
    package private(set) var tokenCount = 0
    package private(set) var chunkCount = 0

    /// exp of the mean.
    package var value: Double { Self.value(ofMeanLoss: sum / Double(tokenCount)) }

    /// The perplexity that a mean negative log-probability stands for.
    package static func value(ofMeanLoss loss: Double) -> Double { exponential(loss) }

    /// Standard error, to first order; nil for fewer than two tokens.
    package var standardError: Double? {
        guard tokenCount > 1 else { return nil }
        let mean = sum / Double(tokenCount)
        let variance = squares / Double(tokenCount) - mean * mean
        return (max(variance, 0) / Double(tokenCount - 1)).squareRoot() * value
    }

    /// - Parameter tokens: of the text, with a beginning of text where the tokenizer adds one.
    /// - Parameter progress: called after each chunk.
    package init(
        of tokens: [Int32], contextLength: Int, model: LanguageModel, computation: Computation,
        progress: (Perplexity) throws -> Void
    ) rethrows {
        let session = model.makeSession(capacity: contextLength, computation: computation)
        let first = contextLength / 2
        for chunk in 0..<tokens.count / contextLength {
            let start = chunk * contextLength
            var input = Array(tokens[start..<start + contextLength])
            if let beginning = model.beginningToken { input[0] = beginning }
            session.truncate(to: 0)
            var (sum, squares, count) = (0.0, 0.0, 0)
            session.append(input, outputs: first..<contextLength - 1) { index, logits in
                let loss = -LogSoftmax(logits)[Int(tokens[start + index + 1])]
                sum += loss
                squares += loss * loss
                count += 1
            }
            self.sum += sum
            self.squares += squares
            tokenCount += count
            chunkCount += 1
            try progress(self)
        }
    }
}
