import Tensors

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Rotary position embedding (RoFormer, 2104.09864): pair i of a head turns by
/// position * base^(-2i / dimensions).
struct RotaryEmbedding {
    /// Angle per position of each pair [dimensions / 2], f32 as the reference computes it.
    let frequencies: [Float]

    /// - Parameter divisors: one per pair, as `rope_freqs.weight` holds them (Llama-3 scaling);
    ///   nil for none.
    init(base: Float, dimensions: Int, divisors: [Float]?) {
        frequencies = (0..<dimensions / 2).map { pair in
            let frequency = 1 / powf(base, Float(2 * pair) / Float(dimensions))
            return frequency / (divisors?[pair] ?? 1)
        }
    }

    /// [positions, 2 * pairs]: the cosines of a position's angles, then the sines.
    func table(positions: Int, backend: any Backend) -> any DeviceBuffer {
        backend.makeTable(rows: positions, width: 2 * frequencies.count) { position, row in
            for (pair, frequency) in frequencies.enumerated() {
                let angle = Float(position) * frequency
                row[pair] = cosf(angle)
                row[pair + frequencies.count] = sinf(angle)
            }
        }
    }
}
