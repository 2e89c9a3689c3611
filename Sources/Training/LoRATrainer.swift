import LanguageModels
import Tensors

/// One update of the adapter and what it was computed from.
package struct TrainingUpdate: Sendable, Equatable {
    /// From 1.
    package var number: Int
    /// The mean over all targets of the update, in nats.
    package var loss: Double
    package var learningRate: Double
    /// Of all gradients together, before they are clipped.
    package var gradientNorm: Double
    /// Targets.
    package var tokens: Int
    /// Targets that were the most probable token.
    package var hits: Int
    /// What it took.
    package var seconds: Double
}

/// Trains an adapter on a model's frozen weights.
///
/// The loss of an update is the sum over its targets divided by their number, however they are
/// split into batches. Everything random is a function of the seed and of the update's number.
/// Products are f32, those with the frozen weights bf16 where the options say so; sums are f32.
package final class LoRATrainer {
    package let options: TrainingOptions
    package let examples: [TrainingExample]
    private let configuration: LoRAConfiguration
    private let model: TrainableModel
    private let schedule: TrainingSchedule
    private let passRows: Int
    /// Those done so far.
    package private(set) var updates: [TrainingUpdate] = []

    /// Checks everything, and allocates for the largest batch.
    ///
    /// - Parameter evaluated: examples that `evaluate` will be asked about.
    /// - Parameter tapeBytes: memory for what layers keep for the backward instead of computing it
    ///   once more; nil for the weights' size, and 576 MiB at least.
    package init(
        checkpoint: any Checkpoint, backend: CPUBackend, adapter: LoRAAdapter,
        examples: [TrainingExample], evaluated: [TrainingExample] = [],
        options: TrainingOptions, tapeBytes: Int? = nil
    ) throws {
        self.options = options
        self.examples = examples
        configuration = adapter.configuration
        schedule = TrainingSchedule(options: options, exampleCount: examples.count)
        model = try TrainableModel(
            checkpoint: checkpoint, backend: backend, isRounded: options.bf16)
        try model.attach(adapter)
        try Self.check(examples + evaluated, vocabulary: model.shape.vocabulary)
        guard !examples.isEmpty else { throw TrainingError("there are no examples to train on.") }
        var rows = evaluated.map(TrainingPass.rows).max() ?? 1
        for update in 0..<schedule.updateCount {
            let batches = schedule.batches(of: update).map { $0.map { examples[$0] } }
            guard batches.joined().contains(where: { $0.isTarget.dropFirst().contains(true) })
            else {
                throw TrainingError(
                    "update \(update + 1): none of its \(batches.joined().count) examples has a "
                        + "token to learn. Raise max_length or check the data set.")
            }
            for batch in batches {
                rows = max(rows, batch.reduce(0) { $0 + TrainingPass.rows(of: $1) })
            }
        }
        passRows = rows
        let longest = (examples + evaluated).map(\.tokens.count).max() ?? 1
        model.reserve(
            rows: rows, positions: longest,
            tapeBytes: tapeBytes ?? max(576 << 20, checkpoint.tensors.byteCount))
    }

    package var updateCount: Int { schedule.updateCount }
    package var completedUpdates: Int { updates.count }

    /// Numbers that are trained.
    package var parameterCount: Int { model.parameters.reduce(0) { $0 + $1.count } }

    /// The adapter as it is now.
    package var adapter: LoRAAdapter { model.adapter(configuration) { $0.value } }

    /// What `gradients(of:)` found, in the places of the numbers that it is the gradient of.
    package var gradient: LoRAAdapter { model.adapter(configuration) { $0.gradient } }

    private static func check(_ examples: [TrainingExample], vocabulary: Int) throws {
        for (index, example) in examples.enumerated() {
            if let token = example.tokens.first(where: { !(0..<vocabulary).contains(Int($0)) }) {
                throw TrainingError(
                    "example \(index + 1): token \(token) is not in the model's vocabulary of "
                        + "\(vocabulary).")
            }
        }
    }

    // MARK: Updates

    /// Does the next update.
    ///
    /// Throws when the loss or a gradient is not a number, or the loss explodes; the adapter is then
    /// as the last update left it.
    package func step() throws -> TrainingUpdate {
        precondition(completedUpdates < updateCount, "there is an update left")
        let update = completedUpdates
        let clock = ContinuousClock()
        let start = clock.now
        let (loss, norm) = try gradients(of: update)
        let learningRate = schedule.learningRate(of: update)
        let step = AdamWStep(
            learningRate: learningRate, count: update + 1,
            gradientScale: Float(min(1, options.maxGradientNorm / (norm + 1e-6))),
            weightDecay: options.weightDecay)
        for parameter in model.parameters {
            parameter.value.step(
                step, gradient: parameter.gradient, first: parameter.first,
                second: parameter.second)
        }
        let done = TrainingUpdate(
            number: update + 1, loss: loss.sum / Double(loss.targets), learningRate: learningRate,
            gradientNorm: norm, tokens: loss.targets, hits: loss.hits,
            seconds: (clock.now - start).seconds)
        updates.append(done)
        return done
    }

    /// Fills the gradients of an update, counted from 0; its loss and their norm.
    package func gradients(of update: Int) throws -> (PassLoss, norm: Double) {
        for parameter in model.parameters { parameter.gradient.fill(0) }
        let passes = schedule.batches(of: update).enumerated().map { index, batch in
            TrainingPass(
                batch.map { examples[$0] },
                dropoutSeed: schedule.dropoutSeed(update: update, batch: index))
        }
        let targets = passes.reduce(0) { $0 + $1.targetRows.count }
        var loss = PassLoss()
        do {
            for pass in passes where !pass.targetRows.isEmpty {
                loss = loss + (try model.run(pass, gradientScale: 1 / Float(targets)))
            }
        } catch let error as TrainingError {
            throw TrainingError("update \(update + 1): \(error)")
        }
        var squares = 0.0
        for parameter in model.parameters {
            let sum = parameter.gradient.squareSum
            guard sum.isFinite else {
                throw TrainingError(
                    "update \(update + 1): the gradient of \(parameter.name) is not finite.")
            }
            squares += sum
        }
        try checkSize(of: loss, update: update)
        return (loss, squares.squareRoot())
    }

    /// A model that knows nothing has a loss of log V; one of half as much again is on its way out.
    private func checkSize(of loss: PassLoss, update: Int) throws {
        let mean = loss.sum / Double(loss.targets)
        let limit = 1.5 * logarithm(Double(model.shape.vocabulary))
        guard mean > limit else { return }
        let largest = model.parameters.max { $0.gradient.squareSum < $1.gradient.squareSum }
        throw TrainingError(
            "update \(update + 1): the loss is \(mean), more than 1.5 times that of guessing; "
                + "the largest gradient is that of \(largest?.name ?? "nothing"). "
                + "Lower learning_rate.")
    }

    /// Losses of examples with the adapter as it is, without dropout.
    package func evaluate(_ examples: [TrainingExample]) throws -> PassLoss {
        var loss = PassLoss()
        var waiting: [TrainingExample] = []
        var rows = 0
        func flush() throws {
            let pass = TrainingPass(waiting, dropoutSeed: nil)
            if !pass.targetRows.isEmpty { loss = loss + (try model.run(pass, gradientScale: nil)) }
            waiting = []
            rows = 0
        }
        for example in examples {
            let count = TrainingPass.rows(of: example)
            if rows + count > passRows { try flush() }
            waiting.append(example)
            rows += count
        }
        try flush()
        return loss
    }

    // MARK: Interruption

    /// Everything that later updates depend on.
    ///
    /// The order of the data and all random numbers follow from the number of updates.
    package var state: TrainingState {
        TrainingState(
            updates: updates,
            tensors: model.parameters.map { [$0.value.values, $0.first.values, $0.second.values] })
    }

    /// Goes on where another trainer of the same model, data and options was.
    package func restore(_ state: TrainingState) throws {
        let parameters = model.parameters
        guard state.tensors.count == parameters.count,
            zip(state.tensors, parameters).allSatisfy({ tensors, parameter in
                tensors.count == 3 && tensors.allSatisfy { $0.count == parameter.count }
            }), state.updates.count <= updateCount
        else {
            throw TrainingError("the checkpoint is not one of this training.")
        }
        for (tensors, parameter) in zip(state.tensors, parameters) {
            parameter.value.set(tensors[0])
            parameter.first.set(tensors[1])
            parameter.second.set(tensors[2])
        }
        updates = state.updates
    }
}
