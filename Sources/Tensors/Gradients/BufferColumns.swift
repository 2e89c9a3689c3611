/// Some columns of a buffer's rows: queries within projections, say.
package struct BufferColumns {
    package let buffer: CPUBuffer
    package let first: Int
    package let width: Int

    package init(_ buffer: CPUBuffer, first: Int, width: Int) {
        precondition(first >= 0 && width >= 0 && first + width <= buffer.width, "columns exist")
        self.buffer = buffer
        self.first = first
        self.width = width
    }

    var data: UnsafeMutablePointer<Float> { buffer.data + first }
    var stride: Int { buffer.width }

    func row(_ index: Int) -> UnsafeMutablePointer<Float> { data + index * stride }
}

extension CPUBuffer {
    package var all: BufferColumns { BufferColumns(self, first: 0, width: width) }

    package func columns(_ first: Int, _ width: Int) -> BufferColumns {
        BufferColumns(self, first: first, width: width)
    }

    /// A buffer that holds these values [rows, width], row by row.
    package convenience init(rows: Int, width: Int, values: [Float]) {
        precondition(values.count == rows * width, "as many values as fit")
        self.init(rows: rows, width: width)
        set(values)
    }

    /// All values, row by row.
    package var values: [Float] {
        Array(UnsafeBufferPointer(start: data, count: rows * width))
    }

    package func set(_ values: [Float]) {
        precondition(values.count == rows * width, "as many values as fit")
        values.withUnsafeBufferPointer { source in
            if let from = source.baseAddress { data.update(from: from, count: source.count) }
        }
    }

    package func fill(_ value: Float) { data.update(repeating: value, count: rows * width) }

    /// The first `count` values, row by row.
    package func copy(from other: CPUBuffer, count: Int) {
        data.update(from: other.data, count: count)
    }

    /// Whether none of the first `rows` rows holds an infinity or a NaN.
    package func isFinite(rows: Int) -> Bool {
        UnsafeBufferPointer(start: data, count: rows * width).allSatisfy(\.isFinite)
    }
}
