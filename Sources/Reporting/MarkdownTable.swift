/// One column: a name, what to show of a row, and the side it is aligned to.
package struct TableColumn<Row> {
    package enum Alignment: Sendable {
        case left
        case right
    }

    package let name: String
    package let alignment: Alignment
    /// Plain text, escaped by the table; nil where the row has no such value.
    package let text: (Row) -> String?

    /// - Parameter format: from the value to plain text.
    package init<Value>(
        _ name: String, _ alignment: Alignment = .left, value: @escaping (Row) -> Value?,
        format: @escaping (Value) -> String
    ) {
        self.name = name
        self.alignment = alignment
        text = { row in value(row).map(format) }
    }

    package init(
        _ name: String, _ alignment: Alignment = .left, text: @escaping (Row) -> String?
    ) {
        self.init(name, alignment, value: text) { $0 }
    }
}

/// A table of Markdown, padded so that its source can be read as a table too.
package struct MarkdownTable<Row> {
    package var columns: [TableColumn<Row>]
    package var rows: [Row]

    package init(columns: [TableColumn<Row>], rows: [Row]) {
        self.columns = columns
        self.rows = rows
    }

    /// The same table without the columns in which no row has a value.
    package func withoutEmptyColumns() -> MarkdownTable {
        let kept = columns.filter { column in rows.contains { column.text($0) != nil } }
        return MarkdownTable(columns: kept, rows: rows)
    }

    /// The lines, without a final newline; nothing for a table without columns or rows.
    package func markdown() -> String {
        guard !columns.isEmpty, !rows.isEmpty else { return "" }
        let cells = columns.map { column in
            [Markdown.escape(column.name)]
                + rows.map { column.text($0).map(Markdown.escape) ?? Markdown.missing }
        }
        let widths = cells.map { max(3, $0.map(\.count).max() ?? 0) }
        var lines: [String] = []
        for index in 0...rows.count {
            lines.append(line { column in pad(cells[column][index], column, widths[column]) })
            guard index == 0 else { continue }
            lines.append(
                line { column in
                    let dashes = String(repeating: "-", count: widths[column] - 1)
                    return columns[column].alignment == .right ? dashes + ":" : ":" + dashes
                })
        }
        return lines.joined(separator: "\n")
    }

    private func line(_ cell: (Int) -> String) -> String {
        "| " + columns.indices.map(cell).joined(separator: " | ") + " |"
    }

    private func pad(_ text: String, _ column: Int, _ width: Int) -> String {
        let blanks = String(repeating: " ", count: max(0, width - text.count))
        return columns[column].alignment == .right ? blanks + text : text + blanks
    }
}
