import Basics
import Experiments
import Hub
import LanguageModels
import Tasks
import Tensors

/// Measures what this machine does in a second, with a few layers of random weights.
///
/// All formats together take about `budget` seconds.
enum MachineProbe {
    /// What rates belong to: a format and how it is computed with.
    struct Key: Hashable {
        let format: String
        let backend: String
        let hardwareSettings: [String: JSONValue]
    }

    static let budget = 20.0

    /// Two layers of a billion-parameter model, whose weights are in no cache.
    private static let shapeName = "tinyllama-1.1b-chat"
    private static let layers = 2
    private static let promptTokens = 128

    /// - Parameter cells: with the keys that they stand for.
    static func measure(_ cells: [Key: Cell]) throws -> [Key: MachineRates] {
        let line = ProgressLine()
        defer { line.clear() }
        var rates: [Key: MachineRates] = [:]
        let ordered = cells.sorted { $0.key.format < $1.key.format }
        for (index, (key, cell)) in ordered.enumerated() {
            line.update(
                "measuring \(key.format)", fraction: Double(index) / Double(ordered.count))
            rates[key] = try measure(
                key.format, on: HardwareTarget(cell), seconds: budget / Double(ordered.count))
        }
        return rates
    }

    private static func measure(
        _ format: String, on hardware: HardwareTarget, seconds: Double
    ) throws -> MachineRates {
        let clock = ContinuousClock()
        let start = clock.now
        func spent() -> Double { (clock.now - start) / .seconds(1) }

        var small = try SyntheticModels.model(shapeName, seed: 1)
        small.shape.layers = layers
        let target = try QuantizationTarget.named(format)
        guard
            let footprint = ModelFootprint(
                architecture: small.architecture, shape: small.shape, isTied: small.isTied,
                target: target)
        else { preconditionFailure("the catalog's architectures are known") }
        let model = try LanguageModel(
            checkpoint: SyntheticCheckpoint(small, target: target, threads: hardware.threads),
            backend: hardware.makeBackend())
        let loadSeconds = spent()
        let measurement = SpeedMeasurement(
            model: model, computation: hardware.computation, depth: 0, capacity: promptTokens,
            seed: 1)
        let cacheBytes = measurement.cacheBytesPerToken

        var load = TaskWorkload(positions: promptTokens)
        load.promptTokens = promptTokens
        load.promptPairs = promptTokens * (promptTokens + 1) / 2
        load.steps = promptTokens / 4
        load.stepPairs = load.steps * (load.steps + 1) / 2
        let cost = JobCost(footprint, load, cacheBytes: cacheBytes)
        // The first of each warms caches and memory up.
        _ = measurement.timePrompt(promptTokens)
        _ = measurement.timeSteps(1)
        var (prompt, steps) = (UInt64.max, UInt64.max)
        repeat {
            prompt = min(prompt, measurement.timePrompt(promptTokens))
            steps = min(steps, measurement.timeSteps(load.steps).reduce(0, +))
        } while spent() < seconds
        return MachineRates(
            operationsPerSecond: cost.operations * 1e9 / Double(max(prompt, 1)),
            stepBytesPerSecond: cost.stepBytes * 1e9 / Double(max(steps, 1)),
            loadBytesPerSecond: cost.loadBytes / max(loadSeconds, 1e-6))
    }
}
