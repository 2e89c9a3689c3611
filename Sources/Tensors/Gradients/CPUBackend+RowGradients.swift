import CKernels

/// Backward of what a pass does to each row by itself.
///
/// `dx` and `dy` are the gradients of a function's argument and result; T is `rows`.
extension CPUBackend {
    /// x[t] += bias; x: [T, n].
    ///
    /// The gradient passes unchanged.
    package func addBias(_ bias: CPUBuffer, to x: BufferColumns, rows: Int) {
        precondition(x.width == bias.width, "shapes fit")
        forEachRow(rows) { row in ck_add(Int64(x.width), x.row(row), bias.data) }
    }

    /// out = x + y; [T, D] each.
    package func sum(_ x: CPUBuffer, _ y: CPUBuffer, into out: CPUBuffer, rows: Int) {
        forEachRow(rows) { row in
            if out !== x { out.row(row).update(from: x.row(row), count: x.width) }
            ck_add(Int64(x.width), out.row(row), y.row(row))
        }
    }

    /// dx += the gradient of `normalize` at x.
    package func normalizeGradient(
        _ x: CPUBuffer, weight: CPUBuffer, epsilon: Float, _ dy: CPUBuffer, addingTo dx: CPUBuffer,
        rows: Int
    ) {
        forEachRow(rows) { row in
            ck_rms_norm_gradient(
                Int64(x.width), x.row(row), weight.data, epsilon, dy.row(row), dx.row(row))
        }
    }

    /// dx += the gradient of `center` at x.
    package func centerGradient(
        _ x: CPUBuffer, weight: CPUBuffer, epsilon: Float, _ dy: CPUBuffer, addingTo dx: CPUBuffer,
        rows: Int
    ) {
        forEachRow(rows) { row in
            ck_layer_norm_gradient(
                Int64(x.width), x.row(row), weight.data, epsilon, dy.row(row), dx.row(row))
        }
    }

    /// out = silu(gate) * up; [T, F] each.
    package func gatedProduct(
        _ gate: CPUBuffer, _ up: CPUBuffer, into out: CPUBuffer, rows: Int
    ) {
        forEachRow(rows) { row in
            ck_silu_product(Int64(gate.width), gate.row(row), up.row(row), out.row(row))
        }
    }

    /// The gradients of `gatedProduct`; dgate or dup may be dy.
    package func gatedProductGradient(
        _ gate: CPUBuffer, _ up: CPUBuffer, _ dy: CPUBuffer, gate dgate: CPUBuffer,
        up dup: CPUBuffer, rows: Int
    ) {
        forEachRow(rows) { row in
            ck_silu_product_gradient(
                Int64(gate.width), gate.row(row), up.row(row), dy.row(row), dgate.row(row),
                dup.row(row))
        }
    }

    /// out = gelu(x); [T, F] each.
    package func geluCopy(_ x: CPUBuffer, into out: CPUBuffer, rows: Int) {
        forEachRow(rows) { row in
            out.row(row).update(from: x.row(row), count: x.width)
            ck_gelu(Int64(x.width), out.row(row))
        }
    }

    /// dy becomes the gradient of x, which gelu was applied to; [T, F] each.
    package func geluGradient(_ x: CPUBuffer, _ dy: CPUBuffer, rows: Int) {
        forEachRow(rows) { row in ck_gelu_gradient(Int64(x.width), x.row(row), dy.row(row)) }
    }

    /// `rotate` for the heads in some columns.
    ///
    /// A rotation's backward is the rotation the other way: sines with the other sign.
    package func rotate(
        _ x: BufferColumns, headSize: Int, positions: [Int32], angles: CPUBuffer,
        pairing: RotaryPairing
    ) {
        let pairs = angles.width / 2
        let turn = pairing == .interleaved ? ck_rotate_interleaved : ck_rotate_halves
        forEachRow(positions.count) { row in
            let cosines = angles.row(Int(positions[row]))
            for start in stride(from: 0, to: x.width, by: headSize) {
                turn(Int64(pairs), x.row(row) + start, cosines, cosines + pairs)
            }
        }
    }

    /// out[i] = x[rows[i]]; widths are equal.
    package func gather(_ rows: ArraySlice<Int>, of x: CPUBuffer, into out: CPUBuffer) {
        for (target, source) in rows.enumerated() {
            out.row(target).update(from: x.row(source), count: x.width)
        }
    }

    /// out[rows[i]] = x[i]; widths are equal.
    package func scatter(_ x: CPUBuffer, into rows: ArraySlice<Int>, of out: CPUBuffer) {
        for (source, target) in rows.enumerated() {
            out.row(target).update(from: x.row(source), count: x.width)
        }
    }
}

// MARK: - Loss

/// What the loss says of one row.
package struct TokenLoss: Sendable {
    /// -log p(target), in nats.
    package var value: Float
    /// Whether no token is more probable.
    package var isHit: Bool
}

extension CPUBackend {
    /// Losses of rows of logits [n, V], which become the gradient of `scale` times their sum.
    package func crossEntropy(
        _ logits: CPUBuffer, targets: ArraySlice<Int32>, scale: Float
    ) -> [TokenLoss] {
        let targets = Array(targets)
        return [TokenLoss](unsafeUninitializedCapacity: targets.count) { losses, filled in
            // Rows belong to one thread each.
            let start = losses.baseAddress
            pool.run(targets.count) { row, _ in
                var isHit = false
                let value = ck_cross_entropy(
                    Int64(logits.width), logits.row(row), Int64(targets[row]), scale, &isHit)
                (start! + row).initialize(to: TokenLoss(value: value, isHit: isHit))
            }
            filled = targets.count
        }
    }
}

// MARK: - Parameters

/// One step of AdamW, which multiplies gradients by `gradientScale` first.
package struct AdamWStep: Sendable {
    package var learningRate: Double
    /// Steps taken before this one, plus one.
    package var count: Int
    package var gradientScale: Float
    package var weightDecay: Double
    package var decay1 = 0.9
    package var decay2 = 0.999
    package var epsilon = 1e-8

    package init(
        learningRate: Double, count: Int, gradientScale: Float, weightDecay: Double
    ) {
        self.learningRate = learningRate
        self.count = count
        self.gradientScale = gradientScale
        self.weightDecay = weightDecay
    }
}

extension CPUBuffer {
    /// The sum of squares of all values, in f64.
    package var squareSum: Double { ck_square_sum(Int64(rows * width), data) }

    /// Moves the values against their gradient; all buffers have the same shape.
    package func step(
        _ step: AdamWStep, gradient: CPUBuffer, first: CPUBuffer, second: CPUBuffer
    ) {
        // Powers by multiplication: the same on every platform.
        var (power1, power2) = (1.0, 1.0)
        for _ in 0..<step.count { (power1, power2) = (power1 * step.decay1, power2 * step.decay2) }
        var constants = ck_adam(
            gradient_scale: step.gradientScale, decay1: Float(step.decay1),
            decay2: Float(step.decay2), epsilon: Float(step.epsilon),
            shrink: Float(1 - step.learningRate * step.weightDecay),
            step: Float(step.learningRate / (1 - power1)),
            root_correction2: Float((1 - power2).squareRoot()))
        ck_adam_step(
            Int64(rows * width), &constants, gradient.data, first.data, second.data, data)
    }
}
