/// Horizontal bars with intervals, a row for each thing measured: subjects, models.
package struct BarChart: Chart {
    package struct Bar: Hashable, Sendable {
        package var value: Double
        /// Ends of the interval.
        package var low: Double?
        package var high: Double?

        package init(_ value: Double, low: Double? = nil, high: Double? = nil) {
            self.value = value
            self.low = low
            self.high = high
        }
    }

    package struct Row: Hashable, Sendable {
        package var label: String
        /// One per series; nil where that was not measured.
        package var bars: [Bar?]

        package init(_ label: String, _ bars: [Bar?]) {
            self.label = label
            self.bars = bars
        }
    }

    package var title: String
    package var summary: String
    package var axis: ChartAxis
    /// Names of the bars of a row, from the top; one name that is empty for a single series.
    package var series: [String]
    package var rows: [Row]
    package var reference: LineChart.Reference?

    /// - Parameter rows: bars that are not finite are left out, and rows without bars.
    package init(
        title: String, summary: String, axis: ChartAxis, series: [String] = [""], rows: [Row],
        reference: LineChart.Reference? = nil
    ) {
        self.title = title
        self.summary = summary
        self.axis = axis
        self.series = series
        self.rows = rows.map { row in
            Row(
                row.label,
                row.bars.prefix(series.count).map { bar in
                    bar.flatMap { axis.shows($0.value) ? $0 : nil }
                })
        }.filter { row in row.bars.contains { $0 != nil } }
        self.reference = reference
    }

    package var isEmpty: Bool { rows.isEmpty }

    /// Longer charts are not read; the table has everything.
    package static let mostRows = 80

    private static let longestLabel: Double = 230
    private static let gap: Double = 8
    private static let legendHeight: Double = 24
    private static let axisHeight: Double = 40

    package func draw(on canvas: inout SVGCanvas) -> Double {
        let thickness: Double = series.count == 1 ? 12 : series.count <= 3 ? 8 : 6
        let rowHeight = max(thickness * Double(series.count), 12) + Self.gap
        let labels = rows.map { ChartText.fitted($0.label, width: Self.longestLabel) }
        let left = SVGCanvas.margin + (labels.map { ChartText.width($0) }.max() ?? 0) + 8
        let bars = rows.flatMap { $0.bars.compactMap { $0 } }
        let showsFigures = series.count == 1
        let figures = bars.map { ChartText.width(ChartFigure.text($0.value, axis.format)) }
        let right =
            SVGCanvas.width - SVGCanvas.margin - 8
            - (showsFigures ? (figures.max() ?? 0) + 8 : 0)
        let ends = bars.flatMap { [$0.low, $0.high].compactMap { $0 } }
        let ruler = ChartRuler(
            axis, values: bars.map(\.value) + ends + [reference?.value].compactMap { $0 },
            start: left, end: right)
        let top = drawLegend(on: &canvas)
        let bottom = top + rowHeight * Double(rows.count)
        drawAxis(ruler, on: &canvas, top: top, bottom: bottom)
        let origin = axis.scale == .logarithmic ? left : ruler.place(0)
        for (index, row) in rows.enumerated() {
            let middle = top + rowHeight * (Double(index) + 0.5)
            canvas.text(labels[index], x: left - 8, y: middle, anchor: .end)
            var y = middle - thickness * Double(series.count) / 2
            for (position, bar) in row.bars.enumerated() {
                if let bar {
                    draw(bar, of: row, position, ruler, origin, y, thickness, on: &canvas)
                }
                y += thickness
            }
            if showsFigures, let bar = row.bars[0] {
                let end = max(origin, ruler.place(bar.value), bar.high.map(ruler.place) ?? 0)
                canvas.text(
                    ChartFigure.text(bar.value, axis.format), x: end + 6, y: middle, "soft")
            }
        }
        return bottom + Self.axisHeight
    }

    private func draw(
        _ bar: Bar, of row: Row, _ position: Int, _ ruler: ChartRuler, _ origin: Double,
        _ y: Double, _ thickness: Double, on canvas: inout SVGCanvas
    ) {
        let place = ruler.place(bar.value)
        let name = series[position].isEmpty ? row.label : "\(row.label), \(series[position])"
        var tip = "\(name): \(ChartFigure.text(bar.value, axis.format))"
        if let low = bar.low, let high = bar.high {
            tip +=
                " (\(ChartFigure.text(low, axis.format)) to \(ChartFigure.text(high, axis.format)))"
        }
        canvas.rectangle(
            x: min(origin, place), y: y + 0.5, width: max(abs(place - origin), 0.5),
            height: thickness - 1, "f\(ChartStyle.color(position))", tip: tip)
        guard let low = bar.low, let high = bar.high, axis.shows(low), axis.shows(high) else {
            return
        }
        let middle = y + thickness / 2
        canvas.line(
            from: (ruler.place(low), middle), to: (ruler.place(high), middle), "interval")
    }

    /// The names of the series in a line, each behind its colour; returns where the rows begin.
    private func drawLegend(on canvas: inout SVGCanvas) -> Double {
        guard series.count > 1 else { return 4 }
        var x = SVGCanvas.margin
        var y = 8.0
        for (index, name) in series.enumerated() {
            let text = ChartText.fitted(name, width: Self.longestLabel)
            let width = ChartText.width(text) + 34
            if x > SVGCanvas.margin, x + width > SVGCanvas.width - SVGCanvas.margin {
                x = SVGCanvas.margin
                y += ChartText.lineHeight + 2
            }
            canvas.rectangle(
                x: x, y: y - 5, width: 14, height: 10, "f\(ChartStyle.color(index))")
            canvas.text(text, x: x + 20, y: y)
            x += width
        }
        return y + Self.legendHeight - 8
    }

    private func drawAxis(
        _ ruler: ChartRuler, on canvas: inout SVGCanvas, top: Double, bottom: Double
    ) {
        for tick in ruler.ticks {
            let place = ruler.place(tick)
            canvas.line(from: (place, top), to: (place, bottom), "grid")
            canvas.text(
                ruler.label(tick), x: place, y: bottom + 10, anchor: .middle, "soft")
        }
        var title = axis.title
        if let reference, axis.shows(reference.value) {
            let place = ruler.place(reference.value)
            canvas.line(from: (place, top), to: (place, bottom), "front")
            title += "; dashed: \(reference.name)"
        }
        canvas.text(
            title, x: (ruler.start + ruler.end) / 2, y: bottom + 28, anchor: .middle, "soft")
    }
}
