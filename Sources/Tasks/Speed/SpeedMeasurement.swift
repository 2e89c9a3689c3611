import Basics
import Experiments
import LanguageModels
import Tensors

/// Times a model as llama-bench does.
///
/// `pp N`: N random tokens are processed, in passes of 512, with the logits of the last one.
/// `tg N`: N single-token steps, each waited for; the next token is random. With a depth D the
/// cache holds D tokens before the clock starts. Tokenization and sampling are not timed.
package final class SpeedMeasurement {
    private let model: LanguageModel
    private let session: DecodingSession
    private let depth: Int
    private var generator: SeededGenerator
    private let clock = ContinuousClock()

    package init(
        model: LanguageModel, computation: Computation, depth: Int, capacity: Int, seed: UInt64
    ) {
        self.model = model
        generator = SeededGenerator(seed: seed)
        session = model.makeSession(
            capacity: max(depth + capacity, 1), computation: computation)
        self.depth = depth
        if depth > 0 { session.append(randomTokens(depth, atStart: true)) }
    }

    package var cacheBytesPerToken: Int { session.cacheBytesPerToken }

    /// Nanoseconds to process `count` prompt tokens after the depth.
    package func timePrompt(_ count: Int) -> UInt64 {
        session.truncate(to: depth)
        let tokens = randomTokens(count, atStart: depth == 0)
        return nanoseconds { process(tokens) }
    }

    /// Nanoseconds of each of `count` decoding steps after the depth.
    package func timeSteps(_ count: Int) -> [UInt64] {
        session.truncate(to: depth)
        return continueDecoding(count)
    }

    /// Nanoseconds of each of `count` decoding steps after whatever is there.
    package func continueDecoding(_ count: Int) -> [UInt64] {
        let tokens = randomTokens(count, atStart: session.tokens.isEmpty)
        return tokens.map { token in nanoseconds { process([token]) } }
    }

    /// Nanoseconds from a text to the first token chosen after it: tokenization, a prompt of
    /// `count` tokens from an empty cache, and the greedy choice.
    package func timeToFirstToken(_ text: String, count: Int, tokenizer: Tokenizer) -> UInt64 {
        session.truncate(to: 0)
        return nanoseconds {
            let tokens = tokenizer.encode(text, addBOS: nil, parseSpecial: false)
            process(Array(tokens.prefix(count)))
        }
    }

    /// One pass with the greedy choice of the last position, which waits for the backend.
    private func process(_ tokens: [Int32]) {
        session.append(tokens, outputs: tokens.count - 1..<tokens.count) { _, logits in
            _ = LogSoftmax.argmax(logits)
        }
    }

    private func randomTokens(_ count: Int, atStart: Bool) -> [Int32] {
        var tokens = (0..<count).map { _ in
            Int32(generator.next(upperBound: UInt64(model.shape.vocabulary)))
        }
        if atStart, count > 0, let bos = model.beginningToken { tokens[0] = bos }
        return tokens
    }

    private func nanoseconds(_ work: () -> Void) -> UInt64 {
        let duration = clock.measure(work).components
        return UInt64(duration.seconds) * 1_000_000_000
            + UInt64(duration.attoseconds / 1_000_000_000)
    }
}

/// Averages of rates and times, as llama-bench prints them.
package enum SpeedStatistics {
    /// Tokens per second of each repetition.
    package static func rates(tokens: Int, nanoseconds: [UInt64]) -> [Double] {
        nanoseconds.map { 1e9 * Double(tokens) / Double(max($0, 1)) }
    }

    package static func mean(_ values: [Double]) -> Double? {
        values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }

    /// Sample standard deviation; nil for fewer than two values.
    package static func standardDeviation(_ values: [Double]) -> Double? {
        guard values.count > 1, let mean = mean(values) else { return nil }
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return (squares / Double(values.count - 1)).squareRoot()
    }

    /// Percentile by linear interpolation between ranks (numpy's default); nil without values.
    package static func percentile(_ p: Double, of values: [Double]) -> Double? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        let rank = p / 100 * Double(sorted.count - 1)
        let below = Int(rank)
        let above = min(below + 1, sorted.count - 1)
        return sorted[below] + (sorted[above] - sorted[below]) * (rank - Double(below))
    }
}
