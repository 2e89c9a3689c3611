import Runner

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A table for a terminal: columns padded, two spaces between.
enum TextTable {
    /// A column is never made narrower than this.
    private static let narrowest = 6

    /// - Parameter width: lines longer than this lose the ends of their longest cells; nil for as
    ///   long as they are.
    static func lines(_ rows: [[String]], width: Int? = terminalWidth) -> [String] {
        let columns = rows.map(\.count).max() ?? 0
        let natural = (0..<columns).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        let widths = width.map { fitted(natural, to: $0) } ?? natural
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let shown = cut(cell, to: widths[column])
                line += shown
                if column < row.count - 1 {
                    line += String(repeating: " ", count: widths[column] - shown.count + 2)
                }
            }
            return line
        }
    }

    /// Where somebody watches, the window's width; what is piped is never cut.
    private static var terminalWidth: Int? {
        guard isatty(STDOUT_FILENO) == 1 else { return nil }
        return TerminalStyle.detect(
            descriptor: STDOUT_FILENO, environment: Program.environment
        ).width
    }

    /// The widest columns give way first.
    private static func fitted(_ widths: [Int], to width: Int) -> [Int] {
        var widths = widths
        var excess = widths.reduce(0, +) + 2 * max(widths.count - 1, 0) - width
        while excess > 0, let widest = widths.indices.max(by: { widths[$0] < widths[$1] }),
            widths[widest] > narrowest
        {
            widths[widest] -= 1
            excess -= 1
        }
        return widths
    }

    private static func cut(_ cell: String, to width: Int) -> String {
        cell.count <= width ? cell : cell.prefix(max(width - 1, 0)) + "…"
    }
}
