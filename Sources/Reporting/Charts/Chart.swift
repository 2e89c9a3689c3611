/// A picture of figures that a table beside it gives in full.
///
/// A value that draws itself: the same chart is the same bytes on every machine. Figures that are
/// not finite are left out, for nothing can be drawn of them.
package protocol Chart: Sendable {
    /// What is shown, above the picture: `Quality against speed`.
    var title: String { get }
    /// What can be seen in it, in a sentence, for those who cannot see it.
    var summary: String { get }
    /// Whether there is anything to show.
    var isEmpty: Bool { get }
    /// Draws below the title; returns the height that was used, in pixels.
    func draw(on canvas: inout SVGCanvas) -> Double
}

/// A chart with the name that its file has.
package struct ReportChart: Sendable {
    /// Of the file, without a folder and without `.svg`.
    package let name: String
    package let chart: any Chart

    /// nil where there is nothing to show.
    ///
    /// - Parameter name: anything; letters and digits are kept, the rest becomes dashes.
    package init?(_ name: String, _ chart: any Chart) {
        guard !chart.isEmpty else { return nil }
        self.name = Self.fileName(name)
        self.chart = chart
    }

    /// The picture as a file of its own, or as a part of a page.
    package var svg: String {
        var canvas = SVGCanvas()
        let height = chart.draw(on: &canvas)
        return canvas.document(
            name: name, title: chart.title, summary: chart.summary, height: height)
    }

    /// The reference to the file, a paragraph of Markdown.
    ///
    /// - Parameter folder: where the file lies, seen from the report.
    package func markdown(folder: String = Self.folder) -> String {
        "![\(Markdown.escape("\(chart.title): \(chart.summary)"))](\(folder)/\(name).svg)"
    }

    /// Where a project keeps the charts of its report.
    package static let folder = "experiments/charts"

    private static let longestName = 80

    static func fileName(_ text: String) -> String {
        var name = ""
        for scalar in text.lowercased().unicodeScalars {
            switch scalar {
            case "a"..."z", "0"..."9", "_": name.unicodeScalars.append(scalar)
            // No dots at the beginning or in a row: a name is never a way up.
            case "." where name.last.map({ $0.isLetter || $0.isNumber }) ?? false:
                name.append(".")
            default: if !name.isEmpty, name.last != "-" { name.append("-") }
            }
        }
        while let last = name.last, "-.".contains(last) { name.removeLast() }
        return name.isEmpty ? "chart" : String(name.prefix(longestName))
    }
}
