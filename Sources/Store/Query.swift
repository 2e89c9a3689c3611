import Basics

/// What a query found: rows of as many values as there are columns.
package struct QueryResult: Hashable, Sendable {
    package var columns: [String]
    package var rows: [[SQLValue]]

    package init(columns: [String], rows: [[SQLValue]]) {
        self.columns = columns
        self.rows = rows
    }
}

extension ReadOnlyStore {
    /// Runs one statement that only reads.
    ///
    /// Refuses writes, several statements, and what would change the connection or open other
    /// files (ATTACH, pragmas that set something), whatever the file's permissions.
    package func query(_ sql: String) throws(StoreError) -> QueryResult {
        database.allowOnlyReading(true)
        defer { database.allowOnlyReading(false) }
        do throws(StoreError) {
            var tail = ""
            guard let statement = try database.prepareFirst(of: sql, tail: &tail) else {
                throw StoreError.refusedQuery(
                    reason: "expected a statement, found none. "
                        + "For example: SELECT * FROM leaderboard")
            }
            try refuseMore(in: tail)
            guard statement.changesNothing else { throw Self.refusal }
            var rows: [[SQLValue]] = []
            while try statement.step() { rows.append(statement.row) }
            return QueryResult(columns: statement.columnNames, rows: rows)
        } catch {
            throw explained(error, sql)
        }
    }

    private func refuseMore(in tail: String) throws(StoreError) {
        var rest = tail
        while !rest.isEmpty {
            var next = ""
            // Nothing prepared: blanks, comments or a lone semicolon; look behind them.
            let isEmpty: Bool
            do throws(StoreError) {
                isEmpty = try database.prepareFirst(of: rest, tail: &next) == nil
            } catch { isEmpty = false }
            guard isEmpty else {
                throw StoreError.refusedQuery(
                    reason: "expected one statement, found several. Run them one by one.")
            }
            rest = next == rest ? "" : next
        }
    }

    private static let refusal = StoreError.refusedQuery(
        reason: "only one SELECT (or WITH … SELECT, VALUES, EXPLAIN, or a PRAGMA that sets "
            + "nothing) is run here; this statement would change something. Nothing was changed.")

    private func explained(_ error: StoreError, _ sql: String) -> StoreError {
        guard case .sqlite(_, let code, let message, _) = error else { return error }
        switch code & 0xff {
        case 23, 8: return Self.refusal
        case 1 where message.hasPrefix("not authorized"): return Self.refusal
        case 1: return .query(message: message + "." + hint(for: message, in: sql))
        default: return error
        }
    }

    /// "Did you mean", for a table or column that is not there, and the columns that are.
    private func hint(for message: String, in sql: String) -> String {
        if let name = Self.text(after: "no such table: ", in: message) {
            if let best = Suggestion.nearest(to: Self.bare(name), among: tables()) {
                return " Did you mean '\(best)'?"
            }
            return " The views are results, samples and leaderboard."
        }
        guard let name = Self.text(after: "no such column: ", in: message) else { return "" }
        let bare = Self.bare(name)
        let asked = tables(in: sql).map { (name: $0, columns: columns(of: $0)) }
        var hint = ""
        if let view = tables("'view'").first(where: { columns(of: $0).contains(bare) }) {
            hint = " It is a column of \(view)."
        } else if let best = Suggestion.nearest(to: bare, among: asked.flatMap(\.columns)) {
            hint = " Did you mean '\(best)'?"
        }
        for table in asked {
            hint += "\nThe columns of \(table.name): \(table.columns.joined(separator: ", "))."
        }
        return hint
    }

    /// The name without that of its table.
    private static func bare(_ name: String) -> String {
        name.split(separator: ".").last.map(String.init) ?? name
    }

    private func tables(_ types: String = "'table', 'view'") -> [String] {
        let sql = "SELECT name FROM sqlite_schema WHERE type IN (\(types)) ORDER BY name"
        return ((try? names(sql)) ?? []).filter { !$0.hasPrefix("sqlite_") }
    }

    /// The tables and views that a statement names, in its order.
    private func tables(in sql: String) -> [String] {
        let known = Set(tables())
        let words = sql.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map { $0.lowercased() }
        return words.unique().filter { known.contains($0) }
    }

    private func columns(of table: String) -> [String] {
        (try? names("SELECT name FROM pragma_table_info('\(table)')")) ?? []
    }

    private func names(_ sql: String) throws(StoreError) -> [String] {
        database.allowOnlyReading(false)
        let statement = try database.prepare(sql)
        var names: [String] = []
        while try statement.step() { names.append(statement.text(0) ?? "") }
        return names
    }

    private static func text(after prefix: String, in message: String) -> String? {
        message.hasPrefix(prefix) ? String(message.dropFirst(prefix.count)) : nil
    }
}
