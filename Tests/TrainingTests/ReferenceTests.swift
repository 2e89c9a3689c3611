import LanguageModels
import Tensors
import Testing
import Training

/// Sums of f32 in different orders; the models are tiny, so that errors stay near one unit in the
/// last place of the largest numbers.
private let gradientTolerance: Float = 1e-4
private let lossTolerance = 1e-5
/// AdamW divides small gradients by their own size, so that what rounding does to them moves the
/// adapter as far as large ones do; the differences after some updates were up to 1.6e-5 and 2.8e-4.
private let laterLossTolerance = 5e-5
private let laterNormTolerance = 1e-3

@Suite("Training against PEFT and torch")
struct ReferenceTests {
    @Test("loss and gradients of every linear layer", arguments: ReferenceAdapter.names)
    func gradients(name: String) throws {
        let reference = try ReferenceAdapter(name)
        let (start, expected) = try reference.adapters(name)
        for path in reference.paths {
            for tapeBytes in [0, 1 << 30] {
                let trainer = try LoRATrainer(
                    checkpoint: openCheckpoint(path: path),
                    backend: CPUBackend(threads: 2, computation: .f32), adapter: start,
                    examples: reference.trainingExamples, options: reference.options,
                    tapeBytes: tapeBytes)
                #expect(trainer.adapter.modules == start.modules.inOrder(of: trainer.adapter))
                let (loss, _) = try trainer.gradients(of: 0)
                #expect(
                    abs(loss.sum / Double(loss.targets) - reference.loss)
                        <= lossTolerance * reference.loss)
                for (module, other) in zip(
                    trainer.gradient.modules, expected.modules.inOrder(of: trainer.gradient))
                {
                    #expect(module.path == other.path)
                    #expect(
                        module.a.difference(from: other.a) <= gradientTolerance,
                        "A of \(module.path), \(path)")
                    #expect(
                        module.b.difference(from: other.b) <= gradientTolerance,
                        "B of \(module.path), \(path)")
                }
            }
        }
    }

    @Test("updates by AdamW with clipping and decay", arguments: ReferenceAdapter.names)
    func updates(name: String) throws {
        let reference = try ReferenceAdapter(name)
        let trainer = try LoRATrainer(
            checkpoint: openCheckpoint(path: reference.paths[0]),
            backend: CPUBackend(threads: 2, computation: .f32),
            adapter: reference.adapters(name).start, examples: reference.trainingExamples,
            options: reference.options)
        #expect(trainer.updateCount == reference.updates.count)
        for expected in reference.updates {
            let update = try trainer.step()
            #expect(update.tokens == expected.tokens)
            #expect(abs(update.loss - expected.loss) <= laterLossTolerance * expected.loss)
            #expect(abs(update.learningRate - expected.lr) <= 1e-12)
            #expect(
                abs(update.gradientNorm - expected.grad_norm)
                    <= laterNormTolerance * expected.grad_norm)
        }
        let final = try trainer.evaluate(reference.trainingExamples)
        #expect(
            abs(final.sum / Double(final.targets) - reference.final_loss)
                <= laterLossTolerance * reference.final_loss)
    }
}

extension [LoRAModule] {
    /// torch lists modules as the classes declare them, the architecture by its own table.
    func inOrder(of adapter: LoRAAdapter) -> [LoRAModule] {
        adapter.modules.compactMap { module in first { $0.path == module.path } }
    }
}

extension [Float] {
    /// The largest difference, in relation to the largest magnitude of the reference.
    func difference(from reference: [Float]) -> Float {
        let largest = reference.map(abs).max() ?? 0
        let difference = zip(self, reference).map { abs($0 - $1) }.max() ?? 0
        return count == reference.count ? difference / Swift.max(largest, 1e-30) : .infinity
    }
}
