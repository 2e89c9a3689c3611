import Tensors

/// Hands a checkpoint's weights to a backend, checking every shape on the way.
///
/// Names are GGUF's. `what` in errors is the file, the tensor or key, and what was wanted.
package struct WeightLoader {
    let checkpoint: any Checkpoint
    let configuration: ModelConfiguration
    /// The one that the model will compute with.
    let backend: any Backend
    let adapterSummary: String?
    private let adapted: (backend: AdaptedBackend, sums: LowRankSums)?

    /// - Parameter adapter: makes what is to be added to the weights of a model.
    init(
        checkpoint: any Checkpoint, backend: any Backend,
        adapter: (ModelConfiguration) throws -> LoRAAdapter? = { _ in nil }
    ) throws {
        self.checkpoint = checkpoint
        configuration = try checkpoint.configuration()
        let adapter = try adapter(configuration)
        adapterSummary = adapter?.summary
        if let adapter {
            let adapting = AdaptedBackend(backend)
            adapted = (adapting, LowRankSums(adapter, for: configuration))
            self.backend = adapting
        } else {
            adapted = nil
            self.backend = backend
        }
    }

    func has(_ name: String) -> Bool { checkpoint.tensors.contains(name) }

    /// A weight matrix [rows, columns].
    func matrix(_ name: String, rows: Int, columns: Int) throws -> any DeviceMatrix {
        try matrices(name, rows: [rows], columns: columns)[0]
    }

    /// The embedding [V, D], which is multiplied with only where it is the output matrix too.
    func embedding(_ shape: TransformerShape) throws -> any DeviceMatrix {
        let host = try hostMatrix(
            "token_embd.weight", rows: shape.vocabulary, columns: shape.width)
        return has("output.weight") ? try backend.makeLookup(host) : try backend.makeMatrix(host)
    }

    /// Weight matrices that the file keeps stacked in one tensor, [sum of rows, columns].
    func matrices(_ name: String, rows: [Int], columns: Int) throws -> [any DeviceMatrix] {
        let all = try hostMatrix(name, rows: rows.reduce(0, +), columns: columns)
        let addition = try adapted.flatMap { adapted in
            try adapted.sums[name].map { sum in
                (adapted.backend, sum, a: try backend.makeMatrix(sum.hostA()))
            }
        }
        var first = 0
        return try rows.map { count in
            let part = first..<first + count
            first = part.upperBound
            guard let (backend, sum, a) = addition else {
                return try backend.makeMatrix(all.slice(part))
            }
            return try backend.makeMatrix(all.slice(part), a: a, b: sum.hostB(rows: part))
        }
    }

    private func hostMatrix(_ name: String, rows: Int, columns: Int) throws -> HostMatrix {
        try checkpoint.tensors.tensor(named: name, dimensions: [columns, rows]).hostMatrix()
    }

    /// A vector as a buffer [1, count].
    func vector(_ name: String, count: Int) throws -> any DeviceBuffer {
        buffer(try floats(name, count: count)[...])
    }

    /// Vectors that the file keeps one after another in one tensor.
    func vectors(_ name: String, counts: [Int]) throws -> [any DeviceBuffer] {
        var rest = try floats(name, count: counts.reduce(0, +))[...]
        return counts.map { count in
            defer { rest = rest.dropFirst(count) }
            return buffer(rest.prefix(count))
        }
    }

    private func buffer(_ values: ArraySlice<Float>) -> any DeviceBuffer {
        backend.makeTable(rows: 1, width: values.count) { _, row in
            _ = row.update(fromContentsOf: values)
        }
    }

    func floats(_ name: String, count: Int) throws -> [Float] {
        try checkpoint.tensors.tensor(named: name, dimensions: [count]).floats()
    }

    /// Rotary angles by the configuration; `rope_freqs.weight` goes before its scaling.
    func rotary() throws -> RotaryEmbedding {
        let rotary = configuration.rotary
        let divisors =
            has("rope_freqs.weight")
            ? try floats("rope_freqs.weight", count: rotary.dimensions / 2) : nil
        return RotaryEmbedding(rotary, divisors: divisors)
    }

    func problem(_ text: String) -> CheckpointError { checkpoint.fail(text) }
}
