import Experiments
import Testing

@testable import Runner

@Suite struct RunFiguresTests {
    private func metric(
        _ name: String, _ value: Double, _ unit: String, isBetter: Bool? = true,
        _ interval: ClosedRange<Double>? = nil
    ) -> Metric {
        Metric(
            name: name, value: value, unit: unit, higherIsBetter: isBetter,
            confidenceLow: interval?.lowerBound, confidenceHigh: interval?.upperBound)
    }

    private func figures(_ metrics: [[Metric]]) throws -> RunFigures {
        var figures = RunFigures()
        for (index, metrics) in metrics.enumerated() {
            var cell = try sampleJob("all").cell
            cell.quantization = "q\(index)"
            figures.note(metrics, of: cell)
        }
        return figures
    }

    @Test func whatItKnowsAndWritesComesBeforeSpeed() throws {
        let figures = try figures([
            [
                metric("pp512", 10, "tokens/s"), metric("tg64", 3, "tokens/s"),
                metric("itl_p50", 1, "s", isBetter: false),
                metric("acc", 0.5, "fraction", 0.4...0.6),
                metric("acc_stderr", 0.1, "fraction", isBetter: nil),
                metric("acc/anatomy", 0.1, "fraction"),
                metric("pass@1", 0.2, "fraction", 0.1...0.2),
            ],
            [
                metric("pp512", 20, "tokens/s"), metric("tg64", 2, "tokens/s"),
                metric("itl_p50", 2, "s", isBetter: false),
                metric("acc", 0.45, "fraction", 0.3...0.5),
                metric("acc_stderr", 0.2, "fraction", isBetter: nil),
                metric("acc/anatomy", 0.2, "fraction"),
                metric("pass@1", 0.4, "fraction", 0.3...0.5),
            ],
        ])
        #expect(
            figures.lines == [
                "  all acc  best 50.0 % (tiny q0 cpu), worst 45.0 % (tiny q1 cpu); "
                    + "95 % intervals overlap",
                "  all pass@1  best 40.0 % (tiny q1 cpu), worst 20.0 % (tiny q0 cpu)",
                "  all tg64  best 3.0 tokens/s (tiny q0 cpu), worst 2.0 tokens/s (tiny q1 cpu)",
                "  all pp512  best 20.0 tokens/s (tiny q1 cpu), worst 10.0 tokens/s (tiny q0 cpu)",
                "  all itl_p50  best 1.00 s (tiny q0 cpu), worst 2.00 s (tiny q1 cpu)",
            ])
    }

    @Test func oneOfAKindIsNotCompared() throws {
        let same = metric("acc", 0.5, "fraction")
        #expect(try figures([[same]]).lines.isEmpty)
        #expect(try figures([[same], [same]]).lines.isEmpty)
    }
}
