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

/// Mapped weights, used in place.
final class CPUMatrix: DeviceMatrix {
    let rows: Int
    let columns: Int
    private let host: HostMatrix
    private let type: Int32
    private let hasKernels: Bool

    init(_ host: HostMatrix) {
        self.host = host
        type = Int32(host.format.ggmlType)
        hasKernels = ck_has_type(type)
        rows = host.rows
        columns = host.columns
    }

    /// out[columns] = row, as f32.
    func dequantize(row: Int, into out: UnsafeMutablePointer<Float>) {
        dequantize(host.data + row * host.rowBytes, count: columns, into: out)
    }

    /// out[r] = dot(self[first + r], x) for r in 0..<count.
    func multiply(
        _ x: UnsafePointer<Float>, first: Int, count: Int, into out: UnsafeMutablePointer<Float>,
        scratch: Scratch
    ) {
        let source = host.data + first * host.rowBytes
        if hasKernels {
            ck_gemv(type, Int64(count), Int64(columns), source, Int64(host.rowBytes), x, out)
            return
        }
        // A format without kernels of its own: as correct, and slower.
        let row = scratch.panel(columns)
        for index in 0..<count {
            dequantize(source + index * host.rowBytes, count: columns, into: row)
            ck_gemv(
                Int32(CK_F32.rawValue), 1, Int64(columns), row, Int64(columns * 4), x, out + index)
        }
    }

    /// Rows first..<first+count as f32: the mapped memory itself when it is f32 already.
    func panel(first: Int, count: Int, scratch: Scratch) -> UnsafePointer<Float> {
        let source = host.data + first * host.rowBytes
        if type == Int32(CK_F32.rawValue) { return source.assumingMemoryBound(to: Float.self) }
        let out = scratch.panel(count * columns)
        dequantize(source, count: count * columns, into: out)
        return UnsafePointer(out)
    }

    private func dequantize(
        _ source: UnsafeRawPointer, count: Int, into out: UnsafeMutablePointer<Float>
    ) {
        if hasKernels {
            ck_dequantize(type, source, Int64(count), out)
        } else {
            host.format.dequantize(source, count: count, into: out)
        }
    }
}

/// Working memory of one thread, grown to the largest size asked for and then reused.
final class Scratch {
    private var regions: [(start: UnsafeMutablePointer<Float>, count: Int)?] = Array(
        repeating: nil, count: 1)

    deinit { for case .some(let region) in regions { free(region.start) } }

    func panel(_ count: Int) -> UnsafeMutablePointer<Float> { region(0, count) }

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
