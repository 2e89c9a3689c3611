import LanguageModels
import Tensors

/// Hands out a checkpoint's weights for training, stored as they are and where they are mapped.
///
/// Names are GGUF's.
struct FrozenWeights {
    let checkpoint: any Checkpoint
    let configuration: ModelConfiguration
    let backend: CPUBackend
    /// Whether products are bf16.
    let isRounded: Bool
    /// The layers that can be adapted, by GGUF's names.
    private let places: [String: AdaptableLinear]

    init(checkpoint: any Checkpoint, backend: CPUBackend, isRounded: Bool) throws {
        self.checkpoint = checkpoint
        self.backend = backend
        self.isRounded = isRounded
        configuration = try checkpoint.configuration()
        places = Dictionary(
            uniqueKeysWithValues: configuration.adaptableLinears.map { ($0.weight, $0) })
    }

    func has(_ name: String) -> Bool { checkpoint.tensors.contains(name) }

    func matrix(_ name: String, rows: Int, columns: Int) throws -> CPUMatrix {
        backend.makeFrozenMatrix(
            try checkpoint.tensors.tensor(named: name, dimensions: [columns, rows]).hostMatrix(),
            rounded: isRounded)
    }

    /// [1, count].
    func vector(_ name: String, count: Int) throws -> CPUBuffer {
        CPUBuffer(rows: 1, width: count, values: try floats(name, count: count))
    }

    /// A linear layer of the transformer's layers, with its bias where the checkpoint has one.
    func linear(_ name: String) throws -> AdaptedLinear {
        guard let place = places[name + ".weight"] else {
            preconditionFailure("\(name) is a linear layer of the architecture")
        }
        let bias =
            has(name + ".bias") ? try vector(name + ".bias", count: place.outputs) : nil
        return AdaptedLinear(
            place: place,
            weight: try matrix(place.weight, rows: place.outputs, columns: place.inputs),
            bias: bias)
    }

    /// RMSNorm without a bias, else LayerNorm.
    func norm(_ name: String) throws -> TrainableNorm {
        let width = configuration.shape.width
        let bias = has(name + ".bias") ? try vector(name + ".bias", count: width) : nil
        return TrainableNorm(
            weight: try vector(name + ".weight", count: width), bias: bias,
            epsilon: configuration.epsilon)
    }

    /// Rotary angles by the configuration; `rope_freqs.weight` goes before its scaling.
    func rotary() throws -> RotaryEmbedding {
        let rotary = configuration.rotary
        let divisors =
            has("rope_freqs.weight")
            ? try floats("rope_freqs.weight", count: rotary.dimensions / 2) : nil
        return RotaryEmbedding(rotary, divisors: divisors)
    }

    var attentionShape: AttentionShape {
        let shape = configuration.shape
        return AttentionShape(
            heads: shape.heads, keyValueHeads: shape.keyValueHeads, headSize: shape.headSize)
    }

    private func floats(_ name: String, count: Int) throws -> [Float] {
        try checkpoint.tensors.tensor(named: name, dimensions: [count]).floats()
    }
}
