#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// How an adapter is trained, in the terms of PEFT's and TRL's trainers.
package struct TrainingOptions: Sendable, Equatable {
    package var learningRate = 2e-4
    package var schedule = LearningRateSchedule.linear
    /// Updates in which the learning rate rises from 0.
    package var warmupSteps = 0
    package var epochs = 3
    /// Examples that go through the model together.
    package var batchSize = 4
    /// Such batches of one update.
    package var accumulationSteps = 4
    /// The largest norm of all gradients together.
    package var maxGradientNorm = 1.0
    package var weightDecay = 0.0
    /// Products with the frozen weights in bf16, sums in f32.
    package var bf16 = false
    /// Of the order of the examples and of dropout.
    package var seed: UInt64 = 0
    package var order = ExampleOrder.shuffled

    package init() {}

    /// Updates of one epoch over so many examples; the last one takes what is left.
    package func updates(ofEpoch examples: Int) -> Int {
        let batches = (examples + batchSize - 1) / batchSize
        return (batches + accumulationSteps - 1) / accumulationSteps
    }
}

/// The order of the examples.
package enum ExampleOrder: String, CaseIterable, Sendable {
    /// As they stand in the data set, in every epoch.
    case file
    /// A permutation of its own for every epoch.
    case shuffled
}

/// How the learning rate changes, as in transformers.
package enum LearningRateSchedule: String, CaseIterable, Sendable {
    /// To 0 along a line.
    case linear
    /// To 0 along half a period of a cosine.
    case cosine
    case constant

    /// The share of the learning rate at an update, counted from 0, of `total`.
    package func factor(at update: Int, warmup: Int, total: Int) -> Double {
        if update < warmup { return Double(update) / Double(warmup) }
        let rest = Double(max(total - warmup, 1))
        return switch self {
        case .constant: 1
        case .linear: Double(total - update) / rest
        case .cosine: (1 + cos(.pi * Double(update - warmup) / rest)) / 2
        }
    }
}
