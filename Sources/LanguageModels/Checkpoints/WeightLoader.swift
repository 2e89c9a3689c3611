import Tensors

/// Hands a checkpoint's weights to a backend, checking every shape on the way.
///
/// Names are GGUF's. `what` in errors is the file, the tensor or key, and what was wanted.
package struct WeightLoader {
    let checkpoint: any Checkpoint
    let configuration: ModelConfiguration
    let backend: any Backend

    init(checkpoint: any Checkpoint, backend: any Backend) throws {
        self.checkpoint = checkpoint
        self.backend = backend
        configuration = try checkpoint.configuration()
    }

    func has(_ name: String) -> Bool { checkpoint.tensors.contains(name) }

    /// A weight matrix [rows, columns].
    func matrix(_ name: String, rows: Int, columns: Int) throws -> any DeviceMatrix {
        try backend.makeMatrix(hostMatrix(name, rows: rows, columns: columns))
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
        var first = 0
        return try rows.map { count in
            defer { first += count }
            return try backend.makeMatrix(all.slice(first..<first + count))
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
