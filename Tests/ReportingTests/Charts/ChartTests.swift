import Basics
import Testing

@testable import Reporting

/// Pictures held against recordings that were looked at, in light and in dark.
@Suite struct ChartTests {
    static let scatter = ScatterChart(
        title: "Quality against speed",
        summary: "Accuracy over tokens per second; the dashed line joins the best.",
        x: ChartAxis("tokens/s", .logarithmic), y: ChartAxis("right answers", .linear, .percent),
        points: [
            .init(x: 39.9, y: 0.24, low: 0.167, high: 0.332, label: "small f32", series: 0),
            .init(x: 157.9, y: 0.25, low: 0.175, high: 0.343, label: "small q8_0", series: 0),
            .init(x: 225.8, y: 0.21, low: 0.142, high: 0.3, label: "small q4_0", series: 0),
            .init(x: 224, y: 0.212, low: 0.142, high: 0.3, label: "other q4_0", series: 1),
            .init(x: 221, y: 0.211, label: "a third <b>&amp;", series: 2),
            .init(x: .nan, y: 0.2, label: "not there"),
        ], front: ParetoFront())

    static let lines = LineChart(
        title: "Size against quality", summary: "Accuracy over the size of the weights.",
        x: ChartAxis("weights", .logarithmic, .bytes), y: ChartAxis("acc", .linear, .percent),
        lines: [
            .init(
                "small",
                [
                    .init(x: 90e6, y: 0.21, low: 0.14, high: 0.3, label: "q4_0"),
                    .init(x: 143e6, y: 0.25, low: 0.17, high: 0.34, label: "q8_0"),
                    .init(x: 538e6, y: 0.24, low: 0.16, high: 0.33, label: "f32"),
                ]),
            .init(
                "large",
                [
                    .init(x: 600e6, y: 0.26, low: 0.2, high: 0.33, label: "q4_0"),
                    .init(x: 1_200e6, y: 0.255, low: 0.2, high: 0.33, label: "q8_0"),
                ]),
            .init("third", [.init(x: 1_200e6, y: 0.256, label: "q8_0")]),
        ], reference: .init(0.25, "guessing"))

    static let bars = BarChart(
        title: "Accuracy by subject", summary: "Three quantizations.",
        axis: ChartAxis("right answers", .fromZero, .percent), series: ["f32", "q8_0", "q4_0"],
        rows: [
            .init(
                "abstract_algebra",
                [
                    .init(0.3, low: 0.1, high: 0.6), .init(0.3, low: 0.1, high: 0.6),
                    .init(0, low: 0, high: 0.28),
                ]),
            .init("world_religions", [.init(0.2, low: 0.06, high: 0.5), nil, .init(1)]),
        ], reference: .init(0.25, "guessing"))

    static let memory = BarChart(
        title: "Peak memory", summary: "Three models.",
        axis: ChartAxis("peak resident memory", .fromZero, .bytes),
        rows: [
            .init("smollm2-135m-instruct f32", [.init(586e6)]),
            .init("a name that goes on and on and does not fit anywhere", [.init(216e6)]),
            .init("llama-2-7b-shape q4_0", [.init(4.28e9)]),
        ])

    static let curve = LineChart(
        title: "Loss by step", summary: "It falls.", x: ChartAxis("step"), y: ChartAxis("loss"),
        lines: [
            .init("training", (0..<75).map { .init(x: Double($0), y: 3 / (1 + Double($0) / 20)) }),
            .init("held out", [0, 25, 50, 75].map { .init(x: $0, y: 3.1 / (1 + $0 / 25)) }),
        ], hasMarks: false)

    static let all: [(name: String, chart: any Chart)] = [
        ("scatter", scatter), ("lines", lines), ("bars", bars), ("memory", memory),
        ("curve", curve),
    ]

    @Test(arguments: all.map(\.name))
    func looksAsRecorded(_ name: String) throws {
        let chart = try #require(Self.all.first { $0.name == name }).chart
        let picture = try #require(ReportChart(name, chart))
        #expect(try snapshotDifference(picture.svg, "charts/\(name).svg") == nil)
        #expect(picture.svg == ReportChart(name, chart)?.svg)
    }

    @Test func nothingToShowIsNoChart() {
        let x = ChartAxis("x", .logarithmic)
        let y = ChartAxis("y")
        let points = [(0, 1), (-1, 1), (Double.nan, 1), (1, .infinity), (1, -.infinity)].map {
            ScatterChart.Point(x: $0.0, y: $0.1, label: "a")
        }
        let empty: [any Chart] = [
            ScatterChart(title: "t", summary: "s", x: x, y: y, points: points),
            LineChart(
                title: "t", summary: "s", x: x, y: y,
                lines: [.init("a", [.init(x: 0, y: 1)]), .init("b", [])]),
            BarChart(title: "t", summary: "s", axis: y, rows: [.init("a", [.init(.nan)])]),
        ]
        for chart in empty { #expect(ReportChart("a", chart) == nil) }
    }

    /// Every coordinate is a finite number inside the picture, whatever the figures.
    @Test func anyFiguresStayInThePicture() throws {
        var generator = SeededGenerator(seed: 11)
        let odd: [Double] = [
            0, -0.0, 1, 1, 1e-308, 1e308, -1e308, .leastNonzeroMagnitude, .nan, .infinity, 0.1, 100,
            -3,
        ]
        func figure() -> Double {
            let choice = Int(generator.next() % 20)
            return choice < odd.count ? odd[choice] : Double(generator.next() % 10_000) / 7
        }
        for _ in 0..<200 {
            let scale = [ChartAxis.Scale.linear, .fromZero, .logarithmic][Int(generator.next() % 3)]
            let format = [ChartAxis.Format.number, .percent, .bytes, .seconds][
                Int(generator.next() % 4)]
            let axis = ChartAxis("<&>\"'\u{0}", scale, format)
            let count = Int(generator.next() % 9)
            let charts: [any Chart] = [
                ScatterChart(
                    title: "<&>", summary: "\"'", x: axis, y: axis,
                    points: (0..<count).map {
                        .init(
                            x: figure(), y: figure(), low: figure(), high: figure(),
                            label: "</svg>\($0)", series: $0)
                    }, front: ParetoFront(higherXIsBetter: false)),
                LineChart(
                    title: "", summary: "", x: axis, y: axis,
                    lines: (0..<count).map { line in
                        .init(
                            "]]>\(line)",
                            (0..<3).map { _ in
                                .init(x: figure(), y: figure(), low: figure(), high: figure())
                            })
                    }, reference: .init(figure(), "<r>")),
                BarChart(
                    title: "", summary: "", axis: axis, series: ["<a>", "b"],
                    rows: (0..<count).map {
                        .init(
                            "<\($0)>", [.init(figure(), low: figure(), high: figure()), nil])
                    }, reference: .init(figure(), "<r>")),
            ]
            for case let picture? in charts.map({ ReportChart("a", $0) }) {
                try PictureCheck(picture.svg).run()
            }
        }
    }

    @Test(arguments: [
        ("mini-mmlu (5-shot)", "mini-mmlu-5-shot"), ("../../etc/passwd", "etc-passwd"),
        ("", "chart"), ("é", "chart"), ("a/b\\c", "a-b-c"), ("q4_0", "q4_0"),
    ])
    func aFileNameIsHarmless(_ text: String, _ name: String) {
        #expect(ReportChart.fileName(text) == name)
        #expect(ReportChart.fileName(String(repeating: "x", count: 300)).count == 80)
    }
}

/// What holds for each picture: well-formed, inside its frame, nothing but our elements.
struct PictureCheck {
    private let text: String

    init(_ text: String) { self.text = text }

    private static let elements: Set<String> = [
        "svg", "title", "desc", "style", "rect", "text", "g", "line", "polyline", "polygon",
        "circle",
    ]

    func run(sourceLocation: SourceLocation = #_sourceLocation) throws {
        var open: [String] = []
        for tag in tags where !tag.hasPrefix("!--") {
            let name = tag.drop { $0 == "/" }.prefix { $0.isLetter }
            #expect(
                Self.elements.contains(String(name)), "<\(tag)>", sourceLocation: sourceLocation)
            if tag.hasPrefix("/") {
                #expect(open.popLast() == String(name), "\(tag)", sourceLocation: sourceLocation)
            } else if !tag.hasSuffix("/") {
                open.append(String(name))
            }
            for (key, value) in attributes(of: tag) {
                guard Self.coordinates.contains(key) else { continue }
                for number in value.split(whereSeparator: { " ,".contains($0) }) {
                    let place = Double(number)
                    #expect(
                        place.map { (-20...20_000).contains($0) } == true, "<\(tag)>",
                        sourceLocation: sourceLocation)
                }
            }
        }
        #expect(open.isEmpty, sourceLocation: sourceLocation)
        let visible = text.unicodeScalars.allSatisfy { $0.value >= 32 || $0 == "\n" }
        #expect(visible, sourceLocation: sourceLocation)
    }

    private static let coordinates: Set<String> = [
        "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "width", "height", "points",
    ]

    private var tags: [Substring] {
        text.split(separator: "<").dropFirst(0).compactMap { part in
            part.firstIndex(of: ">").map { part[..<$0] }
        }
    }

    private func attributes(of tag: Substring) -> [(String, String)] {
        let parts = tag.split(separator: "\"", omittingEmptySubsequences: false)
        return stride(from: 0, to: parts.count - 1, by: 2).map { index in
            let key = parts[index].split(separator: " ").last ?? ""
            return (String(key.filter { $0 != "=" }), String(parts[index + 1]))
        }
    }
}
