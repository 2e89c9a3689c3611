import Tensors

/// RMSNorm, or LayerNorm when it has a bias; frozen.
struct TrainableNorm {
    /// [1, D] each.
    let weight: CPUBuffer
    let bias: CPUBuffer?
    let epsilon: Float

    /// x, out: [T, D].
    func forward(_ x: CPUBuffer, into out: CPUBuffer, _ run: TrainingRun) {
        let rows = run.pass.rowCount
        if let bias {
            run.backend.center(
                x, weight: weight, bias: bias, epsilon: epsilon, into: out, rows: rows)
        } else {
            run.backend.normalize(x, weight: weight, epsilon: epsilon, into: out, rows: rows)
        }
    }

    /// dx += the gradient at x.
    func backward(
        _ x: CPUBuffer, _ dy: CPUBuffer, addingTo dx: CPUBuffer, _ run: TrainingRun
    ) {
        let rows = run.pass.rowCount
        if bias != nil {
            run.backend.centerGradient(
                x, weight: weight, epsilon: epsilon, dy, addingTo: dx, rows: rows)
        } else {
            run.backend.normalizeGradient(
                x, weight: weight, epsilon: epsilon, dy, addingTo: dx, rows: rows)
        }
    }
}
