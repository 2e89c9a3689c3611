import Tensors

/// The attention of a layer: update = output(attend(rotate(projections(norm(x))))).
final class AttentionHalf: LayerHalf {
    let norm: TrainableNorm
    /// Queries, keys and values in this order: three matrices or one.
    let projections: [AdaptedLinear]
    let output: AdaptedLinear
    let shape: AttentionShape
    let pairing: RotaryPairing

    init(
        norm: TrainableNorm, projections: [AdaptedLinear], output: AdaptedLinear,
        shape: AttentionShape, pairing: RotaryPairing
    ) {
        self.norm = norm
        self.projections = projections
        self.output = output
        self.shape = shape
        self.pairing = pairing
    }

    var linears: [AdaptedLinear] { projections + [output] }

    func forward(
        _ x: CPUBuffer, into update: CPUBuffer?, _ tape: LayerTape, _ run: TrainingRun
    ) {
        let normalized = run.workspace.normalized
        norm.forward(x, into: normalized, run)
        for (linear, columns) in zip(projections, columns(of: tape.projections)) {
            linear.forward(
                normalized.all, into: columns, projected: tape.projected[linear.path], run)
        }
        rotate(tape.projections, angles: run.workspace.angles, run)
        run.backend.attendWithin(
            run.pass.sequences, operands(tape.projections), shape: shape, into: tape.attended,
            logSums: tape.logSums)
        guard let update else {
            return output.project(tape.attended.all, tape.projected[output.path], run)
        }
        output.forward(
            tape.attended.all, into: update.all, projected: tape.projected[output.path], run)
    }

    func backward(
        _ x: CPUBuffer, _ dupdate: CPUBuffer, addingTo dx: CPUBuffer?, _ tape: LayerTape,
        _ run: TrainingRun
    ) {
        let work = run.workspace
        let isNeeded = dx != nil || projections.contains { $0.adapter != nil }
        output.backward(
            dupdate.all, tape.attended.all, projected: tape.projected[output.path],
            into: isNeeded ? work.dattended.all : nil, run)
        guard isNeeded else { return }
        run.backend.attendWithinGradient(
            run.pass.sequences, operands(tape.projections), shape: shape, out: tape.attended,
            logSums: tape.logSums, work.dattended, into: operands(work.dprojections))
        rotate(work.dprojections, angles: work.reverseAngles, run)
        if projections.contains(where: { $0.adapter != nil }) {
            norm.forward(x, into: work.normalized, run)
        }
        for (index, columns) in columns(of: work.dprojections).enumerated() {
            let linear = projections[index]
            linear.backward(
                columns, work.normalized.all, projected: tape.projected[linear.path],
                into: dx == nil ? nil : work.dnormalized.all, accumulating: index > 0, run)
        }
        if let dx { norm.backward(x, work.dnormalized, addingTo: dx, run) }
    }

    // MARK: Columns of [T, (H + 2 K) * headSize]

    /// Where each of the projections writes.
    private func columns(of buffer: CPUBuffer) -> [BufferColumns] {
        var first = 0
        return projections.map { linear in
            defer { first += linear.outputs }
            return buffer.columns(first, linear.outputs)
        }
    }

    private var queryWidth: Int { shape.heads * shape.headSize }
    private var keyWidth: Int { shape.keyValueHeads * shape.headSize }

    private func operands(_ buffer: CPUBuffer) -> AttentionOperands {
        AttentionOperands(
            queries: buffer.columns(0, queryWidth), keys: buffer.columns(queryWidth, keyWidth),
            values: buffer.columns(queryWidth + keyWidth, keyWidth))
    }

    /// Queries and keys, which stand side by side.
    private func rotate(_ buffer: CPUBuffer, angles: CPUBuffer, _ run: TrainingRun) {
        run.backend.rotate(
            buffer.columns(0, queryWidth + keyWidth), headSize: shape.headSize,
            positions: run.pass.positions, angles: angles, pairing: pairing)
    }
}
