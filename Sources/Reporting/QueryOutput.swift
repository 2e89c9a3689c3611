import Basics
import Store

/// The answer to a query in the forms that `billion query` prints.
package enum QueryOutput: Sendable {
    case table
    case json
    case csv

    /// The whole output, ending in a newline (CSV: in CRLF).
    package func render(_ result: QueryResult) -> String {
        switch self {
        case .table: Self.table(result)
        case .json: Self.json(result)
        case .csv: Self.csv(result)
        }
    }

    // MARK: Table

    /// Longer texts are cut, for the terminal only; `--json` and `--csv` have everything.
    private static let longestCell = 100

    private static func table(_ result: QueryResult) -> String {
        let rows = result.rows.map { $0.map(cell) }
        let isNumber = result.columns.indices.map { column in
            result.rows.allSatisfy { row in
                guard row.indices.contains(column) else { return true }
                switch row[column] {
                case .null, .integer, .real: return true
                case .text, .blob: return false
                }
            } && result.rows.contains { $0.indices.contains(column) && $0[column] != .null }
        }
        let columns = result.columns.map(printable)
        let widths = columns.enumerated().map { column, name in
            max(name.count, rows.map { $0[column].count }.max() ?? 0)
        }
        func line(_ cells: [String]) -> String {
            var text = ""
            for (column, cell) in cells.enumerated() {
                let blanks = String(repeating: " ", count: max(0, widths[column] - cell.count))
                text +=
                    (column > 0 ? "  " : "") + (isNumber[column] ? blanks + cell : cell + blanks)
            }
            while text.last == " " { text.removeLast() }
            return text + "\n"
        }
        var text = line(columns) + line(widths.map { String(repeating: "-", count: $0) })
        for row in rows { text += line(row) }
        if rows.isEmpty { text += "(no rows)\n" }
        return text
    }

    private static func cell(_ value: SQLValue) -> String {
        switch value {
        case .null: return Markdown.missing
        case .integer(let number): return "\(number)"
        case .real(let number):
            let text = "\(number)"
            return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
        case .text(let string):
            let text = printable(string)
            return text.count <= longestCell ? text : text.prefix(longestCell - 1) + "…"
        case .blob(let bytes): return "x'\(hex(bytes))'"
        }
    }

    /// Line breaks and tabs as `\n` and `\t`, other control characters by number: a stored text
    /// must not move the cursor.
    private static func printable(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            default:
                if Markdown.isVisible(scalar) {
                    result.unicodeScalars.append(scalar)
                } else {
                    result += "\\u{\(String(scalar.value, radix: 16))}"
                }
            }
        }
        return result
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    // MARK: JSON

    /// An array of objects, one a line, members in the order of the columns.
    private static func json(_ result: QueryResult) -> String {
        var seen: [String: Int] = [:]
        let names = result.columns.map { name in
            seen[name, default: 0] += 1
            // A member must not come twice; the second `n` is `n:2`.
            return jsonText(seen[name] == 1 ? name : "\(name):\(seen[name] ?? 0)")
        }
        let objects = result.rows.map { row in
            let members = zip(names, row).map { "\($0): \(jsonValue($1))" }
            return "{\(members.joined(separator: ", "))}"
        }
        return objects.isEmpty ? "[]\n" : "[\n  \(objects.joined(separator: ",\n  "))\n]\n"
    }

    private static func jsonValue(_ value: SQLValue) -> String {
        switch value {
        case .null: "null"
        case .integer(let number): "\(number)"
        // JSON has no infinity; a number beyond the largest double is read as one.
        case .real(let number): number.isFinite ? "\(number)" : number < 0 ? "-9e999" : "9e999"
        case .text(let text): jsonText(text)
        case .blob(let bytes): jsonText(hex(bytes))
        }
    }

    /// DEL is escaped too: the text may go to a terminal.
    private static func jsonText(_ text: String) -> String {
        JSONString.quoted(text).replacing("\u{7F}", with: "\\u007f")
    }

    // MARK: CSV

    /// RFC 4180.
    ///
    /// NULL is an empty field, an empty text a quoted one.
    private static func csv(_ result: QueryResult) -> String {
        let lines =
            [result.columns.map(csvText)]
            + result.rows.map { row in
                row.map { value in
                    switch value {
                    case .null: ""
                    case .integer(let number): "\(number)"
                    case .real(let number): "\(number)"
                    case .text(let text): csvText(text)
                    case .blob(let bytes): hex(bytes)
                    }
                }
            }
        return lines.map { $0.joined(separator: ",") + "\r\n" }.joined()
    }

    private static func csvText(_ text: String) -> String {
        let needsQuotes =
            text.isEmpty
            || text.unicodeScalars.contains { "\",\r\n".unicodeScalars.contains($0) }
            || text.first == " " || text.last == " "
        guard needsQuotes else { return text }
        let doubled = text.unicodeScalars.map { $0 == "\"" ? "\"\"" : String($0) }.joined()
        return "\"\(doubled)\""
    }
}
