import Basics
import Experiments
import Store

/// Quality against speed and size: the choice that a reader has, as pictures.
extension SummarySection {
    func charts(_ data: ReportData) -> [ReportChart] {
        var charts: [ReportChart] = []
        var number = 0
        for results in data.hosts {
            for quality in Use.all(data).filter(\.isShare) {
                // Counted also where a chart has nothing to show: no two share a name.
                number += 1
                let points = points(results, quality)
                charts += [
                    speed(number, points, quality, data, results),
                    size(number, points, quality, data, results),
                ].compactMap { $0 }
            }
        }
        return charts
    }

    /// A setup with its figures.
    private struct Point {
        let setup: ReportData.Setup
        let name: String
        let quality: Metric
    }

    private func points(_ results: ReportData.HostResults, _ quality: Use) -> [Point] {
        let setups = results.setups.filter { quality.metric($0) != nil }
        return zip(setups, setups.shortNames()).compactMap { setup, name in
            quality.metric(setup).map { Point(setup: setup, name: name, quality: $0) }
        }
    }

    /// Generation speed over accuracy; the length that most setups were timed with.
    private func speed(
        _ number: Int, _ points: [Point], _ quality: Use, _ data: ReportData,
        _ results: ReportData.HostResults
    ) -> ReportChart? {
        let lengths = data.metricNames(prefix: "tg").filter { !$0.contains("@") }
        func timed(_ name: String) -> Int { points.count { $0.setup.metric(name) != nil } }
        guard let length = lengths.max(by: { timed($0) < timed($1) }), timed(length) > 1 else {
            return nil
        }
        let models = points.map(\.setup.model).unique()
        let shown = points.compactMap { point in
            point.setup.metric(length).map { speed in
                ScatterChart.Point(
                    x: speed.value, y: point.quality.value, low: point.quality.confidenceLow,
                    high: point.quality.confidenceHigh, label: point.name,
                    series: models.firstIndex(of: point.setup.model) ?? 0)
            }
        }
        return ReportChart(
            "quality-speed-\(number)",
            ScatterChart(
                title: data.titled("Quality against speed", results),
                summary: "\(quality.measure) over tokens per second (\(length)); up and right is "
                    + "better, bars are 95 % intervals, the dashed line joins those that no other "
                    + "beats in both.",
                x: ChartAxis("\(length), tokens/s", .logarithmic),
                y: ChartAxis(quality.measure, .linear, .percent), points: shown,
                front: ParetoFront()))
    }

    /// Size of the weights over accuracy, a line for each model.
    private func size(
        _ number: Int, _ points: [Point], _ quality: Use, _ data: ReportData,
        _ results: ReportData.HostResults
    ) -> ReportChart? {
        let models = points.map { [$0.setup.model, $0.setup.hardware] }.unique()
        let lines = models.map { model in
            let sized = points.filter { [$0.setup.model, $0.setup.hardware] == model }
                .compactMap { point in
                    point.setup.metric("weights_bytes").map { size in
                        LineChart.Point(
                            x: size.value, y: point.quality.value,
                            low: point.quality.confidenceLow, high: point.quality.confidenceHigh,
                            label: point.setup.quantization)
                    }
                }
            return LineChart.Line(model[0], sized.sorted { $0.x < $1.x })
        }
        guard lines.reduce(0, { $0 + $1.points.count }) > 1, lines.count <= Self.mostLines else {
            return nil
        }
        return ReportChart(
            "quality-size-\(number)",
            LineChart(
                title: data.titled("Quality against size", results),
                summary: "\(quality.measure) over the bytes of the weights; up and left is better, "
                    + "bars are 95 % intervals.",
                x: ChartAxis("size of the weights", .logarithmic, .bytes),
                y: ChartAxis(quality.measure, .linear, .percent), lines: lines,
                reference: quality.chance.map { .init($0, "guessing") }))
    }

    private static let mostLines = 12
}
