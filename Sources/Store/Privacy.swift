/// A stored text that tells something about the machine it was written on.
package struct PrivacyFinding: Hashable, Sendable, CustomStringConvertible {
    package var table: String
    package var column: String
    package var text: String
    /// The forbidden word found, or `absolute path`.
    package var what: String

    package var description: String { "\(table).\(column): \(what) in '\(text.prefix(200))'" }
}

extension ReadOnlyStore {
    /// Every text of every table that holds one of `forbidden`, or looks like an absolute path.
    ///
    /// Questions come from published datasets and may well speak of `/etc/passwd`; they are
    /// searched for the forbidden words only.
    package func privacyFindings(forbidden: [String]) throws(StoreError) -> [PrivacyFinding] {
        var findings: [PrivacyFinding] = []
        let tables = try columns(
            of: "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        for table in tables {
            let name = Self.quoted(table)
            let statement = try database.prepare("SELECT * FROM \(name)")
            let columns = statement.columnNames
            while try statement.step() {
                for (column, value) in zip(columns, statement.row) {
                    let text: String
                    switch value {
                    case .text(let string): text = string
                    case .blob(let bytes): text = String(decoding: bytes, as: UTF8.self)
                    case .null, .integer, .real: continue
                    }
                    for word in forbidden where !word.isEmpty && text.contains(word) {
                        findings.append(
                            PrivacyFinding(table: table, column: column, text: text, what: word))
                    }
                    if table != "questions", Redaction.holdsPath(text) {
                        findings.append(
                            PrivacyFinding(
                                table: table, column: column, text: text, what: "absolute path"))
                    }
                }
            }
        }
        return findings
    }

    private func columns(of sql: String) throws(StoreError) -> [String] {
        let statement = try database.prepare(sql)
        var found: [String] = []
        while try statement.step() { found.append(statement.text(0) ?? "") }
        return found
    }

    private static func quoted(_ name: String) -> String {
        "\""
            + name.split(separator: "\"", omittingEmptySubsequences: false)
            .joined(separator: "\"\"") + "\""
    }
}
