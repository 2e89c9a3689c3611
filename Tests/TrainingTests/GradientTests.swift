import LanguageModels
import Tensors
import TestSupport
import Testing
import Training

/// A central difference of f32 losses: its step leaves about three digits.
private let tolerance = 2e-2

@Suite("Gradients against finite differences")
struct GradientTests {
    static let models = [
        "tiny-llama.gguf", "tiny-stablelm.gguf", "tiny-gptneox.gguf", "checkpoints/llama-scaled/hf",
        "checkpoints/gptneox-sequential/hf",
    ]

    /// Along its own gradient every matrix changes the loss by the gradient's length; each linear
    /// layer is adapted alone, so that nothing hides behind the others.
    @Test("every linear layer of every architecture", arguments: models)
    func everyLayer(model: String) throws {
        let checkpoint = try openCheckpoint(path: Fixtures.path(model))
        let backend = CPUBackend(threads: 2, computation: .f32)
        for place in try checkpoint.configuration().adaptableLinears {
            let start = try adapter(on: place.path, of: checkpoint)
            let (_, gradient) = try lossAndGradient(start, checkpoint, backend)
            for isA in [true, false] {
                let direction = isA ? gradient.a : gradient.b
                let length = direction.map { Double($0) * Double($0) }.reduce(0, +).squareRoot()
                #expect(length > 1e-6, "\(place.path) has a gradient")
                let step = 2e-2 / length
                func loss(_ sign: Double) throws -> Double {
                    var moved = start
                    let change = direction.map { Float(Double($0) * sign * step) }
                    if isA {
                        moved.modules[0].a = zip(moved.modules[0].a, change).map { $0 + $1 }
                    } else {
                        moved.modules[0].b = zip(moved.modules[0].b, change).map { $0 + $1 }
                    }
                    return try lossAndGradient(moved, checkpoint, backend).loss
                }
                let slope = (try loss(1) - loss(-1)) / (2 * step)
                #expect(
                    abs(slope - length * length) <= tolerance * length * length,
                    "\(isA ? "A" : "B") of \(place.path)")
            }
        }
    }

    /// Two examples; dropout is on, and the same in every call.
    private func lossAndGradient(
        _ adapter: LoRAAdapter, _ checkpoint: any Checkpoint, _ backend: CPUBackend
    ) throws -> (loss: Double, LoRAModule) {
        var options = TrainingOptions()
        options.seed = 5
        let examples = [Array(3..<14), Array(40..<46)].map { tokens in
            TrainingExample(
                tokens: tokens.map(Int32.init), isTarget: tokens.indices.map { $0 != 2 })
        }
        let trainer = try LoRATrainer(
            checkpoint: checkpoint, backend: backend, adapter: adapter, examples: examples,
            options: options)
        let (loss, _) = try trainer.gradients(of: 0)
        return (loss.sum / Double(loss.targets), trainer.gradient.modules[0])
    }

    private func adapter(on path: String, of checkpoint: any Checkpoint) throws -> LoRAAdapter {
        var adapter = try LoRAAdapter(
            LoRAConfiguration(
                rank: 3, alpha: 6, dropout: 0.2, usesRankStabilizedScaling: false,
                targetModules: [path]),
            for: checkpoint.configuration(), seed: 1)
        adapter.modules[0].b = adapter.modules[0].b.indices.map { Float($0 % 7 - 3) / 20 }
        return adapter
    }
}
