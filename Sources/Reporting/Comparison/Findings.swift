import Basics
import Experiments

/// What a test says, in words: a side is never called better without one.
enum Findings {
    /// - Parameter p: of the test that decides, corrected where there are several.
    static func questions(_ paired: PairedOutcomes, p: Double) -> String {
        guard p < Comparison.significance else {
            guard let wanted = paired.questionsThatSettle else {
                return "no detectable difference"
            }
            return "no detectable difference; one of this size would take about "
                + "\(NumberFormat.grouped(rounded(wanted))) questions to settle"
        }
        return paired.onlyB > paired.onlyA ? "B answers more right" : "A answers more right"
    }

    /// nil where nothing was repeated, so that there is no test.
    static func speed(_ figure: Comparison.Figure) -> String? {
        guard let ratio = figure.ratio, let p = ratio.p else { return nil }
        guard p < Comparison.significance, let isBetterHigh = figure.a.higherIsBetter else {
            return "no detectable difference"
        }
        return (ratio.ratio > 1) == isBetterHigh ? "B is faster" : "A is faster"
    }

    /// Two digits say all that an estimate from a small sample can.
    private static func rounded(_ count: Int) -> Int {
        var unit = 1
        while count / unit >= 100 { unit *= 10 }
        return (count + unit - 1) / unit * unit
    }

    /// `0.031`, `< 0.001`.
    static func probability(_ p: Double) -> String {
        p < 0.001 ? "< 0.001" : NumberFormat.fixed(p, 3)
    }

    /// `-1.4 (-7.4 to 4.7)`, in points of a percent.
    static func difference(_ paired: PairedOutcomes) -> String? {
        guard let difference = paired.difference, let interval = paired.interval else { return nil }
        return "\(points(difference)) (\(points(interval.low)) to \(points(interval.high)))"
    }

    /// With a sign; a difference that rounds to nothing has none.
    private static func points(_ share: Double) -> String {
        let text = NumberFormat.percent(share)
        if text == "0.0" || text == "-0.0" { return "0.0" }
        return share > 0 ? "+" + text : text
    }

    static func share(_ part: Int, of count: Int) -> String {
        NumberFormat.percent(Double(part) / Double(max(count, 1)))
    }
}
