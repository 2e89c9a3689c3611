import LanguageModels
import Tensors

/// Memory of one training, allocated once for its largest pass; every layer uses it in turn.
final class TrainingWorkspace {
    /// Rows of the largest pass.
    let rows: Int
    /// [positions, rotary dimensions]: cosines and sines, and with sines of the other sign.
    let angles: CPUBuffer
    let reverseAngles: CPUBuffer
    /// A half's normalised input, what it adds to the stream, and their gradients [T, D].
    let normalized: CPUBuffer
    let dnormalized: CPUBuffer
    let update: CPUBuffer
    /// The gradient of the stream [T, D].
    let stream: CPUBuffer
    /// Gradients inside attention: [T, (H + 2 K) * headSize], [T, H * headSize].
    let dprojections: CPUBuffer
    let dattended: CPUBuffer
    /// Inside the feed-forward, [T, F] each.
    let activation: CPUBuffer
    let dactivation: CPUBuffer
    let dgate: CPUBuffer
    /// Of adapters: [T, largest inputs] where elements are dropped, [T, r].
    let dropped: CPUBuffer
    let dprojected: CPUBuffer
    /// A piece of the rows whose loss counts: logits [n, V], hidden states and gradients [n, D].
    let logits: CPUBuffer
    let hidden: CPUBuffer
    let dhidden: CPUBuffer

    /// - Parameter rank: of the adapters; 0 without.
    init(
        model: TrainableModel, rows: Int, positions: Int, rank: Int, hasDropout: Bool
    ) {
        let shape = model.shape
        func buffer(_ width: Int) -> CPUBuffer { CPUBuffer(rows: rows, width: width) }
        self.rows = rows
        let table = model.rotary.angles(positions: positions)
        angles = table.forward
        reverseAngles = table.reverse
        normalized = buffer(shape.width)
        dnormalized = buffer(shape.width)
        update = buffer(shape.width)
        stream = buffer(shape.width)
        dprojections = buffer(shape.queryWidth + 2 * shape.keyWidth)
        dattended = buffer(shape.queryWidth)
        activation = buffer(shape.feedForward)
        dactivation = buffer(shape.feedForward)
        dgate = buffer(shape.feedForward)
        dropped = buffer(hasDropout ? max(shape.width, shape.feedForward, shape.queryWidth) : 0)
        dprojected = buffer(rank)
        let piece = min(rows, Self.lossRows(vocabulary: shape.vocabulary))
        logits = CPUBuffer(rows: piece, width: shape.vocabulary)
        hidden = CPUBuffer(rows: piece, width: shape.width)
        dhidden = CPUBuffer(rows: piece, width: shape.width)
    }

    /// So many rows that their logits take at most 64 MiB.
    private static func lossRows(vocabulary: Int) -> Int {
        max(16, min(512, (1 << 24) / vocabulary / 16 * 16))
    }
}

extension RotaryEmbedding {
    /// Tables for both directions, [positions, 2 * pairs] each.
    fileprivate func angles(positions: Int) -> (forward: CPUBuffer, reverse: CPUBuffer) {
        let pairs = frequencies.count
        let rows = tableRows(positions: positions)
        let turned = rows.enumerated().map { index, value in
            index % (2 * pairs) < pairs ? value : -value
        }
        return (
            CPUBuffer(rows: positions, width: 2 * pairs, values: rows),
            CPUBuffer(rows: positions, width: 2 * pairs, values: turned)
        )
    }
}

/// One pass on its way through the model.
struct TrainingRun {
    let backend: CPUBackend
    let workspace: TrainingWorkspace
    let pass: TrainingPass
}
