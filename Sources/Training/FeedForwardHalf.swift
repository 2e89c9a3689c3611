import Tensors

/// SwiGLU: update = down(silu(gate(norm(x))) * up(norm(x))).
final class GatedFeedForward: LayerHalf {
    let norm: TrainableNorm
    let gate: AdaptedLinear
    let up: AdaptedLinear
    let down: AdaptedLinear

    init(norm: TrainableNorm, gate: AdaptedLinear, up: AdaptedLinear, down: AdaptedLinear) {
        self.norm = norm
        self.gate = gate
        self.up = up
        self.down = down
    }

    var linears: [AdaptedLinear] { [gate, up, down] }

    func forward(
        _ x: CPUBuffer, into update: CPUBuffer?, _ tape: LayerTape, _ run: TrainingRun
    ) {
        let work = run.workspace
        norm.forward(x, into: work.normalized, run)
        for (linear, out) in zip([gate, up], tape.hidden) {
            linear.forward(
                work.normalized.all, into: out.all, projected: tape.projected[linear.path], run)
        }
        guard update != nil || down.adapter != nil else { return }
        run.backend.gatedProduct(
            tape.hidden[0], tape.hidden[1], into: work.activation, rows: run.pass.rowCount)
        guard let update else {
            return down.project(work.activation.all, tape.projected[down.path], run)
        }
        down.forward(
            work.activation.all, into: update.all, projected: tape.projected[down.path], run)
    }

    func backward(
        _ x: CPUBuffer, _ dupdate: CPUBuffer, addingTo dx: CPUBuffer?, _ tape: LayerTape,
        _ run: TrainingRun
    ) {
        let (work, rows) = (run.workspace, run.pass.rowCount)
        let (gates, ups) = (tape.hidden[0], tape.hidden[1])
        if down.adapter != nil {
            run.backend.gatedProduct(gates, ups, into: work.activation, rows: rows)
        }
        let isAdapted = gate.adapter != nil || up.adapter != nil
        let isNeeded = dx != nil || isAdapted
        down.backward(
            dupdate.all, work.activation.all, projected: tape.projected[down.path],
            into: isNeeded ? work.dactivation.all : nil, run)
        guard isNeeded else { return }
        run.backend.gatedProductGradient(
            gates, ups, work.dactivation, gate: work.dgate, up: work.dactivation, rows: rows)
        if isAdapted { norm.forward(x, into: work.normalized, run) }
        for (index, (linear, dy)) in zip([gate, up], [work.dgate, work.dactivation]).enumerated() {
            linear.backward(
                dy.all, work.normalized.all, projected: tape.projected[linear.path],
                into: dx == nil ? nil : work.dnormalized.all, accumulating: index > 0, run)
        }
        if let dx { norm.backward(x, work.dnormalized, addingTo: dx, run) }
    }
}

/// update = down(gelu(up(norm(x)))).
final class PlainFeedForward: LayerHalf {
    let norm: TrainableNorm
    let up: AdaptedLinear
    let down: AdaptedLinear

    init(norm: TrainableNorm, up: AdaptedLinear, down: AdaptedLinear) {
        self.norm = norm
        self.up = up
        self.down = down
    }

    var linears: [AdaptedLinear] { [up, down] }

    func forward(
        _ x: CPUBuffer, into update: CPUBuffer?, _ tape: LayerTape, _ run: TrainingRun
    ) {
        let work = run.workspace
        norm.forward(x, into: work.normalized, run)
        up.forward(
            work.normalized.all, into: tape.hidden[0].all, projected: tape.projected[up.path], run)
        guard update != nil || down.adapter != nil else { return }
        run.backend.geluCopy(tape.hidden[0], into: work.activation, rows: run.pass.rowCount)
        guard let update else {
            return down.project(work.activation.all, tape.projected[down.path], run)
        }
        down.forward(
            work.activation.all, into: update.all, projected: tape.projected[down.path], run)
    }

    func backward(
        _ x: CPUBuffer, _ dupdate: CPUBuffer, addingTo dx: CPUBuffer?, _ tape: LayerTape,
        _ run: TrainingRun
    ) {
        let (work, rows) = (run.workspace, run.pass.rowCount)
        if down.adapter != nil {
            run.backend.geluCopy(tape.hidden[0], into: work.activation, rows: rows)
        }
        let isNeeded = dx != nil || up.adapter != nil
        down.backward(
            dupdate.all, work.activation.all, projected: tape.projected[down.path],
            into: isNeeded ? work.dactivation.all : nil, run)
        guard isNeeded else { return }
        run.backend.geluGradient(tape.hidden[0], work.dactivation, rows: rows)
        if up.adapter != nil { norm.forward(x, into: work.normalized, run) }
        up.backward(
            work.dactivation.all, work.normalized.all, projected: tape.projected[up.path],
            into: dx == nil ? nil : work.dnormalized.all, run)
        if let dx { norm.backward(x, work.dnormalized, addingTo: dx, run) }
    }
}
