/// Points with names: quality against speed, say, with the front of those that no other beats.
package struct ScatterChart: Chart {
    package struct Point: Hashable, Sendable {
        package var x: Double
        package var y: Double
        /// Ends of the vertical interval.
        package var low: Double?
        package var high: Double?
        /// Beside the point.
        package var label: String
        /// Points of one series share colour and shape: the quantizations of a model.
        package var series: Int

        package init(
            x: Double, y: Double, low: Double? = nil, high: Double? = nil, label: String,
            series: Int = 0
        ) {
            self.x = x
            self.y = y
            self.low = low
            self.high = high
            self.label = label
            self.series = series
        }
    }

    package var title: String
    package var summary: String
    package var x: ChartAxis
    package var y: ChartAxis
    package var points: [Point]
    /// Which ends of the axes are better; nil draws no front.
    package var front: ParetoFront?

    /// - Parameter points: those without a finite place are left out.
    package init(
        title: String, summary: String, x: ChartAxis, y: ChartAxis, points: [Point],
        front: ParetoFront? = nil
    ) {
        self.title = title
        self.summary = summary
        self.x = x
        self.y = y
        self.points = points.filter { x.shows($0.x) && y.shows($0.y) }
        self.front = front
    }

    package var isEmpty: Bool { points.isEmpty }

    /// Longer names are cut; the mark's tip has the whole.
    private static let longestLabel: Double = 240
    /// More labels than this are not read, and hide the points.
    private static let mostLabels = 60

    package func draw(on canvas: inout SVGCanvas) -> Double {
        let ends = points.flatMap { [$0.low, $0.high].compactMap { $0 } }
        let area = PlotArea(
            x: x, y: y, xValues: points.map(\.x), yValues: points.map(\.y) + ends)
        area.draw(on: &canvas)
        let places = points.map { (x: area.x.place($0.x), y: area.y.place($0.y)) }
        var obstacles = places.map {
            LabelPlacement.Box(left: $0.x - 6, top: $0.y - 6, right: $0.x + 6, bottom: $0.y + 6)
        }
        for (point, place) in zip(points, places) {
            guard let low = point.low, let high = point.high, y.shows(low), y.shows(high) else {
                continue
            }
            let ends = [low, high].map { (x: place.x, y: area.y.place($0)) }
            canvas.line(
                from: ends[0], to: ends[1], "whisker l\(ChartStyle.color(point.series))")
            obstacles += LabelPlacement.boxes(along: ends[0], ends[1])
        }
        var frontPoints: [Int] = []
        if let front {
            frontPoints = front.indices(points.map { ($0.x, $0.y) })
            if frontPoints.count > 1 {
                canvas.polyline(frontPoints.map { places[$0] }, "front")
                for (start, end) in zip(frontPoints, frontPoints.dropFirst()) {
                    obstacles += LabelPlacement.boxes(along: places[start], places[end])
                }
            }
        }
        for (point, place) in zip(points, places) {
            let tip =
                "\(point.label): \(ChartFigure.text(point.x, x.format)), "
                + "\(ChartFigure.text(point.y, y.format))"
            canvas.marker(series: point.series, x: place.x, y: place.y, tip: tip)
        }
        drawLabels(
            on: &canvas, area: area, places: places, first: frontPoints, obstacles: obstacles)
        return PlotArea.height
    }

    private func drawLabels(
        on canvas: inout SVGCanvas, area: PlotArea, places: [(x: Double, y: Double)],
        first frontPoints: [Int], obstacles: [LabelPlacement.Box]
    ) {
        // The best are named first, for they are looked for.
        let order = frontPoints + points.indices.filter { !frontPoints.contains($0) }
        let labels = order.prefix(Self.mostLabels).map { index in
            LabelPlacement.Label(
                x: places[index].x, y: places[index].y,
                text: ChartText.fitted(points[index].label, width: Self.longestLabel))
        }
        for placed in LabelPlacement.place(labels, obstacles: obstacles, within: area.box) {
            if placed.needsLeader {
                let isAbove = placed.y < placed.label.y
                canvas.line(
                    from: (placed.label.x, placed.label.y + (isAbove ? -6 : 6)),
                    to: (placed.x - (placed.anchor == .start ? 2 : -2), placed.y), "leader")
            }
            canvas.text(placed.label.text, x: placed.x, y: placed.y, anchor: placed.anchor)
        }
    }
}

/// The points that no other point beats in both directions.
package struct ParetoFront: Hashable, Sendable {
    package var higherXIsBetter: Bool
    package var higherYIsBetter: Bool

    package init(higherXIsBetter: Bool = true, higherYIsBetter: Bool = true) {
        self.higherXIsBetter = higherXIsBetter
        self.higherYIsBetter = higherYIsBetter
    }

    /// Positions of the front's points, from the best in x to the best in y.
    ///
    /// Equal points are all on it or none.
    ///
    /// - Complexity: O(n log n).
    package func indices(_ points: [(x: Double, y: Double)]) -> [Int] {
        let gains = points.map {
            (x: higherXIsBetter ? $0.x : -$0.x, y: higherYIsBetter ? $0.y : -$0.y)
        }
        let order = gains.indices.filter { gains[$0].x.isFinite && gains[$0].y.isFinite }
            .sorted { (-gains[$0].x, -gains[$0].y, $0) < (-gains[$1].x, -gains[$1].y, $1) }
        var front: [Int] = []
        var best = -Double.infinity
        for index in order {
            let isRepeated = front.last.map { gains[$0] == gains[index] } ?? false
            guard gains[index].y > best || isRepeated else { continue }
            best = gains[index].y
            front.append(index)
        }
        return front
    }
}
