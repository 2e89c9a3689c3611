import Basics
import LanguageModels
import Tensors
import TestSupport
import Testing
import Training

@Suite("Training an adapter")
struct TrainerTests {
    static let examples = (0..<11).map { index in
        let tokens = (0..<6 + index * 3 % 8).map { Int32(($0 * 5 + index) % 60) }
        return TrainingExample(tokens: tokens, isTarget: tokens.indices.map { $0 > 0 })
    }

    static func options(epochs: Int = 2, order: ExampleOrder = .shuffled) -> TrainingOptions {
        var options = TrainingOptions()
        options.learningRate = 0.02
        options.epochs = epochs
        options.batchSize = 2
        options.accumulationSteps = 2
        options.order = order
        options.seed = 3
        return options
    }

    static func trainer(
        _ options: TrainingOptions = options(), threads: Int = 2, dropout: Float = 0.1,
        examples: [TrainingExample] = examples, tapeBytes: Int? = nil
    ) throws -> LoRATrainer {
        let checkpoint = try openCheckpoint(path: Fixtures.path("tiny-llama.gguf"))
        let configuration = LoRAConfiguration(
            rank: 4, alpha: 8, dropout: dropout, usesRankStabilizedScaling: false,
            targetModules: ["q_proj", "v_proj"])
        return try LoRATrainer(
            checkpoint: checkpoint, backend: CPUBackend(threads: threads, computation: .f32),
            adapter: LoRAAdapter(configuration, for: checkpoint.configuration(), seed: 1),
            examples: examples, options: options, tapeBytes: tapeBytes)
    }

    /// What must be equal to the bit: everything but the time.
    private func rows(_ trainer: LoRATrainer) -> [TrainingUpdate] {
        trainer.updates.map { update in
            var update = update
            update.seconds = 0
            return update
        }
    }

    @Test("the loss falls")
    func learns() throws {
        let trainer = try Self.trainer(Self.options(epochs: 12))
        let before = try trainer.evaluate(Self.examples)
        while trainer.completedUpdates < trainer.updateCount { _ = try trainer.step() }
        let after = try trainer.evaluate(Self.examples)
        #expect(after.sum < 0.8 * before.sum)
        #expect(after.targets == before.targets)
    }

    @Test("interrupted anywhere and gone on with, through a file: the same to the bit")
    func resumes() throws {
        let whole = try Self.trainer()
        while whole.completedUpdates < whole.updateCount { _ = try whole.step() }
        let folder = try TemporaryFolder()
        for stop in 0...whole.updateCount {
            let first = try Self.trainer()
            for _ in 0..<stop { _ = try first.step() }
            try first.state.write(to: folder["state"], identity: "one")
            let second = try Self.trainer()
            let state = try #require(TrainingState(file: folder["state"], identity: "one"))
            #expect(state == first.state)
            try second.restore(state)
            while second.completedUpdates < second.updateCount { _ = try second.step() }
            #expect(rows(second) == rows(whole))
            #expect(second.adapter == whole.adapter)
        }
    }

    @Test("threads and recomputation change nothing")
    func sameOnThreads() throws {
        let one = try Self.trainer(threads: 1, tapeBytes: 0)
        let two = try Self.trainer(threads: 2)
        for _ in 0..<3 {
            _ = try one.step()
            _ = try two.step()
        }
        #expect(rows(one) == rows(two))
        #expect(one.adapter == two.adapter)
    }

    @Test("batches do not change the gradient of an update")
    func batches() throws {
        var norms: [Double] = []
        for (batch, accumulation) in [(1, 8), (4, 2), (8, 1)] {
            var options = Self.options(order: .file)
            (options.batchSize, options.accumulationSteps) = (batch, accumulation)
            norms.append(try Self.trainer(options, dropout: 0).step().gradientNorm)
        }
        #expect(abs(norms[0] - norms[1]) <= 1e-5 * norms[0])
        #expect(abs(norms[0] - norms[2]) <= 1e-5 * norms[0])
    }

    @Test("files of other trainings and damaged ones are not used")
    func damagedState() throws {
        let trainer = try Self.trainer()
        _ = try trainer.step()
        let folder = try TemporaryFolder()
        try trainer.state.write(to: folder["state"], identity: "one")
        #expect(TrainingState(file: folder["state"], identity: "two") == nil)
        #expect(TrainingState(file: folder["missing"], identity: "one") == nil)
        let bytes = try FileSystem.read(folder["state"])
        for cut in [0, 7, 100, bytes.count - 1] {
            try FileSystem.write(Array(bytes.prefix(cut)), atomicallyTo: folder["cut"])
            #expect(TrainingState(file: folder["cut"], identity: "one") == nil)
        }
        var changed = bytes
        changed[bytes.count / 2] ^= 1
        try FileSystem.write(changed, atomicallyTo: folder["changed"])
        #expect(TrainingState(file: folder["changed"], identity: "one") == nil)
    }

    @Test("an adapter that is blown up stops with the update and a tensor")
    func explodes() throws {
        var options = Self.options(epochs: 50)
        options.learningRate = 1e38
        options.schedule = .constant
        options.maxGradientNorm = 1e9
        let trainer = try Self.trainer(options, dropout: 0)
        let error = try #require(throws: TrainingError.self) {
            while trainer.completedUpdates < trainer.updateCount { _ = try trainer.step() }
        }
        #expect(error.description.hasPrefix("update \(trainer.completedUpdates + 1): "))
        #expect(error.description.contains("lora_") || error.description.contains("layer"))
    }

    @Test("a number that is none is named")
    func notANumber() throws {
        let trainer = try Self.trainer()
        var state = trainer.state
        state.tensors[0][0][0] = .nan
        try trainer.restore(state)
        let error = try #require(throws: TrainingError.self) { _ = try trainer.step() }
        #expect(
            error.description
                == "update 1: the loss is not a finite number; the first tensor that is not finite "
                + "is the result of layer 0.")
    }

    @Test("data that cannot be trained on")
    func badData() throws {
        func message(_ examples: [TrainingExample]) -> String {
            do {
                _ = try Self.trainer(examples: examples)
                return ""
            } catch { return "\(error)" }
        }
        #expect(message([]) == "there are no examples to train on.")
        let mute = TrainingExample(tokens: [1, 2, 3], isTarget: [true, false, false])
        #expect(
            message([mute, mute])
                == "update 1: none of its 2 examples has a token to learn. Raise max_length or check "
                + "the data set.")
        let stranger = TrainingExample(tokens: [1, 100_000], isTarget: [false, true])
        #expect(
            message([mute, stranger]).hasPrefix(
                "example 2: token 100000 is not in the model's vocabulary"))
    }

    @Test("learning rates are those of transformers")
    func schedules() {
        func factors(_ schedule: LearningRateSchedule, warmup: Int) -> [Double] {
            (0..<4).map { schedule.factor(at: $0, warmup: warmup, total: 4) }
        }
        #expect(factors(.linear, warmup: 0) == [1, 0.75, 0.5, 0.25])
        #expect(factors(.linear, warmup: 2) == [0, 0.5, 1, 0.5])
        #expect(factors(.constant, warmup: 2) == [0, 0.5, 1, 1])
        #expect(abs(factors(.cosine, warmup: 0)[1] - 0.8535533905932737) < 1e-12)
        #expect(abs(factors(.cosine, warmup: 2)[3] - 0.5) < 1e-12)
    }

    @Test("a target that is no layer is an error with the nearest name")
    func unknownTarget() throws {
        let checkpoint = try openCheckpoint(path: Fixtures.path("tiny-llama.gguf"))
        let error = try #require(throws: TrainingError.self) {
            _ = try LoRAAdapter(
                LoRAConfiguration(
                    rank: 2, alpha: 2, dropout: 0, usesRankStabilizedScaling: false,
                    targetModules: ["q_prj"]),
                for: checkpoint.configuration(), seed: 0)
        }
        #expect(
            error.description.hasPrefix(
                "target_modules: 'q_prj' is no linear layer of this model. Did you mean 'q_proj'?"))
    }
}
