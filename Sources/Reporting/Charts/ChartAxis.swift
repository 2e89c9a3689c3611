import Basics

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// One direction of a chart: what it shows and how its numbers are written.
package struct ChartAxis: Sendable {
    package enum Scale: Hashable, Sendable {
        /// Around the figures.
        case linear
        /// From 0, as lengths of bars must be.
        case fromZero
        /// Equal steps are equal factors; figures of 0 and below are left out.
        case logarithmic
    }

    /// How a tick or a figure is written.
    package enum Format: Hashable, Sendable {
        /// As many decimals as the steps need.
        case number
        /// Of a fraction: 0.25 is `25 %`.
        case percent
        case bytes
        case seconds
    }

    /// With the unit: `tokens/s`.
    package var title: String
    package var scale: Scale
    package var format: Format

    package init(_ title: String, _ scale: Scale = .linear, _ format: Format = .number) {
        self.title = title
        self.scale = scale
        self.format = format
    }

    /// Nothing that is measured is larger; beyond it arithmetic on axes would overflow.
    private static let largest = 1e18

    /// Whether a figure has a place on it.
    func shows(_ value: Double) -> Bool {
        abs(value) <= Self.largest && (scale != .logarithmic || value >= 1 / Self.largest)
    }
}

/// An axis with its ends: where a figure lies on it.
struct ChartRuler: Sendable {
    let axis: ChartAxis
    /// Ends on the axis, in the axis's own unit.
    let low: Double
    let high: Double
    /// Ends in the picture, in pixels; `start` belongs to `low`.
    var start: Double
    var end: Double
    let ticks: [Double]
    /// Between ticks of a linear axis.
    private let step: Double

    /// - Parameter values: all figures to be shown; those that the axis cannot show are left out.
    init(_ axis: ChartAxis, values: [Double], start: Double, end: Double) {
        self.axis = axis
        self.start = start
        self.end = end
        let shown = values.filter(axis.shows)
        var low = shown.min() ?? 0
        var high = shown.max() ?? 1
        switch axis.scale {
        case .logarithmic:
            if shown.isEmpty { (low, high) = (1, 10) }
            // Some air on both sides, and at least a factor of 2.
            let middle = (low * high).squareRoot()
            (low, high) = (min(low / 1.1, middle / 1.42), max(high * 1.1, middle * 1.42))
            ticks =
                axis.format == .bytes
                ? Self.doublings(low, high) : Self.logarithmicTicks(low, high)
            step = 0
        case .linear, .fromZero:
            if axis.scale == .fromZero {
                low = min(low, 0)
                high = max(high, 0)
            }
            let size = max(abs(low), abs(high))
            if high - low <= 1e-12 * size || size < 1e-18 {
                let air = size < 1e-18 ? 1 : size * 0.1
                (low, high) = axis.scale == .fromZero ? (0, air) : (low - air, high + air)
            }
            let air = (high - low) * 0.06
            if axis.scale == .linear {
                let wasPositive = low >= 0
                low -= air
                high += air
                if wasPositive, low < 0 { low = 0 }
            } else {
                if low < 0 { low -= air }
                if high > 0 { high += air }
            }
            let wanted = (high - low) / Double(Self.wantedTicks)
            let unit = axis.format == .bytes ? Self.byteUnit(wanted) : 1
            let step = unit * Self.step(wanted / unit)
            self.step = step
            ticks = Self.linearTicks(low, high, step)
        }
        self.low = low
        self.high = high
    }

    private static let wantedTicks = 5

    /// The pixel of a figure.
    func place(_ value: Double) -> Double {
        let share: Double
        switch axis.scale {
        case .logarithmic: share = log(value / low) / log(high / low)
        case .linear, .fromZero: share = (value - low) / (high - low)
        }
        return start + min(max(share, 0), 1) * (end - start)
    }

    func label(_ tick: Double) -> String {
        switch axis.format {
        case .percent:
            return ChartFigure.trimmed(tick * 100, decimals: decimals(step * 100)) + " %"
        case .bytes: return ChartFigure.text(tick, .bytes)
        case .seconds: return ChartFigure.text(tick, .seconds)
        case .number:
            if axis.scale == .logarithmic { return ChartFigure.text(tick, .number) }
            guard abs(tick) < 1e6 else { return ChartFigure.text(tick, .number) }
            return ChartFigure.trimmed(tick, decimals: decimals(step))
        }
    }

    private func decimals(_ step: Double) -> Int {
        guard step > 0, step < 1 else { return 0 }
        return min(6, Int((-log10(step)).rounded(.up)))
    }

    // MARK: Ticks

    /// By multiplication: the same on every machine.
    private static func powerOfTen(_ exponent: Int) -> Double {
        var power = 1.0
        for _ in 0..<min(abs(exponent), 308) { power *= 10 }
        return exponent < 0 ? 1 / power : power
    }

    /// 1, 2 or 5 times a power of ten, not below the wanted distance.
    static func step(_ wanted: Double) -> Double {
        guard wanted > 0, wanted.isFinite else { return 1 }
        let power = powerOfTen(Int(log10(wanted).rounded(.down)))
        for factor in [1.0, 2, 5, 10] where factor * power >= wanted * 0.999_999 {
            return factor * power
        }
        return 10 * power
    }

    /// The largest power of 1024 that is not above.
    private static func byteUnit(_ bytes: Double) -> Double {
        var unit = 1.0
        while bytes >= unit * 1024, unit < 1e24 { unit *= 1024 }
        return unit
    }

    /// Powers of two, as sizes in bytes go.
    private static func doublings(_ low: Double, _ high: Double) -> [Double] {
        var ticks: [Double] = []
        var tick = 1.0
        while tick < low, tick < 1e300 { tick *= 2 }
        while tick <= high, tick < 1e300 {
            ticks.append(tick)
            tick *= 2
        }
        let stride = max(1, (ticks.count + wantedTicks) / (wantedTicks + 1))
        return ticks.enumerated().filter { $0.offset % stride == 0 }.map(\.element)
    }

    private static func linearTicks(_ low: Double, _ high: Double, _ step: Double) -> [Double] {
        let first = (low / step - 1e-9).rounded(.up)
        let last = (high / step + 1e-9).rounded(.down)
        guard first <= last, last - first < 50 else { return [low, high] }
        return (0...Int(last - first)).map { (first + Double($0)) * step }
    }

    /// 1, 2, 5 times powers of ten where few fit, powers of ten alone where many do.
    private static func logarithmicTicks(_ low: Double, _ high: Double) -> [Double] {
        let first = Int(log10(low).rounded(.down))
        let last = Int(log10(high).rounded(.up))
        for factors in [[1.0, 2, 5], [1, 3], [1]] {
            let ticks = (first...max(first, last)).flatMap { exponent in
                factors.map { $0 * powerOfTen(exponent) }
            }.filter { $0 >= low && $0 <= high }
            if ticks.count <= wantedTicks + 2 || factors.count == 1 {
                let stride = max(1, (ticks.count + wantedTicks) / (wantedTicks + 1))
                return ticks.enumerated().filter { $0.offset % stride == 0 }.map(\.element)
            }
        }
        return []
    }
}
