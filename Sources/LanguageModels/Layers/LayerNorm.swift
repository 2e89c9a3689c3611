import Tensors

/// Weight and bias of a LayerNorm, [1, D] each.
struct LayerNorm {
    let weight: any DeviceBuffer
    let bias: any DeviceBuffer
    let epsilon: Float

    init(_ name: String, width: Int, epsilon: Float, from weights: WeightLoader) throws {
        weight = try weights.vector(name + ".weight", count: width)
        bias = try weights.vector(name + ".bias", count: width)
        self.epsilon = epsilon
    }

    /// x, out: [T, D].
    func callAsFunction(
        _ x: any DeviceBuffer, into out: any DeviceBuffer, rows: Int, on backend: any Backend
    ) {
        backend.center(x, weight: weight, bias: bias, epsilon: epsilon, into: out, rows: rows)
    }
}

/// A matrix with a bias: out = x Wᵀ + b.
struct BiasedLinear {
    let weight: any DeviceMatrix
    /// [1, rows]; nil for none.
    let bias: (any DeviceBuffer)?

    /// x: [T, columns], out: [T, rows].
    func callAsFunction(
        _ x: any DeviceBuffer, into out: any DeviceBuffer, rows: Int, on backend: any Backend
    ) {
        backend.multiply(weight, x, into: out, rows: rows)
        if let bias { backend.addBias(bias, to: out, rows: rows) }
    }
}

/// Matrices with biases that read the same input, multiplied in one call.
struct BiasedLinears {
    private let weights: [any DeviceMatrix]
    private let biases: [(any DeviceBuffer)?]

    init(_ parts: [BiasedLinear]) {
        weights = parts.map(\.weight)
        biases = parts.map(\.bias)
    }

    /// x: [T, columns], out: [T, rows] of each matrix.
    func callAsFunction(
        _ x: any DeviceBuffer, into out: [any DeviceBuffer], rows: Int, on backend: any Backend
    ) {
        backend.multiply(weights, x, into: out, rows: rows)
        for (index, bias) in biases.enumerated() {
            if let bias { backend.addBias(bias, to: out[index], rows: rows) }
        }
    }
}
