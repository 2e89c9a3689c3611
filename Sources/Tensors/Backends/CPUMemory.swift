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

    /// Uninitialised.
    package init(rows: Int, width: Int) {
        self.rows = rows
        self.width = width
        data = allocateFloats(max(rows * width, 1))
    }

    deinit { free(data) }

    func row(_ index: Int) -> UnsafeMutablePointer<Float> { data + index * width }
}

/// Working memory of one thread, grown to the largest size asked for and then reused.
final class Scratch {
    private var regions: [(start: UnsafeMutablePointer<Float>, count: Int)?] = Array(
        repeating: nil, count: 2)

    deinit { for case .some(let region) in regions { free(region.start) } }

    func panel(_ count: Int) -> UnsafeMutablePointer<Float> { region(0, count) }
    /// For the kernels of matrix products.
    func product(bytes: Int) -> UnsafeMutableRawPointer {
        UnsafeMutableRawPointer(region(1, (bytes + 3) / 4))
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
