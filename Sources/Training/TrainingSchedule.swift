import Basics

/// Which examples make which update: a function of the update's number alone, so that a training
/// can go on from any of them.
struct TrainingSchedule {
    let options: TrainingOptions
    let exampleCount: Int

    var updatesPerEpoch: Int { options.updates(ofEpoch: exampleCount) }
    var updateCount: Int { options.epochs * updatesPerEpoch }

    /// The batches of an update, counted from 0, as indices of examples.
    func batches(of update: Int) -> [[Int]] {
        let order = order(ofEpoch: update / updatesPerEpoch)
        let size = options.batchSize
        let perUpdate = size * options.accumulationSteps
        let start = update % updatesPerEpoch * perUpdate
        let end = min(start + perUpdate, exampleCount)
        return stride(from: start, to: end, by: size).map { Array(order[$0..<min($0 + size, end)]) }
    }

    func learningRate(of update: Int) -> Double {
        options.learningRate
            * options.schedule.factor(
                at: update, warmup: options.warmupSteps, total: updateCount)
    }

    /// The seed of what is dropped in a batch.
    func dropoutSeed(update: Int, batch: Int) -> UInt64 {
        TrainingSeed(options.seed).with(UInt64(update)).with(UInt64(batch)).value
    }

    private func order(ofEpoch epoch: Int) -> [Int] {
        let indices = Array(0..<exampleCount)
        guard options.order == .shuffled else { return indices }
        var generator = SeededGenerator(
            seed: TrainingSeed(~options.seed).with(UInt64(epoch)).value)
        return indices.shuffled(using: &generator)
    }
}
