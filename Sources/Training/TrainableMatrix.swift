import Tensors

/// A matrix that training changes: its values, their gradient, and what AdamW remembers of them.
final class TrainableMatrix {
    /// What messages call it: `model.layers.0.self_attn.q_proj.lora_A`.
    let name: String
    let value: CPUBuffer
    let gradient: CPUBuffer
    /// Running means of gradients and of their squares.
    let first: CPUBuffer
    let second: CPUBuffer

    init(_ name: String, rows: Int, width: Int, values: [Float]) {
        self.name = name
        value = CPUBuffer(rows: rows, width: width, values: values)
        gradient = CPUBuffer(rows: rows, width: width)
        first = CPUBuffer(rows: rows, width: width)
        second = CPUBuffer(rows: rows, width: width)
        for buffer in [gradient, first, second] { buffer.fill(0) }
    }

    var count: Int { value.rows * value.width }
}

/// The adapter of one linear layer, in training: y += scale * B A dropout(x).
final class TrainableAdapter {
    /// [r, inputs].
    let a: TrainableMatrix
    /// [outputs, r], with its rows in the order of the weights that it stands beside.
    let b: TrainableMatrix
    let scale: Float
    let dropout: Float
    /// Which module this is, for its own random numbers.
    let index: Int

    init(a: TrainableMatrix, b: TrainableMatrix, scale: Float, dropout: Float, index: Int) {
        self.a = a
        self.b = b
        self.scale = scale
        self.dropout = dropout
        self.index = index
    }

    var rank: Int { a.value.rows }

    /// The mask of this module in a pass; nil when nothing is dropped.
    func mask(_ pass: TrainingPass) -> DropoutMask? {
        guard dropout > 0, let seed = pass.dropoutSeed else { return nil }
        return DropoutMask(
            probability: dropout, seed: TrainingSeed(seed).with(UInt64(index)).value)
    }
}
