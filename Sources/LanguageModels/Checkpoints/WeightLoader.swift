import Tensors

/// Hands a checkpoint's weights to a backend, checking every shape on the way.
///
/// Names are GGUF's. `what` in errors is the file, the tensor or key, and what was wanted.
struct WeightLoader {
    let checkpoint: GGUFFile
    let backend: any Backend

    private var architecture: String

    init(checkpoint: GGUFFile, backend: any Backend) throws {
        self.checkpoint = checkpoint
        self.backend = backend
        architecture = try checkpoint.architecture
    }

    func has(_ name: String) -> Bool { checkpoint.contains(name) }

    /// A weight matrix [rows, columns].
    func matrix(_ name: String, rows: Int, columns: Int) throws -> any DeviceMatrix {
        try backend.makeMatrix(hostMatrix(name, rows: rows, columns: columns))
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
        let tensor = try checkpoint.tensor(named: name, dimensions: [columns, rows])
        guard let data = checkpoint.bytes(of: tensor).baseAddress else {
            throw problem("tensor '\(name)' is empty.")
        }
        return HostMatrix(
            format: try checkpoint.format(of: tensor), rows: rows, columns: columns, data: data,
            owner: checkpoint)
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
        try checkpoint.floats(of: checkpoint.tensor(named: name, dimensions: [count]))
    }

    /// A number under the architecture's own prefix.
    func float(_ key: String) throws -> Float {
        Float(try checkpoint.metadata.float("\(architecture).\(key)"))
    }

    /// A switch under the architecture's own prefix; nil when the file does not say.
    func flag(_ key: String) throws -> Bool? {
        try checkpoint.metadata.boolIfPresent("\(architecture).\(key)")
    }

    /// The shape that the metadata gives, checked to be one that a forward pass can have.
    func shape() throws -> TransformerShape {
        let width = try positive("embedding_length")
        let heads = try positive("attention.head_count")
        let keyValueHeads = try positive("attention.head_count_kv", default: heads)
        let headSize = try positive("attention.key_length", default: max(width / heads, 1))
        guard heads % keyValueHeads == 0 else {
            throw problem(
                "\(heads) heads (\(architecture).attention.head_count) do not share "
                    + "\(keyValueHeads) key/value heads (attention.head_count_kv) evenly.")
        }
        guard headSize % 2 == 0, headSize <= width else {
            throw problem(
                "a head size of \(headSize) is odd or larger than the width of \(width) "
                    + "(\(architecture).attention.head_count is \(heads)).")
        }
        if let valueLength = try integer("attention.value_length"), valueLength != headSize {
            throw problem(
                "keys of \(headSize) and values of \(valueLength) elements a head differ, which "
                    + "is not supported.")
        }
        let embedding = try checkpoint.tensor(named: "token_embd.weight")
        return TransformerShape(
            layers: try positive("block_count", limit: 10_000), width: width,
            feedForward: try positive("feed_forward_length"), heads: heads,
            keyValueHeads: keyValueHeads, headSize: headSize, vocabulary: embedding.rows,
            contextLength: try positive("context_length"))
    }

    /// Rotary angles by the metadata; divisors come from `rope_freqs.weight` when it is there.
    func rotary(shape: TransformerShape) throws -> RotaryEmbedding {
        let dimensions = try positive("rope.dimension_count", default: shape.headSize)
        guard dimensions % 2 == 0, dimensions <= shape.headSize else {
            throw problem(
                "\(architecture).rope.dimension_count is \(dimensions); wanted an even number "
                    + "of at most the head size, \(shape.headSize).")
        }
        let base = try checkpoint.metadata.floatIfPresent("\(architecture).rope.freq_base")
        let divisors =
            has("rope_freqs.weight")
            ? try floats("rope_freqs.weight", count: dimensions / 2) : nil
        let scaling = try checkpoint.metadata.stringIfPresent(
            "\(architecture).rope.scaling.type")
        if let scaling, scaling != "none", divisors == nil {
            throw problem(
                "\(architecture).rope.scaling.type is '\(scaling)'; only scaling given by a "
                    + "tensor rope_freqs.weight is supported.")
        }
        return RotaryEmbedding(
            base: Float(base ?? 10000), dimensions: dimensions, divisors: divisors)
    }

    private func integer(_ key: String) throws -> Int? {
        try checkpoint.metadata.integerIfPresent("\(architecture).\(key)")
    }

    private func positive(_ key: String, default value: Int? = nil, limit: Int = 1 << 30) throws
        -> Int
    {
        let full = "\(architecture).\(key)"
        let found =
            try checkpoint.metadata.integerIfPresent(full)
            ?? value ?? checkpoint.metadata.integer(full)
        guard (1...limit).contains(found) else {
            throw problem("\(full) is \(found); wanted 1 to \(limit).")
        }
        return found
    }

    func problem(_ text: String) -> CheckpointError {
        CheckpointError(file: checkpoint.path, text)
    }
}
