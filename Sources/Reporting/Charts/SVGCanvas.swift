import Basics

/// The elements of one picture, 760 pixels wide.
///
/// Colours are classes (`ChartStyle`), so that light and dark are the reader's choice.
package struct SVGCanvas: Sendable {
    /// Of the whole picture; the outer margins are in it.
    package static let width: Double = 760
    /// Between the border and what is drawn.
    package static let margin: Double = 16
    /// The base of a text of one line is so much below its middle.
    package static let baseline: Double = 4.5

    private var elements: [String] = []

    package init() {}

    package enum Anchor: String, Sendable {
        case start, middle, end
    }

    // MARK: Elements

    /// - Parameters:
    ///   - style: a class of `ChartStyle`: `grid`, `axis`, `whisker`, `front`, `leader`.
    package mutating func line(
        from start: (x: Double, y: Double), to end: (x: Double, y: Double), _ style: String
    ) {
        elements.append(
            "<line x1=\"\(Self.number(start.x))\" y1=\"\(Self.number(start.y))\" "
                + "x2=\"\(Self.number(end.x))\" y2=\"\(Self.number(end.y))\" class=\"\(style)\"/>")
    }

    package mutating func polyline(_ points: [(x: Double, y: Double)], _ style: String) {
        let list = points.map { "\(Self.number($0.x)),\(Self.number($0.y))" }
        elements.append(
            "<polyline points=\"\(list.joined(separator: " "))\" class=\"\(style)\"/>")
    }

    package mutating func rectangle(
        x: Double, y: Double, width: Double, height: Double, _ style: String, tip: String? = nil
    ) {
        elements.append(
            Self.element(
                "rect x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" "
                    + "width=\"\(Self.number(width))\" height=\"\(Self.number(height))\" "
                    + "class=\"\(style)\"", tip: tip))
    }

    /// - Parameter y: the middle of the line.
    package mutating func text(
        _ text: String, x: Double, y: Double, anchor: Anchor = .start, _ style: String = ""
    ) {
        let anchor = anchor == .start ? "" : " text-anchor=\"\(anchor.rawValue)\""
        let style = style.isEmpty ? "" : " class=\"\(style)\""
        elements.append(
            "<text x=\"\(Self.number(x))\" y=\"\(Self.number(y + Self.baseline))\""
                + "\(anchor)\(style)>\(Self.escape(text))</text>")
    }

    /// A mark of a series: colour and shape tell series apart, each alone.
    ///
    /// - Parameter tip: what a pointer over the mark is told.
    package mutating func marker(
        series: Int, x: Double, y: Double, size: Double = 4.5, tip: String? = nil
    ) {
        let style = "class=\"f\(ChartStyle.color(series))\""
        func points(_ corners: [(Double, Double)]) -> String {
            let list = corners.map {
                "\(Self.number(x + $0.0 * size)),\(Self.number(y + $0.1 * size))"
            }
            return "polygon points=\"\(list.joined(separator: " "))\" \(style)"
        }
        let shape =
            switch ChartStyle.shape(series) {
            case .circle:
                "circle cx=\"\(Self.number(x))\" cy=\"\(Self.number(y))\" "
                    + "r=\"\(Self.number(size))\" \(style)"
            case .square: points([(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)])
            case .triangle: points([(0, -1.2), (1.15, 0.9), (-1.15, 0.9)])
            case .diamond: points([(0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)])
            case .invertedTriangle: points([(0, 1.2), (1.15, -0.9), (-1.15, -0.9)])
            case .plus:
                points([
                    (-0.4, -1.2), (0.4, -1.2), (0.4, -0.4), (1.2, -0.4), (1.2, 0.4), (0.4, 0.4),
                    (0.4, 1.2), (-0.4, 1.2), (-0.4, 0.4), (-1.2, 0.4), (-1.2, -0.4), (-0.4, -0.4),
                ])
            }
        elements.append(Self.element(shape, tip: tip))
    }

    // MARK: The document

    /// - Parameters:
    ///   - name: unique on a page.
    ///   - height: of what was drawn below the title.
    func document(name: String, title: String, summary: String, height: Double) -> String {
        let whole = Self.number(Self.titleHeight + height + Self.margin)
        let width = Self.number(Self.width)
        return """
            <svg xmlns="http://www.w3.org/2000/svg" class="chart" width="\(width)" \
            height="\(whole)" viewBox="0 0 \(width) \(whole)" role="img" \
            aria-labelledby="\(name)-title \(name)-summary">
            <title id="\(name)-title">\(Self.escape(title))</title>
            <desc id="\(name)-summary">\(Self.escape(summary))</desc>
            \(Self.signature)
            <style>\(ChartStyle.css)</style>
            <rect width="\(width)" height="\(whole)" rx="6" class="panel"/>
            <text x="\(Self.number(Self.margin))" y="26" class="title">\
            \(Self.escape(ChartText.fitted(title, width: Self.width - 2 * Self.margin, size: 15)))\
            </text>
            <g transform="translate(0 \(Self.number(Self.titleHeight)))">
            \(elements.joined(separator: "\n"))
            </g>
            </svg>

            """
    }

    /// Tells a file of ours from one that somebody else has put beside it.
    package static let signature = "<!-- written by billion report -->"

    private static let titleHeight: Double = 40

    private static func element(_ content: String, tip: String?) -> String {
        guard let tip else { return "<\(content)/>" }
        let name = content.prefix { $0 != " " }
        return "<\(content)><title>\(escape(tip))</title></\(name)>"
    }

    /// At most one decimal, and none that says nothing: `12`, `12.5`.
    static func number(_ value: Double) -> String {
        let text = NumberFormat.fixed(value, 1)
        if text == "-0.0" { return "0" }
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    /// Text as XML that shows exactly the text; what XML forbids or nobody sees is left out.
    static func escape(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case "\u{FFFE}", "\u{FFFF}": break
            default: Markdown.appendVisible(scalar, to: &result)
            }
        }
        return result
    }
}
