internal import CSQLite

/// One connection to an SQLite file.
///
/// Closed when released, or earlier with `close()`.
package final class Database {
    package enum Access: Sendable {
        case readWrite
        case readOnly
        /// Read-only, without locks and without looking for a log: for a file nobody changes.
        case immutable
    }

    /// The file system of SQLite's that connections go through: tests make one that fails.
    @TaskLocal package static var fileSystem: String?

    /// The file as the user named it, for messages.
    package let file: String
    private var handle: OpaquePointer?
    private var cache: [String: Statement] = [:]

    /// - Parameter path: an absolute path of an existing file, so that SQLite never takes it for
    ///   a URI or creates it.
    package init(path: String, named file: String, access: Access) throws(StoreError) {
        self.file = file
        let name = access == .immutable ? "file:\(Self.percentEncoded(path))?immutable=1" : path
        let flags =
            switch access {
            case .readWrite: SQLITE_OPEN_READWRITE
            case .readOnly: SQLITE_OPEN_READONLY
            case .immutable: SQLITE_OPEN_READONLY | SQLITE_OPEN_URI
            }
        var opened: OpaquePointer?
        let code = sqlite3_open_v2(
            name, &opened, flags | SQLITE_OPEN_FULLMUTEX, Self.fileSystem)
        handle = opened
        guard code == SQLITE_OK else { throw failure(sql: nil) }
        sqlite3_extended_result_codes(opened, 1)
        setPatience(.seconds(5))
    }

    deinit { close() }

    /// How long a statement waits for others that write.
    ///
    /// It looks again every few milliseconds. SQLite's own waiting grows to a tenth of a second, and
    /// then who has waited longest is the least likely to be next.
    package func setPatience(_ patience: Duration) {
        let looks = max(1, Int(patience / .milliseconds(Self.looksEvery)))
        sqlite3_busy_handler(
            handle,
            { limit, count in
                pause(milliseconds: UInt32.random(in: 1...UInt32(2 * Database.looksEvery - 1)))
                return Int(count) < Int(bitPattern: limit) ? 1 : 0
            }, UnsafeMutableRawPointer(bitPattern: looks))
    }

    /// Milliseconds, on average.
    private static let looksEvery = 3

    /// Releases the connection; using it afterwards throws.
    package func close() {
        cache.removeAll()
        sqlite3_close_v2(handle)
        handle = nil
    }

    /// The same contents in a connection of their own that has no file.
    package func copiedIntoMemory() throws(StoreError) -> Database {
        let copy = try Database(path: ":memory:", named: file, access: .readWrite)
        guard let backup = sqlite3_backup_init(copy.handle, "main", handle, "main") else {
            throw copy.failure(sql: nil)
        }
        let code = sqlite3_backup_step(backup, -1)
        sqlite3_backup_finish(backup)
        guard code == SQLITE_DONE else { throw copy.failure(sql: nil) }
        return copy
    }

    /// Runs one or several statements whose rows nobody wants.
    package func execute(_ sql: String) throws(StoreError) {
        guard let handle else { throw StoreError.closed(file: file) }
        guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else {
            throw failure(sql: sql)
        }
    }

    /// A statement of its own, with its first parameters bound.
    package func prepare(_ sql: String, _ values: [SQLValue] = []) throws(StoreError) -> Statement {
        try prepare(sql, values, keepingOpen: self)
    }

    private func prepare(_ sql: String, _ values: [SQLValue], keepingOpen owner: Database?)
        throws(StoreError) -> Statement
    {
        var tail = ""
        guard let statement = try prepareFirst(of: sql, tail: &tail, keepingOpen: owner) else {
            throw StoreError.sqlite(
                file: file, code: SQLITE_MISUSE, message: "no statement", sql: sql)
        }
        try statement.bind(values)
        return statement
    }

    /// The first statement of a text, and the rest of the text; nil when there is none.
    package func prepareFirst(of sql: String, tail: inout String) throws(StoreError) -> Statement? {
        try prepareFirst(of: sql, tail: &tail, keepingOpen: self)
    }

    private func prepareFirst(
        of sql: String, tail: inout String, keepingOpen owner: Database?
    ) throws(StoreError) -> Statement? {
        guard let handle else { throw StoreError.closed(file: file) }
        var prepared: OpaquePointer?
        let (code, rest) = sql.withCString { text in
            var end: UnsafePointer<CChar>?
            let code = sqlite3_prepare_v2(handle, text, -1, &prepared, &end)
            return (code, end.map { String(cString: $0) } ?? "")
        }
        guard code == SQLITE_OK else { throw failure(sql: sql) }
        tail = rest
        return prepared.map { Statement(handle: $0, file: file, database: owner) }
    }

    /// Runs a statement that is used again and again; it is prepared once.
    package func run(_ sql: String, _ values: [SQLValue] = []) throws(StoreError) {
        let statement = try cached(sql, values)
        while try statement.step() {}
    }

    /// The first column of the first row, nil when there is no row.
    package func value(_ sql: String, _ values: [SQLValue] = []) throws(StoreError) -> SQLValue? {
        let statement = try cached(sql, values)
        defer { statement.reset() }
        return try statement.step() ? statement.value(0) : nil
    }

    package func integer(_ sql: String, _ values: [SQLValue] = []) throws(StoreError) -> Int64? {
        if case .integer(let number) = try value(sql, values) { return number }
        return nil
    }

    /// Everything in `body` or nothing of it.
    package func transaction<Value>(_ body: () throws(StoreError) -> Value) throws(StoreError)
        -> Value
    {
        try execute("BEGIN IMMEDIATE")
        do throws(StoreError) {
            let value = try body()
            try execute("COMMIT")
            return value
        } catch {
            rollBack()
            throw error
        }
    }

    /// Undoes an open transaction; SQLite may have done so itself after a full disk.
    package func rollBack() {
        guard isInTransaction else { return }
        for statement in cache.values { statement.reset() }
        try? execute("ROLLBACK")
    }

    package var isInTransaction: Bool { handle.map { sqlite3_get_autocommit($0) == 0 } ?? false }
    package var lastInsertRowID: Int64 { handle.map { sqlite3_last_insert_rowid($0) } ?? 0 }
    /// Rows changed by the last INSERT, UPDATE or DELETE.
    package var changes: Int { handle.map { Int(sqlite3_changes($0)) } ?? 0 }

    /// Until the next call with `false`, only statements that read can be prepared.
    package func allowOnlyReading(_ isRestricted: Bool) {
        guard let handle else { return }
        sqlite3_set_authorizer(handle, isRestricted ? Self.readersOnly : nil, nil)
    }

    private func cached(_ sql: String, _ values: [SQLValue]) throws(StoreError) -> Statement {
        if let known = cache[sql] {
            known.reset()
            try known.bind(values)
            return known
        }
        let statement = try prepare(sql, values, keepingOpen: nil)
        cache[sql] = statement
        return statement
    }

    private func failure(sql: String?) -> StoreError {
        .sqlite(
            file: file, code: sqlite3_extended_errcode(handle),
            message: String(cString: sqlite3_errmsg(handle)), sql: sql)
    }

    /// Pragmas that only tell something; those in the second list take a name.
    private static let pragmas: Set<String> = [
        "application_id", "collation_list", "compile_options", "database_list", "encoding",
        "foreign_key_check", "freelist_count", "function_list", "integrity_check", "journal_mode",
        "module_list", "page_count", "page_size", "pragma_list", "quick_check", "schema_version",
        "table_list", "user_version",
    ]
    private static let pragmasOfName: Set<String> = [
        "foreign_key_check", "foreign_key_list", "index_info", "index_list", "index_xinfo",
        "integrity_check", "quick_check", "table_info", "table_list", "table_xinfo",
    ]

    private static let readersOnly:
        @convention(c) (
            UnsafeMutableRawPointer?, Int32, UnsafePointer<CChar>?, UnsafePointer<CChar>?,
            UnsafePointer<CChar>?, UnsafePointer<CChar>?
        ) -> Int32 = { _, action, first, second, _, _ in
            let first = first.map { String(cString: $0).lowercased() } ?? ""
            let isAllowed =
                switch action {
                case SQLITE_SELECT, SQLITE_READ, SQLITE_RECURSIVE: true
                // What SQLite asks when it sets up json_each and its kind; a statement that
                // says so itself is refused elsewhere, for the schema cannot be written.
                case SQLITE_UPDATE: first == "sqlite_master"
                case SQLITE_FUNCTION:
                    second.map { String(cString: $0).lowercased() != "load_extension" } ?? true
                case SQLITE_PRAGMA:
                    second == nil ? pragmas.contains(first) : pragmasOfName.contains(first)
                default: false
                }
            return isAllowed ? SQLITE_OK : SQLITE_DENY
        }

    /// SQLite's URI form keeps the unreserved characters and the slash as they are.
    private static func percentEncoded(_ path: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in path.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."),
                UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "~"):
                bytes.append(byte)
            default:
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension Database {
    /// The version of SQLite that is linked.
    package static var libraryVersion: String { String(cString: sqlite3_libversion()) }
}
