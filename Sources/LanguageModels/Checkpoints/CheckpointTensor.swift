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
    /// What messages call it: the name and the order of dimensions of its own file.
    let label: Label
    /// The order of the rows in the file; they are handed out in GGUF's.
    let rowOrder: RowOrder

    /// How a tensor is called where it comes from.
    struct Label: Sendable {
        let name: String
        /// Hugging Face counts rows before columns.
        let listsRowsFirst: Bool
    }

    init(
        name: String, dimensions: [Int], type: GGMLType, byteRange: Range<Int>, file: MappedFile,
        label: Label? = nil, rowOrder: RowOrder = .asStored
    ) {
        self.name = name
        self.dimensions = dimensions
        self.type = type
        self.byteRange = byteRange
        self.file = file
        self.label = label ?? Label(name: name, listsRowsFirst: false)
        self.rowOrder = rowOrder
    }

    package var elementCount: Int { dimensions.reduce(1, *) }

    /// Elements of a row, the contiguous run that blocks must not cross.
    package var columns: Int { dimensions.first ?? 1 }
    package var rows: Int { elementCount / columns }
    package var bytesPerRow: Int { type.byteCount(elements: columns) }

    /// Dimensions that are not merely a trailing 1.
    package var rank: Int { Self.rank(dimensions) }

    static func rank(_ dimensions: [Int]) -> Int { (dimensions.lastIndex { $0 != 1 } ?? 0) + 1 }

    /// The shape as messages write it, in the order of its file.
    package var shape: String { shape(dimensions) }

    /// Other dimensions in the same order.
    func shape(_ dimensions: [Int]) -> String {
        Self.shape(label.listsRowsFirst ? dimensions.reversed() : dimensions)
    }

    /// The same tensor with its rows in another order.
    func reordered(_ order: RowOrder) -> CheckpointTensor {
        CheckpointTensor(
            name: name, dimensions: dimensions, type: type, byteRange: byteRange, file: file,
            label: label, rowOrder: order)
    }

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
        let (bytes, owner) = contents()
        defer { withExtendedLifetime(owner) {} }
        return try body(bytes)
    }

    /// The weights as a backend takes them, in place where that is possible.
    package func hostMatrix() throws(CheckpointError) -> HostMatrix {
        let format = try format()
        let (bytes, owner) = contents()
        guard let data = bytes.baseAddress else { throw fail("it is empty.") }
        return HostMatrix(format: format, rows: rows, columns: columns, data: data, owner: owner)
    }

    /// The bytes with the rows in GGUF's order, and what keeps them alive.
    ///
    /// Rows in another order and numbers that do not lie on their own boundaries are copied; the
    /// file's pages are let go then, so that the weights are in memory once.
    private func contents() -> (UnsafeRawBufferPointer, owner: MappedFile) {
        let bytes = UnsafeRawBufferPointer(rebasing: file.bytes[byteRange])
        let boundary = type.id == F32.ggmlType ? 4 : 2
        if rowOrder == .asStored, Int(bitPattern: bytes.baseAddress) % boundary == 0 {
            return (bytes, file)
        }
        // A vector is a column of rows of one element.
        let rows = dimensions.last ?? 1
        let copy = MappedFile(byteCount: bytes.count, name: file.path) { target in
            rowOrder.copy(bytes, into: target, rows: rows)
        }
        release()
        return (copy.bytes, copy)
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
        CheckpointError(file: file.path, "tensor \(quoted(label.name)): \(problem)")
    }
}
