import Tensors

/// What a transformer's forward pass needs to know of its shape.
///
/// Letters: B batch, T tokens, D model width, F feed-forward width, H heads, K key/value heads,
/// V vocabulary.
package struct TransformerShape: Codable, Hashable, Sendable {
    package var layers: Int
    /// D.
    package var width: Int
    /// F.
    package var feedForward: Int
    /// H.
    package var heads: Int
    /// K; H is a multiple of it.
    package var keyValueHeads: Int
    package var headSize: Int
    /// V, padding rows of the output matrix included.
    package var vocabulary: Int
    /// Positions that the model was trained for.
    package var contextLength: Int

    /// Elements of all queries of a token: H * headSize.
    package var queryWidth: Int { heads * headSize }
    /// Elements of all keys, and of all values, of a token: K * headSize.
    package var keyWidth: Int { keyValueHeads * headSize }

    package init(
        layers: Int, width: Int, feedForward: Int, heads: Int, keyValueHeads: Int, headSize: Int,
        vocabulary: Int, contextLength: Int
    ) {
        self.layers = layers
        self.width = width
        self.feedForward = feedForward
        self.heads = heads
        self.keyValueHeads = keyValueHeads
        self.headSize = headSize
        self.vocabulary = vocabulary
        self.contextLength = contextLength
    }
}

/// A family of transformers: its weights, by the checkpoint's names, and its forward pass.
package protocol Architecture: AnyObject {
    /// `general.architecture` in GGUF.
    static var name: String { get }
    /// How checkpoints of the family are written.
    static var conventions: ArchitectureConventions { get }

    var shape: TransformerShape { get }
    /// [V, D]: final hidden states to logits.
    var head: any DeviceMatrix { get }

    /// Takes its weights. Throws when one is missing or misshapen.
    init(weights: WeightLoader) throws

    /// Working memory for passes of at most `rows` tokens over caches of `capacity` positions.
    func makeWorkspace(rows: Int, capacity: Int) -> Workspace

    /// One pass of T rows; `cache` then holds their keys and values at the rows' slots.
    ///
    /// - Returns: normalised hidden states of the pass's outputs, [outputs, D], valid until the
    ///   next pass.
    func forward(_ pass: Pass, cache: any DeviceCache, workspace: Workspace) -> any DeviceBuffer
}

/// Activations of one pass, allocated once and reused.
package final class Workspace {
    /// The residual stream [T, D].
    let stream: any DeviceBuffer
    /// Normalised input of a layer [T, D].
    let normalized: any DeviceBuffer
    /// [T, H * headSize].
    let queries: any DeviceBuffer
    /// [T, K * headSize] each.
    let keys: any DeviceBuffer
    let values: any DeviceBuffer
    /// Queries, keys and values together, as one call of `multiply` writes them.
    let projections: [any DeviceBuffer]
    /// [T, H * headSize].
    let attended: any DeviceBuffer
    /// What a layer adds to the stream [T, D].
    let update: any DeviceBuffer
    /// [T, F] each.
    let gate: any DeviceBuffer
    let up: any DeviceBuffer
    /// Gate and up together.
    let gateAndUp: [any DeviceBuffer]
    /// Cosines and sines by position; see `RotaryEmbedding`.
    let angles: any DeviceBuffer

    init(shape: TransformerShape, rows: Int, angles: any DeviceBuffer, backend: any Backend) {
        let (heads, keyValues) = (shape.heads, shape.keyValueHeads)
        stream = backend.makeBuffer(rows: rows, width: shape.width)
        normalized = backend.makeBuffer(rows: rows, width: shape.width)
        queries = backend.makeBuffer(rows: rows, width: heads * shape.headSize)
        keys = backend.makeBuffer(rows: rows, width: keyValues * shape.headSize)
        values = backend.makeBuffer(rows: rows, width: keyValues * shape.headSize)
        projections = [queries, keys, values]
        attended = backend.makeBuffer(rows: rows, width: heads * shape.headSize)
        update = backend.makeBuffer(rows: rows, width: shape.width)
        gate = backend.makeBuffer(rows: rows, width: shape.feedForward)
        up = backend.makeBuffer(rows: rows, width: shape.feedForward)
        gateAndUp = [gate, up]
        self.angles = angles
    }

    /// Leaves of the stream and of what was attended only these rows, moved to the front.
    ///
    /// Behind the last layer's attention rows no longer meet, so that nobody needs the others.
    ///
    /// - Parameter outputs: ascending.
    /// - Returns: how many there are.
    func keep(_ outputs: [Int], on backend: any Backend) -> Int {
        for (index, row) in outputs.enumerated() where row != index {
            backend.copyRow(row, of: stream, to: index, of: stream)
            backend.copyRow(row, of: attended, to: index, of: attended)
        }
        return outputs.count
    }
}
