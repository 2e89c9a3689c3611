import Basics
import Experiments

/// The jobs of a run as a table on the screen: models and quantizations down, tasks across.
///
///                   mmlu  speed
///     tiny q8_0       ✓     ▸
///     tiny q4_0       ·     ·
struct RunMatrix {
    enum State: Hashable {
        case waiting, running, done, failed, skipped, interrupted
    }

    private struct Place: Hashable {
        var row: Int
        var column: Int
    }

    private let rows: [String]
    private let columns: [String]
    /// Of the plan's lines, in order.
    private let places: [Place]
    private var states: [State]
    /// Lines that are the same job as an earlier one.
    private var firsts: [Int: Int] = [:]
    private var current: Int?

    /// Labels of columns are cut to the first of these that lets the table fit.
    private static let labelWidths = [16, 10, 6, 3]
    private static let mostRows = 16

    init(plan: [PlannedJob]) {
        let severalHardware = Set(plan.map(\.cell.hardware)).count > 1
        let names = plan.map { line -> (row: String, column: String) in
            let cell = line.cell
            let row = [cell.model, cell.quantization] + (severalHardware ? [cell.hardware] : [])
            return (row.joined(separator: " "), cell.task)
        }
        let (rows, columns) = (names.map(\.row).unique(), names.map(\.column).unique())
        let rowPlaces = Dictionary(uniqueKeysWithValues: zip(rows, rows.indices))
        let columnPlaces = Dictionary(uniqueKeysWithValues: zip(columns, columns.indices))
        self.rows = rows
        self.columns = columns
        places = names.map {
            Place(row: rowPlaces[$0.row] ?? 0, column: columnPlaces[$0.column] ?? 0)
        }
        states = plan.map { line in
            switch line.state {
            case .alreadyDone: .done
            case .unavailable: .skipped
            case .broken: .failed
            case .ready, .notPulled, .sameAs: .waiting
            }
        }
        for (index, line) in plan.enumerated() {
            if case .sameAs(let number, _) = line.state { firsts[index] = number - 1 }
        }
    }

    /// A table of one job says nothing that its line does not.
    var isWorthShowing: Bool { states.count > 1 }

    /// - Parameter number: in the plan, from 1.
    mutating func set(_ state: State, number: Int) {
        guard states.indices.contains(number - 1) else { return }
        states[number - 1] = state
        current = state == .running ? number - 1 : nil
    }

    // MARK: Drawing

    /// Its lines, at most `height` of them and narrower than `width`; none where it does not fit.
    func lines(width: Int, height: Int, style: TerminalStyle) -> [String] {
        let shown = min(rows.count, Self.mostRows, height - 1)
        guard shown > 0, let layout = layout(width: width) else { return [] }
        let middle = current.map { places[$0].row } ?? 0
        let first = max(0, min(middle - shown / 2, rows.count - shown))
        let range = first..<first + shown
        let hidden = rows.count - shown
        let corner = hidden > 0 ? "rows \(first + 1)-\(range.upperBound) of \(rows.count)" : ""
        let header =
            Self.fitted(corner, layout.rowWidth)
            + columns.map { "  " + Self.fitted($0, layout.columnWidth($0)) }.joined()
        let table = cells()
        let body = range.map { row in
            Self.fitted(rows[row], layout.rowWidth)
                + columns.indices.map { column in
                    let room = layout.columnWidth(columns[column])
                    let before = (room - 1) / 2
                    let state = table[Place(row: row, column: column)]
                    return String(repeating: " ", count: 2 + before)
                        + Self.mark(state, style)
                        + String(repeating: " ", count: room - 1 - before)
                }.joined()
        }
        return [header] + body
    }

    private struct Layout {
        var rowWidth: Int
        var labelWidth: Int
        func columnWidth(_ label: String) -> Int { min(label.count, labelWidth) }
    }

    private func layout(width: Int) -> Layout? {
        let rowWidth = min(rows.map(\.count).max() ?? 0, width / 2)
        for labelWidth in Self.labelWidths {
            let needed = columns.reduce(rowWidth) { $0 + 2 + min($1.count, labelWidth) }
            if needed < width { return Layout(rowWidth: rowWidth, labelWidth: labelWidth) }
        }
        return nil
    }

    private func cells() -> [Place: State] {
        var table: [Place: State] = [:]
        for (index, place) in places.enumerated() { table[place] = states[firsts[index] ?? index] }
        return table
    }

    /// One character wide, and told apart without colour.
    private static func mark(_ state: State?, _ style: TerminalStyle) -> String {
        let (fine, plain, color): (String, String, Int?) =
            switch state {
            case nil: (" ", " ", nil)
            case .waiting: ("·", ".", nil)
            case .running: ("▸", ">", 36)
            case .done: ("✓", "+", 32)
            case .failed: ("✗", "x", 31)
            case .skipped: ("–", "-", 33)
            case .interrupted: ("!", "!", 33)
            }
        let mark = style.usesUnicode ? fine : plain
        guard style.usesColor, let color else { return mark }
        return "\u{1B}[\(color)m\(mark)\u{1B}[0m"
    }

    private static func fitted(_ text: String, _ width: Int) -> String {
        if text.count <= width {
            return text + String(repeating: " ", count: width - text.count)
        }
        return width < 5 ? String(text.prefix(width)) : text.prefix(width - 2) + ".."
    }
}
