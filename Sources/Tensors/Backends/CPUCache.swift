import CKernels

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Keys and values of every layer and key/value head; untouched slots take no memory.
///
/// Keys stand in groups of 16 slots, transposed: [layers][K][group][headSize][16]. Values:
/// [layers][K][slot][headSize]. See `attention_cache.c`.
final class CPUCache: DeviceCache {
    let shape: CacheShape
    private let keys: UnsafeMutableRawPointer
    private let values: UnsafeMutableRawPointer
    /// Of all slots of one head.
    private let headBytes: Int

    init(_ shape: CacheShape) {
        precondition(shape.headSize <= CK_HEAD_LIMIT, "kernels know such heads")
        let group = CK_ATTENTION_GROUP
        let slots = (shape.capacity + group - 1) / group * group
        headBytes = slots * shape.format.bytes(headSize: shape.headSize)
        let bytes = max(shape.layers * shape.heads * headBytes, 1)
        guard let keys = calloc(bytes, 1), let values = calloc(bytes, 1) else {
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

    /// The keys of one head of one layer.
    func keys(layer: Int, head: Int) -> UnsafeMutableRawPointer {
        keys + (layer * shape.heads + head) * headBytes
    }

    func values(layer: Int, head: Int) -> UnsafeMutableRawPointer {
        values + (layer * shape.heads + head) * headBytes
    }
}

extension CacheFormat {
    var kernelType: Int32 {
        switch self {
        case .f32: Int32(CK_F32.rawValue)
        case .f16: Int32(CK_F16.rawValue)
        case .q8_0: Int32(CK_Q8_0.rawValue)
        }
    }
}
