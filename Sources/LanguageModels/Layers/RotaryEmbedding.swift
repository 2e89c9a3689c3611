import Tensors

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Rotary position embedding (RoFormer, 2104.09864): pair i of a head turns by
/// position * base^(-2i / dimensions).
package struct RotaryEmbedding {
    /// Angle per position of each pair [dimensions / 2], f32 as the reference computes it.
    package let frequencies: [Float]
    package let pairing: RotaryPairing

    /// - Parameter divisors: one per pair, as `rope_freqs.weight` holds them; nil for those of the
    ///   configuration's scaling.
    package init(_ configuration: RotaryConfiguration, divisors: [Float]? = nil) {
        let frequencies = Self.frequencies(
            base: configuration.base, dimensions: configuration.dimensions)
        let divisors = divisors ?? configuration.scaling?.divisors(of: frequencies)
        self.frequencies =
            divisors.map { zip(frequencies, $0).map { $0 / $1 } } ?? frequencies
        pairing = configuration.pairing
    }

    /// Without scaling.
    private static func frequencies(base: Float, dimensions: Int) -> [Float] {
        (0..<dimensions / 2).map { 1 / powf(base, Float(2 * $0) / Float(dimensions)) }
    }

    /// [positions, 2 * pairs]: the cosines of a position's angles, then the sines.
    func table(positions: Int, backend: any Backend) -> any DeviceBuffer {
        backend.makeTable(rows: positions, width: 2 * frequencies.count, fill: fill)
    }

    /// The same row by row.
    package func tableRows(positions: Int) -> [Float] {
        let width = 2 * frequencies.count
        return [Float](unsafeUninitializedCapacity: positions * width) { values, filled in
            for position in 0..<positions {
                let row = position * width..<(position + 1) * width
                fill(position, UnsafeMutableBufferPointer(rebasing: values[row]))
            }
            filled = positions * width
        }
    }

    private func fill(_ position: Int, _ row: UnsafeMutableBufferPointer<Float>) {
        for (pair, frequency) in frequencies.enumerated() {
            let angle = Float(position) * frequency
            row[pair] = cosf(angle)
            row[pair + frequencies.count] = sinf(angle)
        }
    }
}
