import Basics
import LanguageModels
import Tensors

/// Times sequences that are decoded together, after a beginning that they share.
///
/// As in `SpeedMeasurement`, tokens are random and each step is waited for.
package final class BatchMeasurement {
    private let model: LanguageModel
    private let batch: SequenceBatch
    private let beginning: SequenceBatch.ID
    private let sequenceCount: Int
    private var generator: SeededGenerator
    private let clock = ContinuousClock()

    /// - Parameter depth: tokens of the shared beginning.
    /// - Parameter steps: at most so many will be timed at a time.
    package init(
        model: LanguageModel, computation: Computation, sequences: Int, depth: Int, steps: Int,
        seed: UInt64
    ) {
        self.model = model
        sequenceCount = sequences
        generator = SeededGenerator(seed: seed)
        batch = SequenceBatch(
            model: model,
            capacity: SequenceBatch.capacity(prefix: depth, count: sequences, length: steps),
            positions: max(depth + steps, 1), cacheFormat: computation.cacheFormat)
        beginning = batch.makeSequence()
        if depth > 0 {
            var tokens = (0..<depth).map { _ in randomToken() }
            if let bos = model.beginningToken { tokens[0] = bos }
            batch.append([.init(beginning, tokens, outputs: 0)]) { _, _, _ in }
        }
    }

    /// Nanoseconds of each of `count` steps, which add a token to every sequence.
    package func timeSteps(_ count: Int) -> [UInt64] {
        let sequences = (0..<sequenceCount).map { _ in batch.fork(beginning) }
        defer { for sequence in sequences { batch.remove(sequence) } }
        var parts = sequences.map { SequenceBatch.Extension($0, [0], outputs: 1) }
        return (0..<count).map { _ in
            for index in parts.indices { parts[index].tokens[0] = randomToken() }
            let duration = clock.measure {
                batch.append(parts) { _, _, logits in _ = LogSoftmax.argmax(logits) }
            }.components
            return UInt64(duration.seconds) * 1_000_000_000
                + UInt64(duration.attoseconds / 1_000_000_000)
        }
    }

    private func randomToken() -> Int32 {
        Int32(generator.next(upperBound: UInt64(model.shape.vocabulary)))
    }
}
