internal import CSQLite

/// A value as SQLite keeps it.
package enum SQLValue: Hashable, Sendable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case blob([UInt8])
}

extension SQLValue {
    package static func orNull(_ value: String?) -> SQLValue { value.map { .text($0) } ?? .null }
    package static func orNull(_ value: Double?) -> SQLValue { value.map { .real($0) } ?? .null }
    package static func orNull(_ value: Int?) -> SQLValue {
        value.map { .integer(Int64($0)) } ?? .null
    }
    package static func orNull(_ value: Bool?) -> SQLValue {
        value.map { .integer($0 ? 1 : 0) } ?? .null
    }
}

/// One prepared statement; finalised when released.
package final class Statement {
    private let handle: OpaquePointer
    private let file: String
    /// Keeps the connection open; nil for statements that the connection itself keeps.
    private let database: Database?

    init(handle: OpaquePointer, file: String, database: Database?) {
        self.handle = handle
        self.file = file
        self.database = database
    }

    deinit { sqlite3_finalize(handle) }

    /// Binds the parameters in order.
    ///
    /// Refuses what SQLite would silently make NULL.
    package func bind(_ values: [SQLValue]) throws(StoreError) {
        for (offset, value) in values.enumerated() {
            let index = Int32(truncatingIfNeeded: offset + 1)
            let code =
                switch value {
                case .null: sqlite3_bind_null(handle, index)
                case .integer(let number): sqlite3_bind_int64(handle, index, number)
                case .real(let number): try bind(number, at: index)
                case .text(let text): try bind(text, at: index)
                case .blob(let bytes): try bind(bytes, at: index)
                }
            guard code == SQLITE_OK else { throw failure() }
        }
    }

    private func bind(_ number: Double, at index: Int32) throws(StoreError) -> Int32 {
        guard number.isFinite else {
            throw StoreError.notFinite(what: "value of parameter \(index)", value: "\(number)")
        }
        return sqlite3_bind_double(handle, index, number)
    }

    private func bind(_ text: String, at index: Int32) throws(StoreError) -> Int32 {
        guard let length = Int32(exactly: text.utf8.count) else { return SQLITE_TOOBIG }
        return text.withCString { billion_bind_text(handle, index, $0, length) }
    }

    private func bind(_ bytes: [UInt8], at index: Int32) throws(StoreError) -> Int32 {
        guard let length = Int32(exactly: bytes.count) else { return SQLITE_TOOBIG }
        if length == 0 { return sqlite3_bind_zeroblob(handle, index, 0) }
        return bytes.withUnsafeBytes { billion_bind_blob(handle, index, $0.baseAddress, length) }
    }

    /// Moves to the next row; false, and ready to run again, when there is none.
    package func step() throws(StoreError) -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE:
            sqlite3_reset(handle)
            return false
        default:
            let error = failure()
            sqlite3_reset(handle)
            throw error
        }
    }

    package func reset() {
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }

    package var changesNothing: Bool { sqlite3_stmt_readonly(handle) != 0 }

    package var columnNames: [String] {
        (0..<sqlite3_column_count(handle)).map { index in
            sqlite3_column_name(handle, index).map { String(cString: $0) } ?? ""
        }
    }

    package var row: [SQLValue] { (0..<Int(sqlite3_column_count(handle))).map(value) }

    package func value(_ column: Int) -> SQLValue {
        let index = Int32(truncatingIfNeeded: column)
        switch sqlite3_column_type(handle, index) {
        case SQLITE_INTEGER: return .integer(sqlite3_column_int64(handle, index))
        case SQLITE_FLOAT: return .real(sqlite3_column_double(handle, index))
        case SQLITE_TEXT: return .text(string(index))
        case SQLITE_BLOB:
            let count = Int(sqlite3_column_bytes(handle, index))
            guard count > 0, let start = sqlite3_column_blob(handle, index) else {
                return .blob([])
            }
            return .blob([UInt8](UnsafeRawBufferPointer(start: start, count: count)))
        default: return .null
        }
    }

    package func text(_ column: Int) -> String? {
        if case .text(let text) = value(column) { return text }
        return nil
    }

    package func integer(_ column: Int) -> Int64? {
        if case .integer(let number) = value(column) { return number }
        return nil
    }

    package func real(_ column: Int) -> Double? {
        switch value(column) {
        case .real(let number): number
        case .integer(let number): Double(number)
        default: nil
        }
    }

    private func string(_ index: Int32) -> String {
        guard let start = sqlite3_column_text(handle, index) else { return "" }
        let count = Int(sqlite3_column_bytes(handle, index))
        return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    private func failure() -> StoreError {
        let database = sqlite3_db_handle(handle)
        return .sqlite(
            file: file, code: sqlite3_extended_errcode(database),
            message: String(cString: sqlite3_errmsg(database)),
            sql: sqlite3_sql(handle).map { String(cString: $0) })
    }
}
