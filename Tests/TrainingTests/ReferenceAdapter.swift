import Basics
import LanguageModels
import Tensors
import TestSupport
import Training

/// What PEFT and torch made of an adapter on every linear layer of a tiny model; see
/// `make_lora_reference.py`.
struct ReferenceAdapter: Decodable {
    let model: String
    let r: Int
    let lora_alpha: Float
    let use_rslora: Bool
    let target_modules: [String]
    let learning_rate: Double
    let weight_decay: Double
    let max_grad_norm: Double
    let loss: Double
    let final_loss: Double
    let updates: [Update]
    let examples: [Example]
    let modules: [Module]

    struct Update: Decodable {
        let loss: Double
        let lr: Double
        let grad_norm: Double
        let tokens: Int
    }
    struct Example: Decodable {
        let tokens: [Int32]
        let targets: [Bool]
    }
    struct Module: Decodable {
        let path: String
        let inputs: Int
        let outputs: Int
    }

    static let names = ["llama-gguf", "llama-scaled", "stablelm", "gptneox", "gptneox-sequential"]

    init(_ name: String) throws { self = try Fixtures.json(Self.self, "lora/\(name).json") }

    /// The forms in which the model is among the fixtures.
    var paths: [String] {
        guard model.hasSuffix("/hf") else { return [Fixtures.path(model)] }
        let folder = Fixtures.path(String(model.dropLast("hf".count)))
        let files = (try? FileSystem.names(in: folder + "gguf")) ?? []
        return [folder + "hf"] + files.sorted().prefix(1).map { folder + "gguf/" + $0 }
    }

    var trainingExamples: [TrainingExample] {
        examples.map { TrainingExample(tokens: $0.tokens, isTarget: $0.targets) }
    }

    /// The adapter that training begins with, and its gradient there.
    func adapters(_ name: String) throws -> (start: LoRAAdapter, gradient: LoRAAdapter) {
        let bytes = try FileSystem.read(Fixtures.path("lora/\(name).bin"))
        var rest = bytes[...]
        func take(_ count: Int) -> [Float] {
            defer { rest = rest.dropFirst(4 * count) }
            return rest.prefix(4 * count).withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
        }
        var values: [LoRAModule] = []
        var gradients: [LoRAModule] = []
        for module in modules {
            let (columns, rows) = (r * module.inputs, r * module.outputs)
            func next() -> LoRAModule {
                LoRAModule(
                    path: module.path, inputs: module.inputs, outputs: module.outputs,
                    a: take(columns), b: take(rows))
            }
            values.append(next())
            gradients.append(next())
        }
        let configuration = LoRAConfiguration(
            rank: r, alpha: lora_alpha, dropout: 0, usesRankStabilizedScaling: use_rslora,
            targetModules: target_modules)
        return (
            LoRAAdapter(configuration: configuration, modules: values),
            LoRAAdapter(configuration: configuration, modules: gradients)
        )
    }

    /// As the script trained: all examples in one update.
    var options: TrainingOptions {
        var options = TrainingOptions()
        options.learningRate = learning_rate
        options.weightDecay = weight_decay
        options.maxGradientNorm = max_grad_norm
        options.epochs = updates.count
        options.batchSize = 2
        options.accumulationSteps = 2
        options.order = .file
        return options
    }
}
