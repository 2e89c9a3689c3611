/// Colours and shapes, the same in all charts.
///
/// The colours were searched around Okabe and Ito's so that any two of them stay apart for every
/// kind of colour vision, on white and on dark (`ChartStyleTests` measures it); every mark has a
/// shape of its own as well, and every label is in the colour of text.
enum ChartStyle {
    /// What a reader chose: the same names as of CSS's `prefers-color-scheme`.
    struct Theme: Sendable {
        let panel: String
        let border: String
        let text: String
        /// Of what is said in passing: units, ticks.
        let softText: String
        let grid: String
        /// In the order in which series get them.
        let series: [String]
    }

    static let light = Theme(
        panel: "#ffffff", border: "#d1d9e0", text: "#1f2328", softText: "#59636e",
        grid: "#e4e8ec",
        series: ["#2c88f4", "#df651a", "#144439", "#a81f90", "#8f8d82", "#513d01"])

    static let dark = Theme(
        panel: "#0d1117", border: "#3d444d", text: "#f0f6fc", softText: "#9198a1",
        grid: "#21262d",
        series: ["#0e80cf", "#cf5c1e", "#09de87", "#fd99d1", "#7e7f6e", "#f7dd4f"])

    enum Shape: CaseIterable {
        case circle, square, triangle, diamond, invertedTriangle, plus
    }

    static func color(_ series: Int) -> Int { series % light.series.count }

    /// After all colours were used, the same colours come again in other shapes.
    static func shape(_ series: Int) -> Shape {
        let shapes = Shape.allCases
        return shapes[(series + series / light.series.count) % shapes.count]
    }

    static let css: String = {
        let font = "system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif"
        return """
            .chart text{font:12px \(font)}\
            .chart .title{font-size:15px;font-weight:600}\
            .chart line,.chart polyline{fill:none}\
            .chart .axis,.chart .grid{stroke-width:1}\
            .chart .whisker{stroke-width:1.5}\
            .chart .front{stroke-width:1.5;stroke-dasharray:5 4}\
            .chart .leader{stroke-width:1}\
            .chart .interval{stroke-width:1.2;stroke-opacity:.6}\
            .chart .curve{stroke-width:2;stroke-linejoin:round}\
            \(rules(light))@media(prefers-color-scheme:dark){\(rules(dark))}
            """
    }()

    private static func rules(_ theme: Theme) -> String {
        var text = """
            .chart .panel{fill:\(theme.panel);stroke:\(theme.border)}\
            .chart text{fill:\(theme.text)}\
            .chart .soft{fill:\(theme.softText)}\
            .chart .grid{stroke:\(theme.grid)}\
            .chart .axis,.chart .leader,.chart .front{stroke:\(theme.softText)}\
            .chart .interval{stroke:\(theme.text)}
            """
        for (index, color) in theme.series.enumerated() {
            text += ".chart .f\(index){fill:\(color)}.chart .l\(index){stroke:\(color)}"
        }
        return text
    }
}
