import CKernels

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// f32 activations in memory aligned to a cache line.
package final class CPUBuffer: DeviceBuffer {
    package let rows: Int
    package let width: Int
    let data: UnsafeMutablePointer<Float>
    /// Whose memory it is; nil for its own.
    private let owner: BufferArena?

    /// Uninitialised.
    package init(rows: Int, width: Int) {
        self.rows = rows
        self.width = width
        data = allocateFloats(max(rows * width, 1))
        owner = nil
    }

    /// In memory that others use in turn.
    fileprivate init(
        rows: Int, width: Int, at data: UnsafeMutablePointer<Float>, of owner: BufferArena
    ) {
        self.rows = rows
        self.width = width
        self.data = data
        self.owner = owner
    }

    deinit { if owner == nil { free(data) } }

    func row(_ index: Int) -> UnsafeMutablePointer<Float> { data + index * width }
}

/// Memory that is dealt out to buffers and taken back all at once.
package final class BufferArena {
    private let start: UnsafeMutablePointer<Float>
    private let capacity: Int
    /// Floats that are dealt out.
    package private(set) var mark = 0

    package init(byteCount: Int) {
        capacity = byteCount / 4
        start = allocateFloats(max(capacity, 1))
    }

    deinit { free(start) }

    /// Takes back what was dealt out since a mark: its next owners write over it.
    package func removeAll(behind mark: Int = 0) { self.mark = mark }

    /// An uninitialised buffer on a cache line of its own; it must fit.
    package func makeBuffer(rows: Int, width: Int) -> CPUBuffer {
        let count = Self.floats(rows: rows, width: width)
        precondition(mark + count <= capacity, "the arena is large enough")
        defer { mark += count }
        return CPUBuffer(rows: rows, width: width, at: start + mark, of: self)
    }

    /// What a buffer takes.
    package static func byteCount(rows: Int, width: Int) -> Int {
        4 * floats(rows: rows, width: width)
    }

    private static func floats(rows: Int, width: Int) -> Int { (rows * width + 15) / 16 * 16 }
}

/// Working memory of one thread, grown to the largest size asked for and then reused.
final class Scratch {
    private var regions: [(start: UnsafeMutablePointer<Float>, count: Int)?] = Array(
        repeating: nil, count: 3)

    deinit { for case .some(let region) in regions { free(region.start) } }

    func panel(_ count: Int) -> UnsafeMutablePointer<Float> { region(0, count) }
    /// For the kernels of matrix products.
    func product(bytes: Int) -> UnsafeMutableRawPointer {
        UnsafeMutableRawPointer(region(1, (bytes + 3) / 4))
    }

    func rounded(_ count: Int) -> UnsafeMutablePointer<UInt16> {
        UnsafeMutableRawPointer(region(2, (count + 1) / 2)).assumingMemoryBound(to: UInt16.self)
    }

    private func region(_ index: Int, _ count: Int) -> UnsafeMutablePointer<Float> {
        if let region = regions[index], region.count >= count { return region.start }
        if let region = regions[index] { free(region.start) }
        let start = allocateFloats(count)
        regions[index] = (start, count)
        return start
    }
}

func allocateFloats(_ count: Int) -> UnsafeMutablePointer<Float> {
    var memory: UnsafeMutableRawPointer?
    let status = posix_memalign(&memory, 64, count * 4)
    guard status == 0, let memory else {
        preconditionFailure("no memory for \(count * 4) bytes of activations")
    }
    return memory.bindMemory(to: Float.self, capacity: count)
}
