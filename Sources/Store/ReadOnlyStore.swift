import Basics
import Experiments

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The database for reading: changes nothing, leaves no file behind, works in a read-only
/// folder and beside a runner that is writing.
///
/// Only what a killed process left half written is taken back first.
///
/// A file of an older schema is read as if it were of this one: a copy in memory is brought up to
/// date.
package final class ReadOnlyStore {
    private(set) var database: Database
    private let file: StoreFile
    /// Held while a file without a log is read without SQLite's locks: no writer may start.
    private var lock: DatabaseLock?
    /// SQLite makes the log's index (`-shm`) where only the log is left; then it is ours to remove.
    private let madeIndex: Bool
    /// For asking who writes.
    ///
    /// Kept for as long as the connection: closing it drops SQLite's locks.
    private(set) lazy var question: DatabaseLock? =
        writesItself
        ? nil : try? DatabaseLock(path: file.path, named: file.shown, kind: .shared)
    /// Whether this very process writes the file too.
    var writesItself: Bool { OpenWriters.contains(file.identity) }

    /// Throws when there is no database, or when it is not one of ours.
    package init(path shown: String) throws(StoreError) {
        let file = try StoreFile(existing: shown)
        self.file = file
        try Self.playJournalBack(file)
        if OpenWriters.contains(file.identity) {
            // Written by this very process, so known to be ours and to have its log.
            madeIndex = false
            database = try Database(path: file.path, named: shown, access: .readOnly)
        } else {
            guard case .database(_, let usesLog, _) = try file.checkedHeader(emptyIsFine: false)
            else { throw StoreError.notADatabase(file: shown) }
            // A log mode without a log is what a copied file looks like. SQLite would make both
            // companions and could not remove them, so it is told that nobody writes; the lock
            // sees to that.
            let lock = usesLog ? try Self.lockWithoutLog(file) : nil
            self.lock = lock
            madeIndex = usesLog && lock == nil && file.companionBytes("-shm") == nil
            database = try Database(
                path: file.path, named: shown, access: lock == nil ? .readOnly : .immutable)
        }
        do throws(StoreError) {
            try database.execute("PRAGMA temp_store = MEMORY")
            try database.execute("PRAGMA query_only = ON")
            let version = try Migrations.check(database)
            if version < Migrations.all.count {
                let copy = try database.copiedIntoMemory()
                try Migrations.apply(to: copy)
                try copy.execute("PRAGMA query_only = ON")
                database.close()
                database = copy
            }
        } catch {
            throw Self.explained(error, file)
        }
    }

    deinit { close() }

    package func close() {
        database.close()
        question = nil
        if madeIndex, file.companionBytes("-shm") != nil, !OpenWriters.contains(file.identity),
            let lock = try? DatabaseLock(path: file.path, named: file.shown, kind: .exclusive),
            (try? lock.acquire(.allWriters, .exclusive, patience: .zero)) == true
        {
            file.removeCompanion("-shm")
        }
        lock = nil
    }

    /// Writes all that is in it into a new file of this build's schema.
    package func write(to path: String) throws(StoreError) {
        try database.execute("PRAGMA query_only = OFF")
        try database.run("VACUUM INTO ?", [.text(path)])
        try database.execute("PRAGMA query_only = ON")
    }

    /// Jobs that have a finished row from this installation.
    package func finishedJobs(installation: String) throws(StoreError) -> Set<JobID> {
        try database.finishedJobs(installation: installation)
    }

    /// The lock when there is no log and nobody writes; nil when SQLite must look itself.
    private static func lockWithoutLog(_ file: StoreFile) throws(StoreError) -> DatabaseLock? {
        let log = file.companionBytes("-wal")
        guard log == nil || (log == 0 && file.companionBytes("-shm") == nil) else { return nil }
        let lock = try DatabaseLock(path: file.path, named: file.shown, kind: .shared)
        return try lock.acquire(.allWriters, .shared, patience: .zero) ? lock : nil
    }

    /// Takes back what a killed process left half written, as any connection that may write does.
    ///
    /// Where this process may not write, or where somebody does, the file is left as it is.
    private static func playJournalBack(_ file: StoreFile) throws(StoreError) {
        guard (file.companionBytes("-journal") ?? 0) > 0, !OpenWriters.contains(file.identity),
            access(file.path, W_OK) == 0,
            let lock = try? DatabaseLock(path: file.path, named: file.shown, kind: .exclusive),
            (try? lock.acquire(.setup, .exclusive, patience: .zero)) == true,
            (try? lock.acquire(.allWriters, .exclusive, patience: .zero)) == true,
            case .database = try file.checkedHeader(emptyIsFine: true)
        else { return }
        // Closed before the lock's descriptor goes, for that takes SQLite's locks along.
        let database = try Database(path: file.path, named: file.shown, access: .readWrite)
        defer { database.close() }
        do throws(StoreError) {
            _ = try database.value("SELECT count(*) FROM sqlite_schema")
        } catch {
            throw explained(error, file)
        }
    }

    /// Says what SQLite's codes mean for a file that was left in the middle of something.
    private static func explained(_ error: StoreError, _ file: StoreFile) -> StoreError {
        guard case .sqlite(_, let code, _, _) = error else { return error }
        switch code & 0xff {
        case 8, 14:
            if (file.companionBytes("-wal") ?? 0) > 0 {
                return .unreadableLog(file: file.shown)
            }
            if (file.companionBytes("-journal") ?? 0) > 0 {
                return .unfinishedJournal(file: file.shown)
            }
            return error
        case 26: return .notADatabase(file: file.shown)
        default: return error
        }
    }
}
