import Basics

/// A figure as a chart writes it: three or four digits that matter.
enum ChartFigure {
    static func text(_ value: Double, _ format: ChartAxis.Format) -> String {
        guard value.isFinite else { return Markdown.missing }
        switch format {
        case .percent: return NumberFormat.percent(value) + " %"
        case .bytes: return bytes(value)
        case .seconds: return NumberFormat.duration(seconds: value)
        case .number: return number(value)
        }
    }

    /// `1 GiB`, not `1.00 GiB`: ticks are round.
    private static func bytes(_ value: Double) -> String {
        let parts = NumberFormat.bytes(value).split(separator: " ")
        guard parts.count == 2, parts[0].contains(".") else { return NumberFormat.bytes(value) }
        return "\(withoutZeros(String(parts[0]))) \(parts[1])"
    }

    private static func number(_ value: Double) -> String {
        let size = abs(value)
        switch size {
        case 0: return "0"
        case ..<0.0005, 1e7...:
            var exponent = 0
            var mantissa = value
            while abs(mantissa) >= 9.995, exponent < 400 {
                mantissa /= 10
                exponent += 1
            }
            while abs(mantissa) < 0.9995, exponent > -400 {
                mantissa *= 10
                exponent -= 1
            }
            return "\(trimmed(mantissa, decimals: 2))e\(exponent)"
        case ..<1: return trimmed(value, decimals: 3)
        case ..<10: return trimmed(value, decimals: 2)
        case ..<1000: return trimmed(value, decimals: 1)
        default: return NumberFormat.grouped(Int(value.rounded()))
        }
    }

    /// At most so many decimals, thousands in groups, no zeros at the end.
    static func trimmed(_ value: Double, decimals: Int) -> String {
        if abs(value) >= 1000, abs(value) < 1e15, value == value.rounded() {
            return NumberFormat.grouped(Int(value))
        }
        let text = withoutZeros(NumberFormat.fixed(value, decimals))
        return text == "-0" ? "0" : text
    }

    private static func withoutZeros(_ text: String) -> String {
        guard text.contains(".") else { return text }
        var text = text
        while text.last == "0" { text.removeLast() }
        if text.last == "." { text.removeLast() }
        return text
    }
}
