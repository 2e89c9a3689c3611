import Basics
import Tensors

/// One tensor of a checkpoint: what it is and where its bytes lie.
package struct CheckpointTensor: Sendable {
    /// GGUF's name for it, whatever its file says: `blk.0.attn_q.weight`.
    package let name: String
    /// Innermost first, as in GGUF: `[columns, rows]` of a matrix stored row by row.
    package let dimensions: [Int]
    package let type: GGMLType
    /// The bytes in the file, counted from its start.
    package let byteRange: Range<Int>
    let file: MappedFile

    package var elementCount: Int { dimensions.reduce(1, *) }

    /// Elements of a row, the contiguous run that blocks must not cross.
    package var columns: Int { dimensions.first ?? 1 }
    package var rows: Int { elementCount / columns }
    package var bytesPerRow: Int { type.byteCount(elements: columns) }

    /// Dimensions that are not merely a trailing 1.
    package var rank: Int { (dimensions.lastIndex { $0 != 1 } ?? 0) + 1 }

    /// The shape as messages write it, `[576, 192]`, innermost first.
    package var shape: String { Self.shape(dimensions) }

    static func shape(_ dimensions: [Int]) -> String {
        "[" + dimensions.map(String.init).joined(separator: ", ") + "]"
    }
}

// MARK: - Contents

extension CheckpointTensor {
    /// How the tensor's bytes are to be read.
    ///
    /// Throws for types that are not supported yet.
    package func format() throws(CheckpointError) -> any QuantizationFormat.Type {
        do throws(QuantizationError) {
            return try QuantizationRegistry.format(ggmlType: type.id)
        } catch {
            throw fail("\(error)")
        }
    }

    /// Lends the tensor's bytes for the length of the call.
    package func withBytes<Value, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        try file.withBytes { (bytes) throws(Failure) in
            try body(UnsafeRawBufferPointer(rebasing: bytes[byteRange]))
        }
    }

    /// The weights in place, as a backend takes them; rows are those of the first dimension.
    package func hostMatrix() throws(CheckpointError) -> HostMatrix {
        let format = try format()
        guard let data = UnsafeRawBufferPointer(rebasing: file.bytes[byteRange]).baseAddress else {
            throw fail("it is empty.")
        }
        return HostMatrix(format: format, rows: rows, columns: columns, data: data, owner: file)
    }

    /// The tensor's values, dequantized, in the order of the file.
    package func floats() throws(CheckpointError) -> [Float] {
        let format = try format()
        let count = elementCount
        return withBytes { source in
            [Float](unsafeUninitializedCapacity: count) { buffer, filled in
                if let from = source.baseAddress, let into = buffer.baseAddress {
                    format.dequantize(from, count: count, into: into)
                }
                filled = count
            }
        }
    }

    /// Asks the system to read the tensor's bytes ahead.
    package func prefetch() { file.prefetch(byteRange) }

    /// Lets the tensor's pages go; they are read again when touched.
    package func release() { file.release(byteRange) }

    func fail(_ problem: String) -> CheckpointError {
        CheckpointError(file: file.path, "tensor \(quoted(name)): \(problem)")
    }
}
