import LanguageModels
import Tensors

/// A linear layer whose weights are frozen, with an adapter beside them where one was asked for.
///
/// y = x Wᵀ + bias + scale * (dropout(x) Aᵀ) Bᵀ
final class AdaptedLinear {
    let place: AdaptableLinear
    /// [outputs, inputs].
    let weight: CPUMatrix
    let bias: CPUBuffer?
    var adapter: TrainableAdapter?

    init(place: AdaptableLinear, weight: CPUMatrix, bias: CPUBuffer?) {
        self.place = place
        self.weight = weight
        self.bias = bias
    }

    /// Hugging Face's path of the module: `model.layers.0.self_attn.q_proj`.
    var path: String { place.path }

    var inputs: Int { weight.columns }
    var outputs: Int { weight.rows }

    /// x: [T, inputs], out: [T, outputs].
    ///
    /// - Parameter projected: [T, r], where dropout(x) Aᵀ is kept for the backward.
    func forward(
        _ x: BufferColumns, into out: BufferColumns, projected: CPUBuffer?, _ run: TrainingRun
    ) {
        let (backend, rows) = (run.backend, run.pass.rowCount)
        backend.product(weight, x, into: out, rows: rows)
        if let bias { backend.addBias(bias, to: out, rows: rows) }
        guard let adapter, let projected else { return }
        project(x, projected, run)
        backend.narrowProduct(
            adapter.b.value, projected.all, into: out, rows: rows, scale: adapter.scale,
            accumulating: true)
    }

    /// projected = dropout(x) Aᵀ: what is left of the forward when only the backward follows.
    func project(_ x: BufferColumns, _ projected: CPUBuffer?, _ run: TrainingRun) {
        guard let adapter, let projected else { return }
        run.backend.narrowProduct(
            adapter.a.value, dropped(x, adapter, run), into: projected.all,
            rows: run.pass.rowCount)
    }

    /// Adds to the adapter's gradients and, where wanted, to that of x.
    ///
    /// - Parameter x: what the forward was given, only read when there is an adapter.
    /// - Parameter dx: nil when nothing below is trained; overwritten unless `accumulating`.
    func backward(
        _ dy: BufferColumns, _ x: BufferColumns, projected: CPUBuffer?, into dx: BufferColumns?,
        accumulating: Bool = false, _ run: TrainingRun
    ) {
        let (backend, rows, work) = (run.backend, run.pass.rowCount, run.workspace)
        if let dx {
            backend.productGradient(
                weight, dy, into: dx, rows: rows, accumulating: accumulating)
        }
        guard let adapter, let projected else { return }
        let (a, b) = (adapter.a, adapter.b)
        let dprojected = work.dprojected.columns(0, adapter.rank)
        backend.addWeightGradient(
            dy, projected.all, to: b.gradient, rows: rows, scale: adapter.scale)
        backend.narrowProductGradient(
            b.value, dy, into: dprojected, rows: rows, scale: adapter.scale)
        backend.addWeightGradient(
            dprojected, dropped(x, adapter, run), to: a.gradient, rows: rows)
        guard let dx else { return }
        guard let mask = adapter.mask(run.pass) else {
            backend.narrowProductGradient(
                a.value, dprojected, into: dx, rows: rows, accumulating: true)
            return
        }
        let own = work.dropped.columns(0, inputs)
        backend.narrowProductGradient(a.value, dprojected, into: own, rows: rows)
        backend.drop(mask, own, into: own, rows: rows)
        backend.add(own, to: dx, rows: rows)
    }

    private func dropped(
        _ x: BufferColumns, _ adapter: TrainableAdapter, _ run: TrainingRun
    ) -> BufferColumns {
        guard let mask = adapter.mask(run.pass) else { return x }
        let out = run.workspace.dropped.columns(0, inputs)
        run.backend.drop(mask, x, into: out, rows: run.pass.rowCount)
        return out
    }
}
