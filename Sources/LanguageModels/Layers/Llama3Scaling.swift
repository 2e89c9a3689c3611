/// How Llama 3.1 and 3.2 stretch rotary positions to a longer context (`rope_type: llama3`).
///
/// Long wavelengths are divided by `factor`, short ones stay, those between are blended.
package struct Llama3Scaling: Codable, Hashable, Sendable {
    package var factor: Float
    /// Wavelengths above `originalContextLength` / this are long.
    package var lowFrequencyFactor: Float
    /// Wavelengths below `originalContextLength` / this are short.
    package var highFrequencyFactor: Float
    /// Positions before stretching.
    package var originalContextLength: Int

    package init(
        factor: Float, lowFrequencyFactor: Float, highFrequencyFactor: Float,
        originalContextLength: Int
    ) {
        self.factor = factor
        self.lowFrequencyFactor = lowFrequencyFactor
        self.highFrequencyFactor = highFrequencyFactor
        self.originalContextLength = originalContextLength
    }

    /// What frequencies are divided by: the numbers that GGUF's `rope_freqs.weight` holds,
    /// computed in f32 in the order in which llama.cpp's conversion computes them.
    func divisors(of frequencies: [Float]) -> [Float] {
        let context = Float(originalContextLength)
        return frequencies.map { frequency in
            let wavelength = Float(2 * Double.pi) / frequency
            if wavelength < context / highFrequencyFactor { return 1 }
            if wavelength > context / lowFrequencyFactor { return factor }
            let share =
                (context / wavelength - lowFrequencyFactor)
                / (highFrequencyFactor - lowFrequencyFactor)
            return 1 / ((1 - share) / factor + share)
        }
    }
}
