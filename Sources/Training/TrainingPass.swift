import Basics
import LanguageModels

/// Rows that go through the model together: whole examples one after another, without padding.
///
/// Attention stays within an example. T is the number of rows, one for each token but the last of
/// an example, which predicts nothing.
struct TrainingPass {
    private(set) var tokens: [Int32] = []
    /// Of each row in its example, from 0.
    private(set) var positions: [Int32] = []
    /// The rows of each example.
    private(set) var sequences: [Range<Int>] = []
    /// Rows whose next token counts, and that token.
    private(set) var targetRows: [Int] = []
    private(set) var targets: [Int32] = []
    /// Nil outside training, where nothing is dropped.
    let dropoutSeed: UInt64?

    init(_ examples: some Sequence<TrainingExample>, dropoutSeed: UInt64?) {
        self.dropoutSeed = dropoutSeed
        for example in examples {
            let start = tokens.count
            let count = Self.rows(of: example)
            guard count > 0 else { continue }
            tokens += example.tokens.prefix(count)
            positions += (0..<count).map(Int32.init)
            sequences.append(start..<start + count)
            for row in 0..<count where example.isTarget[row + 1] {
                targetRows.append(start + row)
                targets.append(example.tokens[row + 1])
            }
        }
    }

    var rowCount: Int { tokens.count }

    static func rows(of example: TrainingExample) -> Int { max(example.tokens.count - 1, 0) }
}

/// A seed made of others: different for every combination, the same on every machine.
struct TrainingSeed {
    let value: UInt64

    init(_ value: UInt64) { self.value = value }

    func with(_ part: UInt64) -> TrainingSeed {
        var generator = SeededGenerator(seed: value ^ (part &* 0xd6e8_feb8_6659_fd93))
        return TrainingSeed(generator.next())
    }
}
