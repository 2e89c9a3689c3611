import Basics
import Experiments
import LanguageModels

/// What a model takes: peak resident memory of this process after a prompt and some decoding,
/// stored weights, cache bytes per position, and the time to load.
package enum MemoryTask: EvaluationTask {
    package static let kind = "memory"
    package static let version = 1
    package static let summary = "peak memory, weights, cache per token, load time"
    package static let needsRealWeights = false
    package static let settings: [Catalog.Setting] = [
        .init(
            "n_prompt", .integer(1...1_000_000), default: .integer(512),
            "prompt tokens processed before the peak is read"),
        .init(
            "n_gen", .integer(0...1_000_000), default: .integer(32),
            "tokens decoded before the peak is read"),
    ]

    package static func run(_ context: TaskContext) throws {
        let prompt = try context.integer("n_prompt")
        let generated = try context.integer("n_gen")
        let measurement = SpeedMeasurement(
            model: context.model, computation: context.computation, depth: 0,
            capacity: prompt + generated, seed: context.job.cell.seed)
        try context.progress("prompt of \(prompt) tokens", 0, of: 2)
        _ = measurement.timePrompt(prompt)
        try context.progress("decoding \(generated) tokens", 1, of: 2)
        _ = measurement.continueDecoding(generated)

        // Making random weights is not loading.
        if !context.model.isSynthetic {
            try context.metric(
                Metric(
                    name: "load_seconds", value: context.model.loadSeconds, unit: "s",
                    higherIsBetter: false))
        }
        try context.metric(bytes("weights_bytes", context.model.weightsBytes))
        try context.metric(bytes("kv_bytes_per_token", measurement.cacheBytesPerToken))
        // Read last, so that everything above is counted in.
        if let peak = ProcessMemory.peakResidentBytes() {
            try context.metric(bytes("peak_resident_bytes", peak))
        }
    }

    private static func bytes(_ name: String, _ value: Int) -> Metric {
        Metric(name: name, value: Double(value), unit: "bytes", higherIsBetter: false)
    }
}
