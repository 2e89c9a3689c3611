/// What `Q4_K` and `Q5_K` have in common: eight groups of 32 codes, each with a scale and a minimum
/// that is subtracted, both in six bits.
///
/// Their blocks begin with the same 16 bytes: `d` f16, `dmin` f16, the 6-bit numbers `[12]`. Quantizing
/// searches a scale and a minimum for each group as ggml does. The eight groups are the lanes of a
/// vector, so each one's sums are formed in ggml's order and the bytes come out the same.
enum AffineGroups {
    static let headerBytes = 16

    /// Which inverse scales a group tries: `(largestCode + firstOffset + step / 10) / range`.
    struct Search {
        let largestCode: Float
        let firstOffset: Float
        let steps: Int
    }

    private typealias Lanes = SIMD8<Float>

    /// What a search found for each group.
    private struct Fit {
        var scale: Lanes
        var minimum: Lanes
        /// The trial that gave them; the codes follow from these two.
        var inverse: Lanes
        var base: Lanes
    }

    // MARK: - The header

    /// A group's scale and minimum.
    @inline(__always) static func scaleAndMinimum(_ block: UnsafeRawPointer, _ group: Int)
        -> (Float, Float)
    {
        let (scale, minimum) = sixBitCodes(block + 4, group)
        return (
            HalfPrecision.loadHalf(block) * Float(scale),
            HalfPrecision.loadHalf(block + 2) * Float(minimum)
        )
    }

    /// Groups 0...3 have a byte each for their two numbers; the spare two bits of those bytes are the
    /// high bits of groups 4...7, whose low bits share the last four bytes.
    @inline(__always) private static func sixBitCodes(_ packed: UnsafeRawPointer, _ group: Int)
        -> (UInt8, UInt8)
    {
        func byte(_ index: Int) -> UInt8 { packed.load(fromByteOffset: index, as: UInt8.self) }
        guard group >= 4 else { return (byte(group) & 63, byte(group &+ 4) & 63) }
        let low = byte(group &+ 4)
        return (low & 15 | (byte(group &- 4) >> 6) << 4, low >> 4 | (byte(group) >> 6) << 4)
    }

    private static func storeSixBitCodes(
        scales: SIMD8<UInt8>, minimums: SIMD8<UInt8>, into packed: UnsafeMutableRawPointer
    ) {
        for i in 0..<4 {
            let (scale, minimum) = (scales[i &+ 4], minimums[i &+ 4])
            packed.storeBytes(
                of: scales[i] | (scale >> 4) << 6, toByteOffset: i, as: UInt8.self)
            packed.storeBytes(
                of: minimums[i] | (minimum >> 4) << 6, toByteOffset: i &+ 4, as: UInt8.self)
            packed.storeBytes(
                of: scale & 15 | minimum << 4, toByteOffset: i &+ 8, as: UInt8.self)
        }
    }

    // MARK: - Quantizing

    /// Writes the headers; `pack` writes the rest of each block from its 256 codes.
    @inline(__always) static func quantize(
        _ source: UnsafePointer<Float>, blocks: Int, into destination: UnsafeMutableRawPointer,
        blockBytes: Int, _ search: Search,
        pack: (UnsafePointer<UInt8>, UnsafeMutableRawPointer) -> Void
    ) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256) { codes in
            withUnsafeTemporaryAllocation(of: Lanes.self, capacity: 64) { lanes in
                guard let codes = codes.baseAddress, let values = lanes.baseAddress else { return }
                for block in 0..<blocks {
                    let bytes = destination + block &* blockBytes
                    quantizeBlock(
                        source + 256 &* block, header: bytes, codes: codes, values: values,
                        weights: values + 32, search)
                    pack(codes, bytes)
                }
            }
        }
    }

    private static func quantizeBlock(
        _ input: UnsafePointer<Float>, header: UnsafeMutableRawPointer,
        codes: UnsafeMutablePointer<UInt8>, values: UnsafeMutablePointer<Lanes>,
        weights: UnsafeMutablePointer<Lanes>, _ search: Search
    ) {
        load(input, into: values, weights: weights)
        let fit = bestFit(values, weights, search)
        for i in 0..<32 {
            let code = rounded(fit.inverse * (values[i] - fit.base), search.largestCode)
            for group in 0..<8 {
                codes[32 &* group &+ i] = UInt8(truncatingIfNeeded: Int32(code[group]))
            }
        }

        var largest: (scale: Float, minimum: Float) = (0, 0)
        for group in 0..<8 {
            if fit.scale[group] > largest.scale { largest.scale = fit.scale[group] }
            if fit.minimum[group] > largest.minimum { largest.minimum = fit.minimum[group] }
        }
        HalfPrecision.storeHalf(largest.scale / 63, header)
        HalfPrecision.storeHalf(largest.minimum / 63, header + 2)
        storeSixBitCodes(
            scales: sixBits(fit.scale, largest: largest.scale),
            minimums: sixBits(fit.minimum, largest: largest.minimum), into: header + 4)

        for group in 0..<8 {
            let (scale, minimum) = scaleAndMinimum(header, group)
            // A group whose scale rounded to zero keeps the codes of the search.
            guard scale != 0 else { continue }
            let top = Int32(search.largestCode)
            for i in 32 &* group..<32 &* group &+ 32 {
                let code = BlockMath.roundedToEven((input[i] + minimum) / scale)
                codes[i] = UInt8(truncatingIfNeeded: BlockMath.clamped(code, 0, top))
            }
        }
    }

    private static func sixBits(_ values: Lanes, largest: Float) -> SIMD8<UInt8> {
        let inverse = largest > 0 ? 63 / largest : 0
        var codes = SIMD8<UInt8>()
        for group in 0..<8 {
            let code = BlockMath.roundedToEven(inverse * values[group])
            codes[group] = min(63, UInt8(truncatingIfNeeded: code))
        }
        return codes
    }

    /// Element i of every group side by side, and how much its error counts: its magnitude and the
    /// root mean square of its group.
    private static func load(
        _ input: UnsafePointer<Float>, into values: UnsafeMutablePointer<Lanes>,
        weights: UnsafeMutablePointer<Lanes>
    ) {
        var squares = Lanes()
        for i in 0..<32 {
            var lanes = Lanes()
            for group in 0..<8 { lanes[group] = input[32 &* group &+ i] }
            values[i] = lanes
            squares += lanes * lanes
        }
        let mean = (squares / 32).squareRoot()
        for i in 0..<32 {
            let lanes = values[i]
            weights[i] = mean + lanes.replacing(with: -lanes, where: lanes .< 0)
        }
    }

    /// The scales and minimums with the smallest weighted squared error among the trials.
    private static func bestFit(
        _ values: UnsafeMutablePointer<Lanes>, _ weights: UnsafeMutablePointer<Lanes>,
        _ search: Search
    ) -> Fit {
        var low = values[0]
        var high = values[0]
        var weightSum = weights[0]
        var valueSum = weights[0] * values[0]
        for i in 1..<32 {
            low.replace(with: values[i], where: values[i] .< low)
            high.replace(with: values[i], where: values[i] .> high)
            weightSum += weights[i]
            valueSum += weights[i] * values[i]
        }
        low.replace(with: 0, where: low .> 0)
        let isConstant = high .== low

        let inverse = search.largestCode / (high - low)
        var best = Fit(scale: 1 / inverse, minimum: low, inverse: inverse, base: low)
        var smallestError = Lanes()
        for i in 0..<32 {
            let code = rounded(inverse * (values[i] - low), search.largestCode)
            let difference = best.scale * code + low - values[i]
            smallestError += weights[i] * (difference * difference)
        }
        for step in 0...search.steps {
            // A better minimum is where the next trials begin.
            let base = best.minimum
            let span = search.firstOffset + 0.1 * Float(step) + search.largestCode
            let inverse = span / (high - base)
            var (codeSum, squareSum, productSum) = (Lanes(), Lanes(), Lanes())
            for i in 0..<32 {
                let code = rounded(inverse * (values[i] - base), search.largestCode)
                let weighted = weights[i] * code
                codeSum += weighted
                squareSum += weighted * code
                productSum += weighted * values[i]
            }
            let determinant = weightSum * squareSum - codeSum * codeSum
            var scale = (weightSum * productSum - valueSum * codeSum) / determinant
            var minimum = (squareSum * valueSum - codeSum * productSum) / determinant
            let isPositive = minimum .> 0
            minimum.replace(with: 0, where: isPositive)
            scale.replace(with: productSum / squareSum, where: isPositive)

            var error = Lanes()
            for i in 0..<32 {
                let code = rounded(inverse * (values[i] - base), search.largestCode)
                let difference = scale * code + minimum - values[i]
                error += weights[i] * (difference * difference)
            }
            let isBetter = (determinant .> 0) .& (error .< smallestError)
            smallestError.replace(with: error, where: isBetter)
            best.scale.replace(with: scale, where: isBetter)
            best.minimum.replace(with: minimum, where: isBetter)
            best.inverse.replace(with: inverse, where: isBetter)
            best.base.replace(with: base, where: isBetter)
        }
        best.scale.replace(with: 0, where: isConstant)
        best.minimum = -best.minimum.replacing(with: low, where: isConstant)
        return best
    }

    /// Codes: to nearest, halves to even, within 0...largest.
    ///
    /// Groups too narrow for an inverse scale have only zeros.
    @inline(__always) private static func rounded(_ position: Lanes, _ largest: Float) -> Lanes {
        var code = (position + 0x1.8p23) - 0x1.8p23
        code.replace(with: Lanes(repeating: largest), where: code .> largest)
        code.replace(with: 0, where: .!(position .< 0x1p22) .| (code .< 0))
        return code
    }
}
