import LanguageModels

/// The work of a job in units that a machine has rates for.
package struct JobCost: Hashable, Sendable {
    /// Additions and multiplications of the passes over prompts.
    package var operations: Double
    /// Bytes of weights and cache that decoding steps read.
    package var stepBytes: Double
    /// Bytes of weights that are loaded.
    package var loadBytes: Double

    package init(operations: Double, stepBytes: Double, loadBytes: Double) {
        self.operations = operations
        self.stepBytes = stepBytes
        self.loadBytes = loadBytes
    }

    /// - Parameter cacheBytes: keys and values of one position.
    package init(_ model: ModelFootprint, _ load: TaskWorkload, cacheBytes: Int) {
        let shape = model.shape
        // A product of a query and a key, and of a weight and a value.
        let pairOperations = 4 * Double(shape.layers * shape.heads * shape.headSize)
        operations =
            2 * Double(model.layerWeights) * Double(load.promptTokens)
            + pairOperations * Double(load.promptPairs)
        stepBytes =
            Double(model.stepBytes) * Double(load.steps)
            + Double(cacheBytes) * Double(load.stepPairs)
        loadBytes = Double(model.storedBytes)
    }

    /// Both, one after the other.
    package static func + (one: JobCost, two: JobCost) -> JobCost {
        JobCost(
            operations: one.operations + two.operations, stepBytes: one.stepBytes + two.stepBytes,
            loadBytes: one.loadBytes + two.loadBytes)
    }

    package func seconds(at rates: MachineRates) -> Double {
        MachineRates.startSeconds + operations / rates.operationsPerSecond
            + stepBytes / rates.stepBytesPerSecond + loadBytes / rates.loadBytesPerSecond
    }
}

/// How fast a machine does with one format what jobs are made of.
package struct MachineRates: Hashable, Sendable {
    package var operationsPerSecond: Double
    package var stepBytesPerSecond: Double
    package var loadBytesPerSecond: Double

    package init(
        operationsPerSecond: Double, stepBytesPerSecond: Double, loadBytesPerSecond: Double
    ) {
        self.operationsPerSecond = operationsPerSecond
        self.stepBytesPerSecond = stepBytesPerSecond
        self.loadBytesPerSecond = loadBytesPerSecond
    }

    /// Starting a process and ending it.
    static let startSeconds = 0.2

    /// Of a small machine: only their proportions are used, to compare two jobs with each other.
    static let nominal = MachineRates(
        operationsPerSecond: 100e9, stepBytesPerSecond: 10e9, loadBytesPerSecond: 1e9)
}
