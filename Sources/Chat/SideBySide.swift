/// Answers of several models in columns.
package enum SideBySide {
    /// Columns between two answers.
    private static let gap = " │ "
    /// Narrower ones are hard to read.
    private static let narrowest = 36

    /// How wide each of `count` columns may be on a terminal; nil when it is too narrow.
    package static func columnWidth(of count: Int, on width: Int) -> Int? {
        // The last column stays free: some terminals wrap when it is written.
        let columns = (width - 1 - (count - 1) * gap.count) / max(count, 1)
        return columns >= narrowest ? columns : nil
    }

    /// Rows of the columns' texts, wrapped and padded.
    package static func lines(_ texts: [String], columnWidth: Int) -> [String] {
        let columns = texts.map { TerminalText.wrapped($0, width: columnWidth) }
        return (0..<(columns.map(\.count).max() ?? 0)).map { row in
            let cells = columns.enumerated().map { index, column in
                let text = row < column.count ? column[row] : ""
                if index == columns.count - 1 { return text }
                let padding = max(0, columnWidth - DisplayWidth.of(text))
                return text + String(repeating: " ", count: padding)
            }
            return cells.joined(separator: gap)
        }
    }
}
