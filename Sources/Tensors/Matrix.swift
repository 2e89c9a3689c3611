import Basics

/// Weights as a file holds them: row-major [rows, columns] in some format, not copied.
package struct HostMatrix {
    package let format: any QuantizationFormat.Type
    package let rows: Int
    package let columns: Int
    /// `rows * rowBytes` bytes.
    package let data: UnsafeRawPointer
    /// Keeps the memory alive.
    package let owner: AnyObject

    package init(
        format: any QuantizationFormat.Type, rows: Int, columns: Int, data: UnsafeRawPointer,
        owner: AnyObject
    ) {
        precondition(columns % format.blockElements == 0, "a row is a whole number of blocks")
        self.format = format
        self.rows = rows
        self.columns = columns
        self.data = data
        self.owner = owner
    }

    package var rowBytes: Int { columns / format.blockElements * format.blockBytes }
    package var byteCount: Int { rows * rowBytes }

    /// Whether rows can be read again after `release`.
    package var isLasting: Bool { (owner as? any PagedMemory)?.isLasting ?? true }

    /// Lets go of the memory pages of some rows, which are read again when touched, or are not to be
    /// touched (`isLasting`).
    package func release(rows: Range<Int>) {
        (owner as? any PagedMemory)?.release(
            UnsafeRawBufferPointer(
                start: data + rows.lowerBound * rowBytes, count: rows.count * rowBytes))
    }

    /// Some of the rows, still not copied.
    package func slice(_ range: Range<Int>) -> HostMatrix {
        HostMatrix(
            format: format, rows: range.count, columns: columns,
            data: data + range.lowerBound * rowBytes, owner: owner)
    }
}

/// The owner of mapped memory whose pages can be let go.
package protocol PagedMemory: AnyObject {
    /// Lets go of the whole pages of a range, which are read again when touched, unless there is
    /// nothing to read them from.
    func release(_ range: UnsafeRawBufferPointer)
    /// Whether there is.
    var isLasting: Bool { get }
}

extension MappedFile: PagedMemory {
    package func release(_ range: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress, let start = range.baseAddress else { return }
        release(start - base..<start - base + range.count)
    }
}

/// Weights that a backend holds in whatever layout it likes.
package protocol DeviceMatrix: AnyObject {
    var rows: Int { get }
    var columns: Int { get }
}

/// Activations [rows, width] in f32 that a backend holds.
package protocol DeviceBuffer: AnyObject {
    var rows: Int { get }
    var width: Int { get }
}

/// The numbers that keys and values are cached in.
package enum CacheFormat: String, CaseIterable, Sendable {
    case f32
    case f16
    /// 8-bit integers, an f16 scale for 32 elements of a head.
    case q8_0

    /// Bytes of one head's key, and of its value.
    package func bytes(headSize: Int) -> Int {
        switch self {
        case .f32: 4 * headSize
        case .f16: 2 * headSize
        case .q8_0: headSize + 2 * ((headSize + 31) / 32)
        }
    }
}

/// How many keys and values a cache holds: [layers, K, capacity, headSize] of each.
package struct CacheShape: Hashable, Sendable {
    package var layers: Int
    /// Key/value heads K.
    package var heads: Int
    package var headSize: Int
    /// Positions that fit.
    package var capacity: Int
    package var format: CacheFormat

    package init(layers: Int, heads: Int, headSize: Int, capacity: Int, format: CacheFormat) {
        self.layers = layers
        self.heads = heads
        self.headSize = headSize
        self.capacity = capacity
        self.format = format
    }

    /// Bytes that one position takes in all layers, keys and values.
    package var bytesPerToken: Int { 2 * layers * heads * format.bytes(headSize: headSize) }
}

/// Keys and values of earlier positions, which a backend holds.
package protocol DeviceCache: AnyObject {
    var shape: CacheShape { get }
}
