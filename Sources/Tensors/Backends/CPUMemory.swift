import CKernels

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// f32 activations in memory aligned to a cache line.
final class CPUBuffer: DeviceBuffer {
    let rows: Int
    let width: Int
    let data: UnsafeMutablePointer<Float>

    init(rows: Int, width: Int) {
        self.rows = rows
        self.width = width
        data = allocateFloats(max(rows * width, 1))
    }

    deinit { free(data) }

    func row(_ index: Int) -> UnsafeMutablePointer<Float> { data + index * width }
}

/// Keys and values, [layer][key/value head][slot][headSize]; untouched slots take no memory.
final class CPUCache: DeviceCache {
    let shape: CacheShape
    private let keys: UnsafeMutableRawPointer
    private let values: UnsafeMutableRawPointer

    init(_ shape: CacheShape) {
        let bytes = shape.bytesPerToken / 2 * shape.capacity
        guard let keys = calloc(max(bytes, 1), 1), let values = calloc(max(bytes, 1), 1) else {
            preconditionFailure("no memory for a cache of \(2 * bytes) bytes")
        }
        self.shape = shape
        self.keys = keys
        self.values = values
    }

    deinit {
        free(keys)
        free(values)
    }

    /// The keys and values of one head of one layer from a slot on.
    func keys(layer: Int, head: Int, slot: Int) -> UnsafeMutableRawPointer {
        keys + offset(layer: layer, head: head, slot: slot)
    }

    func values(layer: Int, head: Int, slot: Int) -> UnsafeMutableRawPointer {
        values + offset(layer: layer, head: head, slot: slot)
    }

    private func offset(layer: Int, head: Int, slot: Int) -> Int {
        ((layer * shape.heads + head) * shape.capacity + slot) * shape.headSize
            * shape.format.bytesPerElement
    }
}

/// Working memory of one thread, grown to the largest size asked for and then reused.
final class Scratch {
    private var regions: [(start: UnsafeMutablePointer<Float>, count: Int)?] = Array(
        repeating: nil, count: 5)

    deinit { for case .some(let region) in regions { free(region.start) } }

    func panel(_ count: Int) -> UnsafeMutablePointer<Float> { region(0, count) }
    func queries(_ count: Int) -> UnsafeMutablePointer<Float> { region(1, count) }
    func scores(_ count: Int) -> UnsafeMutablePointer<Float> { region(2, count) }
    func mixed(_ count: Int) -> UnsafeMutablePointer<Float> { region(3, count) }
    /// For the kernels of matrix products.
    func product(bytes: Int) -> UnsafeMutableRawPointer {
        UnsafeMutableRawPointer(region(4, (bytes + 3) / 4))
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
