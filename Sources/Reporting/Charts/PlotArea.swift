/// The rectangle of a chart with two axes: grid, ticks and titles.
struct PlotArea: Sendable {
    let x: ChartRuler
    let y: ChartRuler
    let box: LabelPlacement.Box

    static let height: Double = 380

    /// - Parameters:
    ///   - rightMargin: room for labels behind the last point.
    init(
        x: ChartAxis, y: ChartAxis, xValues: [Double], yValues: [Double],
        rightMargin: Double = 0
    ) {
        let top = 26.0
        let bottom = Self.height - 44
        let yRuler = ChartRuler(y, values: yValues, start: bottom, end: top)
        let labels = yRuler.ticks.map { ChartText.width(yRuler.label($0)) }
        let left = SVGCanvas.margin + max(24, labels.max() ?? 0) + 8
        let right = SVGCanvas.width - SVGCanvas.margin - rightMargin - 8
        self.y = yRuler
        self.x = ChartRuler(x, values: xValues, start: left, end: right)
        box = LabelPlacement.Box(left: left, top: top, right: right, bottom: bottom)
    }

    /// The title of the vertical axis stands above it, to be read without turning the head.
    func draw(on canvas: inout SVGCanvas) {
        canvas.text(y.axis.title, x: SVGCanvas.margin, y: 8, "soft")
        for tick in y.ticks {
            let height = y.place(tick)
            canvas.line(from: (box.left, height), to: (box.right, height), "grid")
            canvas.text(y.label(tick), x: box.left - 8, y: height, anchor: .end, "soft")
        }
        var free = -Double.infinity
        for tick in x.ticks {
            let place = x.place(tick)
            canvas.line(from: (place, box.bottom), to: (place, box.bottom + 4), "axis")
            let text = x.label(tick)
            let half = ChartText.width(text) / 2
            guard place - half > free else { continue }
            canvas.text(text, x: place, y: box.bottom + 14, anchor: .middle, "soft")
            free = place + half + 4
        }
        canvas.line(from: (box.left, box.bottom), to: (box.right, box.bottom), "axis")
        canvas.text(
            x.axis.title, x: (box.left + box.right) / 2, y: box.bottom + 32, anchor: .middle, "soft"
        )
    }
}
