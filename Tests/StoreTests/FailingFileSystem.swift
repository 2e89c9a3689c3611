internal import CSQLite
import Synchronization

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A file system for SQLite that is the system's own but for one call that fails.
///
/// Calls that change something are counted: writing, syncing, truncating. Only databases that are
/// opened while `Database.fileSystem` names it go through it.
enum FailingFileSystem {
    static let name = "billion-failing"
    /// SQLITE_IOERR_WRITE and SQLITE_IOERR_FSYNC, which are macros with arithmetic in them.
    static let writeError: Int32 = 10 | 3 << 8
    static let fullError: Int32 = SQLITE_FULL
    static let syncError: Int32 = 10 | 4 << 8

    struct Plan {
        /// Counted from 1; nil counts only.
        var failsAt: Int?
        /// Whether all later calls fail too, as on a full disk.
        var keepsFailing = false
        var code: Int32 = FailingFileSystem.writeError
        var calls = 0
        var failures = 0
    }

    static let plan = Mutex(Plan())

    /// The code that a call fails with, nil when it goes through.
    static func failure() -> Int32? {
        plan.withLock { plan in
            plan.calls += 1
            guard let first = plan.failsAt else { return nil }
            guard plan.keepsFailing ? plan.calls >= first : plan.calls == first else { return nil }
            plan.failures += 1
            return plan.code
        }
    }

    /// Makes it known to SQLite, once.
    static let register: Void = {
        guard let system = sqlite3_vfs_find(nil) else { return }
        let copy = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
        copy.initialize(to: system.pointee)
        copy.pointee.zName = UnsafePointer(strdup(name))
        copy.pointee.pNext = nil
        copy.pointee.xOpen = { _, path, file, flags, outFlags in
            guard let system = sqlite3_vfs_find(nil), let file else { return SQLITE_CANTOPEN }
            let code = system.pointee.xOpen(system, path, file, flags, outFlags)
            if code == SQLITE_OK, let own = file.pointee.pMethods {
                file.pointee.pMethods = UnsafePointer(patched(own))
            }
            return code
        }
        sqlite3_vfs_register(copy, 0)
    }()

    /// The methods of an open file with ours in front.
    ///
    /// SQLite knows a file by the beginning of its own structure, so the original methods are kept
    /// behind the patched ones and not in the file.
    private static func patched(_ own: UnsafePointer<sqlite3_io_methods>)
        -> UnsafeMutablePointer<sqlite3_io_methods>
    {
        tables.withLock { tables in
            if let known = tables.first(where: { $0.own == UInt(bitPattern: own) }) {
                return UnsafeMutablePointer(bitPattern: known.patched)!
            }
            let table = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
            table.initialize(to: own.pointee)
            table.pointee.xWrite = { file, bytes, count, offset in
                if let code = FailingFileSystem.failure() { return code }
                return FailingFileSystem.original(file).xWrite(file, bytes, count, offset)
            }
            table.pointee.xTruncate = { file, size in
                if let code = FailingFileSystem.failure() { return code }
                return FailingFileSystem.original(file).xTruncate(file, size)
            }
            table.pointee.xSync = { file, flags in
                if let code = FailingFileSystem.failure() { return code }
                return FailingFileSystem.original(file).xSync(file, flags)
            }
            tables.append((UInt(bitPattern: own), UInt(bitPattern: table)))
            return table
        }
    }

    private static let tables = Mutex<[(own: UInt, patched: UInt)]>([])

    private static func original(_ file: UnsafeMutablePointer<sqlite3_file>?) -> sqlite3_io_methods
    {
        let now = UInt(bitPattern: file?.pointee.pMethods)
        let own = tables.withLock { $0.first { $0.patched == now }?.own ?? 0 }
        return UnsafePointer<sqlite3_io_methods>(bitPattern: own)!.pointee
    }
}
