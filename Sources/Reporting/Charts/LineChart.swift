/// Lines with points, each named at its end: size against quality, a loss by step.
package struct LineChart: Chart {
    package struct Point: Hashable, Sendable {
        package var x: Double
        package var y: Double
        /// Ends of the vertical interval.
        package var low: Double?
        package var high: Double?
        /// Beside the point; nil for none.
        package var label: String?

        package init(
            x: Double, y: Double, low: Double? = nil, high: Double? = nil, label: String? = nil
        ) {
            self.x = x
            self.y = y
            self.low = low
            self.high = high
            self.label = label
        }
    }

    package struct Line: Hashable, Sendable {
        /// At the line's end.
        package var name: String
        /// From left to right.
        package var points: [Point]

        package init(_ name: String, _ points: [Point]) {
            self.name = name
            self.points = points
        }
    }

    /// A level to compare with, drawn across: `guessing`.
    package struct Reference: Hashable, Sendable {
        package var value: Double
        package var name: String

        package init(_ value: Double, _ name: String) {
            self.value = value
            self.name = name
        }
    }

    package var title: String
    package var summary: String
    package var x: ChartAxis
    package var y: ChartAxis
    package var lines: [Line]
    package var reference: Reference?
    /// Marks at the points: for few points, of which each is a measurement.
    package var hasMarks: Bool

    /// - Parameter lines: points without a finite place are left out, and lines without points.
    package init(
        title: String, summary: String, x: ChartAxis, y: ChartAxis, lines: [Line],
        reference: Reference? = nil, hasMarks: Bool = true
    ) {
        self.title = title
        self.summary = summary
        self.x = x
        self.y = y
        self.lines = lines.map { line in
            Line(line.name, line.points.filter { x.shows($0.x) && y.shows($0.y) })
        }.filter { !$0.points.isEmpty }
        self.reference = reference
        self.hasMarks = hasMarks
    }

    package var isEmpty: Bool { lines.isEmpty }

    private static let longestName: Double = 170

    package func draw(on canvas: inout SVGCanvas) -> Double {
        let names = lines.map { ChartText.fitted($0.name, width: Self.longestName) }
        let points = lines.flatMap(\.points)
        let ends = points.flatMap { [$0.low, $0.high].compactMap { $0 } }
        let area = PlotArea(
            x: x, y: y, xValues: points.map(\.x),
            yValues: points.map(\.y) + ends + [reference?.value].compactMap { $0 },
            rightMargin: (names.map { ChartText.width($0) }.max() ?? 0) + 10)
        area.draw(on: &canvas)
        var obstacles = drawReference(on: &canvas, area: area)
        var labels: [LabelPlacement.Label] = []
        for (series, line) in lines.enumerated() {
            obstacles += draw(line, series, on: &canvas, area: area)
            for point in line.points {
                guard let text = point.label else { continue }
                labels.append(
                    .init(
                        x: area.x.place(point.x), y: area.y.place(point.y),
                        text: ChartText.fitted(text, width: Self.longestName)))
            }
        }
        if labels.count <= Self.mostLabels {
            for placed in LabelPlacement.place(labels, obstacles: obstacles, within: area.box)
            where !placed.needsLeader {
                canvas.text(
                    placed.label.text, x: placed.x, y: placed.y, anchor: placed.anchor, "soft")
            }
        }
        drawNames(names, on: &canvas, area: area)
        return PlotArea.height
    }

    /// More labels than this are not read, and hide the lines.
    private static let mostLabels = 60

    /// Returns where labels should not go.
    private func drawReference(on canvas: inout SVGCanvas, area: PlotArea)
        -> [LabelPlacement.Box]
    {
        guard let reference, y.shows(reference.value) else { return [] }
        let height = area.y.place(reference.value)
        let (start, end) = ((x: area.box.left, y: height), (x: area.box.right, y: height))
        canvas.line(from: start, to: end, "front")
        canvas.text(reference.name, x: end.x - 4, y: height - 9, anchor: .end, "soft")
        let width = ChartText.width(reference.name)
        let name = LabelPlacement.Box(
            left: end.x - 4 - width, top: height - 17, right: end.x, bottom: height)
        return [name] + LabelPlacement.boxes(along: start, end)
    }

    /// Returns where labels should not go.
    private func draw(
        _ line: Line, _ series: Int, on canvas: inout SVGCanvas, area: PlotArea
    ) -> [LabelPlacement.Box] {
        let color = "l\(ChartStyle.color(series))"
        let places = line.points.map { (x: area.x.place($0.x), y: area.y.place($0.y)) }
        var obstacles = places.map {
            LabelPlacement.Box(left: $0.x - 6, top: $0.y - 6, right: $0.x + 6, bottom: $0.y + 6)
        }
        if places.count > 1 { canvas.polyline(places, "curve \(color)") }
        let hasLabels = line.points.contains { $0.label != nil }
        for (start, end) in zip(places, places.dropFirst()) where hasLabels {
            obstacles += LabelPlacement.boxes(along: start, end)
        }
        for (point, place) in zip(line.points, places) {
            if let low = point.low, let high = point.high, y.shows(low), y.shows(high) {
                let ends = [low, high].map { (x: place.x, y: area.y.place($0)) }
                canvas.line(from: ends[0], to: ends[1], "whisker \(color)")
                obstacles += LabelPlacement.boxes(along: ends[0], ends[1])
            }
            if hasMarks || places.count == 1 {
                let name = ([line.name] + [point.label].compactMap { $0 }).joined(separator: " ")
                let tip =
                    "\(name): \(ChartFigure.text(point.x, x.format)), "
                    + "\(ChartFigure.text(point.y, y.format))"
                canvas.marker(series: series, x: place.x, y: place.y, tip: tip)
            }
        }
        return obstacles
    }

    /// Each name at the height where its line ends, moved as little as needed.
    private func drawNames(_ names: [String], on canvas: inout SVGCanvas, area: PlotArea) {
        let wanted = lines.map { area.y.place($0.points[$0.points.count - 1].y) }
        let heights = LabelPlacement.spread(wanted, in: area.box.top...area.box.bottom)
        for (series, line) in lines.enumerated() {
            let end = area.x.place(line.points[line.points.count - 1].x)
            let x = area.box.right + 14
            if end < area.box.right - 1 || abs(heights[series] - wanted[series]) > 3 {
                canvas.line(
                    from: (end + 7, wanted[series]), to: (x - 3, heights[series]), "leader")
            }
            canvas.text(names[series], x: x, y: heights[series])
        }
    }
}
