/// 256 six-bit codes in 16 groups with 8-bit scales: `value = d * s * (n - 32)`.
///
/// Block of 210 bytes: low four bits of the codes `[128]`, high two bits `[64]`, group scales
/// `[16]` i8, `d` f16. In each half of 128 elements, four runs of 32 share bytes: low bits of run 0 and
/// 2 (1 and 3) lie in the same byte, high bits of all four runs in one.
package enum Q6_K: WritableQuantizationFormat {
    package static let name = "q6_k"
    package static let ggmlType: UInt32 = 14
    package static let ggufFileType: UInt32 = 18
    package static let blockElements = 256
    package static let blockBytes = 210
    package static let errorBound: Float = 0.019
    package static let largestMagnitude: Float = 65504 * 32

    private static let highBits = 128
    private static let scales = 192
    private static let superScale = 208

    package static func dequantize(
        _ source: UnsafeRawPointer, count: Int, into destination: UnsafeMutablePointer<Float>
    ) {
        for block in 0..<count / blockElements {
            let bytes = source + block &* blockBytes
            let output = destination + block &* blockElements
            let scale = HalfPrecision.loadHalf(bytes + superScale)
            for run in 0..<8 {
                let half = run >> 2
                let part = run & 3
                let low = bytes + (64 &* half &+ 32 &* (part & 1))
                let high = bytes + (highBits &+ 32 &* half)
                let lowShift = UInt8(truncatingIfNeeded: 2 &* (part & 2))
                let highShift = UInt8(truncatingIfNeeded: 2 &* part)
                for group in 0..<2 {
                    let code = bytes.load(
                        fromByteOffset: scales &+ 2 &* run &+ group, as: Int8.self)
                    let groupScale = scale * Float(code)
                    for i in 16 &* group..<16 &* group &+ 16 {
                        let four = (low.load(fromByteOffset: i, as: UInt8.self) &>> lowShift) & 15
                        let two = (high.load(fromByteOffset: i, as: UInt8.self) &>> highShift) & 3
                        let value = Int32(four | two << 4) &- 32
                        output[32 &* run &+ i] = groupScale * Float(value)
                    }
                }
            }
        }
    }

    package static func quantize(
        _ source: UnsafePointer<Float>, count: Int, into destination: UnsafeMutableRawPointer
    ) {
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: blockElements) { codes in
            withUnsafeTemporaryAllocation(of: Float.self, capacity: 16) { groupScales in
                guard let codes = codes.baseAddress, let groupScales = groupScales.baseAddress
                else { return }
                for block in 0..<count / blockElements {
                    quantizeBlock(
                        source + block &* blockElements, into: destination + block &* blockBytes,
                        codes: codes, groupScales: groupScales)
                }
            }
        }
    }

    /// One block: best scale per group, scales to 8 bits, then codes again for the rounded scales.
    private static func quantizeBlock(
        _ input: UnsafePointer<Float>, into bytes: UnsafeMutableRawPointer,
        codes: UnsafeMutablePointer<Int32>, groupScales: UnsafeMutablePointer<Float>
    ) {
        var largest: Float = 0
        for group in 0..<16 {
            let scale = bestScale(input + 16 &* group, codes: codes + 16 &* group)
            groupScales[group] = scale
            if scale.magnitude > largest.magnitude { largest = scale }
        }
        guard largest.magnitude >= zeroThreshold else {
            UnsafeMutableRawBufferPointer(start: bytes, count: blockBytes)
                .initializeMemory(as: UInt8.self, repeating: 0)
            return
        }
        let inverse = -128 / largest
        HalfPrecision.storeHalf(1 / inverse, bytes + superScale)
        let superScale = HalfPrecision.loadHalf(bytes + superScale)
        for group in 0..<16 {
            let code = min(127, BlockMath.roundedToEven(inverse * groupScales[group]))
            let stored = Int8(truncatingIfNeeded: code)
            bytes.storeBytes(of: stored, toByteOffset: scales &+ group, as: Int8.self)
            let scale = superScale * Float(stored)
            // A group whose scale rounded to zero keeps the codes of the search.
            guard scale != 0 else { continue }
            for i in 16 &* group..<16 &* group &+ 16 {
                codes[i] =
                    32 &+ BlockMath.clamped(BlockMath.roundedToEven(input[i] / scale), -32, 31)
            }
        }
        pack(codes, into: bytes)
    }

    private static func pack(
        _ codes: UnsafeMutablePointer<Int32>, into bytes: UnsafeMutableRawPointer
    ) {
        for half in 0..<2 {
            let run = codes + 128 &* half
            for i in 0..<32 {
                let (a, b, c, d) = (run[i], run[i &+ 32], run[i &+ 64], run[i &+ 96])
                let first = UInt8(truncatingIfNeeded: (a & 15) | (c & 15) << 4)
                let second = UInt8(truncatingIfNeeded: (b & 15) | (d & 15) << 4)
                let high = UInt8(
                    truncatingIfNeeded: (a >> 4) | (b >> 4) << 2 | (c >> 4) << 4 | (d >> 4) << 6)
                bytes.storeBytes(of: first, toByteOffset: 64 &* half &+ i, as: UInt8.self)
                bytes.storeBytes(of: second, toByteOffset: 64 &* half &+ 32 &+ i, as: UInt8.self)
                bytes.storeBytes(
                    of: high, toByteOffset: highBits &+ 32 &* half &+ i, as: UInt8.self)
            }
        }
    }

    /// Groups below this magnitude count as zero.
    private static let zeroThreshold: Float = 1e-15

    /// The scale for 16 values with the smallest squared error weighted by x^2, out of 19 trials
    /// around `-32 / extreme`; leaves its codes, 0...63, in `codes`.
    private static func bestScale(
        _ input: UnsafePointer<Float>, codes: UnsafeMutablePointer<Int32>
    ) -> Float {
        var extreme: Float = 0
        for i in 0..<16 where input[i].magnitude > extreme.magnitude { extreme = input[i] }
        guard extreme.magnitude >= zeroThreshold else {
            for i in 0..<16 { codes[i] = 0 }
            return 0
        }
        var (products, squares) = trial(-32 / extreme, input)
        store(-32 / extreme, input, codes)
        var scale = squares > 0 ? products / squares : 0
        var best = scale * products
        for step in -9...9 where step != 0 {
            let inverse = -(32 + 0.1 * Float(step)) / extreme
            (products, squares) = trial(inverse, input)
            if squares > 0 && products * products > best * squares {
                store(inverse, input, codes)
                scale = products / squares
                best = scale * products
            }
        }
        return scale
    }

    /// The sums of the least-squares scale: weighted x * l and l * l.
    @inline(__always) private static func trial(_ inverse: Float, _ input: UnsafePointer<Float>)
        -> (Float, Float)
    {
        var products: Float = 0
        var squares: Float = 0
        for i in 0..<16 {
            let value = input[i]
            let code = Float(
                BlockMath.clamped(BlockMath.roundedToEven(inverse * value), -32, 31))
            let weight = value * value
            products += weight * value * code
            squares += weight * code * code
        }
        return (products, squares)
    }

    @inline(__always) private static func store(
        _ inverse: Float, _ input: UnsafePointer<Float>, _ codes: UnsafeMutablePointer<Int32>
    ) {
        for i in 0..<16 {
            codes[i] = 32 &+ BlockMath.clamped(BlockMath.roundedToEven(inverse * input[i]), -32, 31)
        }
    }
}
