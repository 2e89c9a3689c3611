import Basics

/// The report as one page that needs nothing else: no network, no other file.
///
/// Made from the Markdown itself, so both say the same. Everything is readable without scripts;
/// with them, tables can be sorted.
struct HTMLPage {
    private let document: MarkdownDocument
    /// Pictures by the targets that the Markdown names them with.
    private let pictures: [String: String]

    init(markdown: String, pictures: [String: String]) {
        document = MarkdownDocument(markdown)
        self.pictures = pictures
    }

    func html() -> String {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width,initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta http-equiv="Content-Security-Policy" content="\(HTMLAssets.policy)">
        <title>\(Self.escape(title))</title>
        <style>\(HTMLAssets.css)</style>
        </head>
        <body>
        \(contents)<main>
        \(body)</main>
        <script>\(HTMLAssets.script)</script>
        </body>
        </html>

        """
    }

    private var title: String {
        for case .heading(1, let parts) in document.blocks { return parts.plain }
        return "Report"
    }

    /// Links to the chapters.
    private var contents: String {
        let chapters = anchors.filter { $0.level == 2 }
        guard chapters.count > 1 else { return "" }
        let links = chapters.map { "<a href=\"#\($0.id)\">\(Self.escape($0.text))</a>" }
        return "<nav>\(links.joined(separator: "\n"))</nav>\n"
    }

    private struct Anchor {
        let level: Int
        let text: String
        let id: String
    }

    /// Headings in their order, each with an id of its own.
    private var anchors: [Anchor] {
        var seen: [String: Int] = [:]
        return document.blocks.compactMap { block in
            guard case .heading(let level, let parts) = block else { return nil }
            let name = ReportChart.fileName(parts.plain)
            seen[name, default: 0] += 1
            let count = seen[name] ?? 1
            return Anchor(
                level: level, text: parts.plain, id: count == 1 ? name : "\(name)--\(count)")
        }
    }

    // MARK: Blocks

    private var body: String {
        var ids = anchors.map(\.id).makeIterator()
        return document.blocks.map { block in
            switch block {
            case .heading(let level, let parts):
                "<h\(level) id=\"\(ids.next() ?? "")\">\(Self.inline(parts))</h\(level)>\n"
            case .paragraph(let parts): "<p>\(Self.inline(parts))</p>\n"
            case .list(let items):
                "<ul>\n" + items.map { "<li>\(Self.inline($0))</li>\n" }.joined() + "</ul>\n"
            case .code(let text): "<pre><code>\(Self.escape(text))</code></pre>\n"
            case .rule: "<hr>\n"
            case .table(let table): Self.table(table)
            case .image(let text, let target): picture(text, target)
            }
        }.joined()
    }

    private func picture(_ text: String, _ target: String) -> String {
        guard let svg = pictures[target] else {
            return "<p>\(Self.escape(text))</p>\n"
        }
        return "<div class=\"picture\">\(svg)</div>\n"
    }

    private static func table(_ table: MarkdownDocument.Table) -> String {
        let right = table.isRight.map { $0 ? " class=\"right\"" : "" }
        let header = zip(table.header, right).map { cell, style in
            "<th scope=\"col\"\(style)>\(inline(cell))</th>"
        }.joined()
        let rows = table.rows.map { row in
            let cells = zip(row, right).map { cell, style in
                let key = SortKey.value(of: cell.plain).map { " data-v=\"\($0)\"" } ?? ""
                return "<td\(style)\(key)>\(inline(cell))</td>"
            }
            return "<tr>\(cells.joined())</tr>\n"
        }.joined()
        return """
            <div class="table"><table>
            <thead><tr>\(header)</tr></thead>
            <tbody>
            \(rows)</tbody>
            </table></div>

            """
    }

    // MARK: Text

    private static func inline(_ parts: [MarkdownDocument.Inline]) -> String {
        parts.map { part in
            switch part {
            case .text(let text): escape(text)
            case .code(let text): "<code>\(escape(text))</code>"
            case .strong(let parts): "<strong>\(inline(parts))</strong>"
            case .link(let parts, let target):
                isHarmless(target)
                    ? "<a href=\"\(escape(target))\">\(inline(parts))</a>" : inline(parts)
            }
        }.joined()
    }

    /// Addresses of pages, and places in this one.
    private static func isHarmless(_ target: String) -> Bool {
        ["https://", "http://", "#"].contains { target.hasPrefix($0) }
    }

    static func escape(_ text: String) -> String { SVGCanvas.escape(text) }
}

/// The number that a cell is sorted by: `1.09 GiB` is more than `606.5 MiB`.
enum SortKey {
    private static let units: [(String, Double)] = [
        ("KiB", 1024), ("MiB", 1_048_576), ("GiB", 1_073_741_824), ("µs", 1e-6), ("ms", 1e-3),
        ("min", 60), ("h", 3600),
    ]

    /// nil for texts that do not begin with a number.
    static func value(of text: String) -> String? {
        let digits = text.prefix { $0.isASCII && ($0.isNumber || ".,-+e".contains($0)) }
        guard let number = Double(digits.filter { $0 != "," }), number.isFinite else { return nil }
        let rest = text.dropFirst(digits.count)
        guard rest.isEmpty || rest.first == " " else { return nil }
        let unit = rest.split(separator: " ").first.map(String.init) ?? ""
        let factor = units.first { $0.0 == unit }?.1 ?? 1
        return "\(number * factor)"
    }
}
