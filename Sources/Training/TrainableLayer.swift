import Tensors

/// One half of a layer, which adds `update` to the stream that it reads as x.
protocol LayerHalf: AnyObject {
    var norm: TrainableNorm { get }
    /// In the order in which the architecture names them.
    var linears: [AdaptedLinear] { get }

    /// x, update: [T, D].
    ///
    /// - Parameter update: nil when only the tape is wanted.
    func forward(
        _ x: CPUBuffer, into update: CPUBuffer?, _ tape: LayerTape, _ run: TrainingRun)

    /// Adds to the gradients of the half's adapters, and to that of x.
    ///
    /// - Parameter dx: nil when nothing below is trained. It may be `dupdate`, which is read before.
    func backward(
        _ x: CPUBuffer, _ dupdate: CPUBuffer, addingTo dx: CPUBuffer?, _ tape: LayerTape,
        _ run: TrainingRun)
}

/// What a layer's forward leaves for its backward, beside its input.
///
/// Results of products only: norms and activation functions are cheap to compute again.
final class LayerTape {
    /// Rotated queries and keys, and values: [T, (H + 2 K) * headSize].
    let projections: CPUBuffer
    /// [T, H * headSize], and [T, H] logarithms of the sums of each row's scores.
    let attended: CPUBuffer
    let logSums: CPUBuffer
    /// The stream between the halves [T, D]; nil where both read the same.
    let middle: CPUBuffer?
    /// What the feed-forward's activation is applied to, [T, F] each.
    let hidden: [CPUBuffer]
    /// dropout(x) Aᵀ [T, r] of each adapted module, by its path.
    let projected: [String: CPUBuffer]

    init(_ layer: TrainableLayer, rows: Int, in arena: BufferArena) {
        let shape = layer.attention.shape
        func buffer(_ width: Int) -> CPUBuffer { arena.makeBuffer(rows: rows, width: width) }
        projections = buffer((shape.heads + 2 * shape.keyValueHeads) * shape.headSize)
        attended = buffer(shape.heads * shape.headSize)
        logSums = buffer(shape.heads)
        middle = layer.isParallel ? nil : buffer(layer.attention.output.outputs)
        // All but the last of the feed-forward's matrices, which leads back to the stream.
        hidden = layer.feedForward.linears.dropLast().map { buffer($0.outputs) }
        projected = Dictionary(
            uniqueKeysWithValues: layer.linears.compactMap { linear in
                linear.adapter.map { (linear.path, buffer($0.rank)) }
            })
    }

    /// Memory that the tape of a layer takes.
    static func byteCount(_ layer: TrainableLayer, rows: Int) -> Int {
        let shape = layer.attention.shape
        let queries = shape.heads * shape.headSize
        let widths =
            [queries + 2 * shape.keyValueHeads * shape.headSize, queries, shape.heads]
            + (layer.isParallel ? [] : [layer.attention.output.outputs])
            + layer.feedForward.linears.dropLast().map(\.outputs)
            + layer.linears.compactMap { $0.adapter?.rank }
        return widths.reduce(0) { $0 + BufferArena.byteCount(rows: rows, width: $1) }
    }
}

/// A layer: attention, then feed-forward, each adding to the stream.
///
/// In parallel both read the stream as it comes in.
final class TrainableLayer {
    let attention: AttentionHalf
    let feedForward: any LayerHalf
    let isParallel: Bool

    init(attention: AttentionHalf, feedForward: any LayerHalf, isParallel: Bool = false) {
        self.attention = attention
        self.feedForward = feedForward
        self.isParallel = isParallel
    }

    var linears: [AdaptedLinear] { attention.linears + feedForward.linears }
    var isAdapted: Bool { linears.contains { $0.adapter != nil } }

    /// x, out: [T, D].
    ///
    /// - Parameter out: nil when only the tape is wanted.
    func forward(_ x: CPUBuffer, into out: CPUBuffer?, _ tape: LayerTape, _ run: TrainingRun) {
        let (work, rows) = (run.workspace, run.pass.rowCount)
        guard let middle = tape.middle else {
            attention.forward(x, into: out == nil ? nil : work.update, tape, run)
            if let out { run.backend.sum(x, work.update, into: out, rows: rows) }
            feedForward.forward(x, into: out == nil ? nil : work.update, tape, run)
            if let out { run.backend.sum(out, work.update, into: out, rows: rows) }
            return
        }
        attention.forward(x, into: work.update, tape, run)
        run.backend.sum(x, work.update, into: middle, rows: rows)
        feedForward.forward(middle, into: out == nil ? nil : work.update, tape, run)
        if let out { run.backend.sum(middle, work.update, into: out, rows: rows) }
    }

    /// Turns the gradient of the result into that of x.
    ///
    /// - Parameter isLowest: nothing below is trained, and `stream` is worthless afterwards.
    func backward(
        _ x: CPUBuffer, _ stream: CPUBuffer, isLowest: Bool, _ tape: LayerTape,
        _ run: TrainingRun
    ) {
        guard let middle = tape.middle else {
            let dout = run.workspace.update
            dout.copy(from: stream, count: run.pass.rowCount * stream.width)
            let dx = isLowest ? nil : stream
            feedForward.backward(x, dout, addingTo: dx, tape, run)
            attention.backward(x, dout, addingTo: dx, tape, run)
            return
        }
        // The attention's adapters need the gradient below the feed-forward in any case.
        let attentionIsAdapted = attention.linears.contains { $0.adapter != nil }
        let isNeeded = !isLowest || attentionIsAdapted
        feedForward.backward(middle, stream, addingTo: isNeeded ? stream : nil, tape, run)
        if isNeeded {
            attention.backward(x, stream, addingTo: isLowest ? nil : stream, tape, run)
        }
    }
}
