import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The file of a store: where it really is, and what its first bytes say.
struct StoreFile {
    /// As the user named it.
    let shown: String
    /// Absolute, without links, so that `-wal` and `-shm` are looked for where SQLite puts them.
    let path: String
    let identity: Identity

    /// Device and inode: the same file whatever its name.
    struct Identity: Hashable, Sendable {
        let device: UInt64
        let inode: UInt64
    }

    enum Header: Equatable {
        case empty
        case database(applicationID: UInt32, usesLog: Bool, schemaVersion: Int)
        case somethingElse
    }

    /// Throws when there is no such file, or when it is not a regular one.
    init(existing shown: String) throws(StoreError) {
        var status = stat()
        guard stat(shown, &status) == 0 else {
            guard errno == ENOENT else {
                throw StoreError.cannotOpen(file: shown, reason: systemMessage(errno))
            }
            throw StoreError.missing(file: shown)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw StoreError.cannotOpen(file: shown, reason: "it is not a regular file")
        }
        guard let real = realpath(shown, nil) else {
            throw StoreError.cannotOpen(file: shown, reason: systemMessage(errno))
        }
        defer { free(real) }
        self.shown = shown
        path = String(cString: real)
        identity = Identity(
            device: UInt64(truncatingIfNeeded: status.st_dev),
            inode: UInt64(truncatingIfNeeded: status.st_ino))
    }

    /// The size of a companion (`-wal`, `-shm`, `-journal`), nil when there is none.
    func companionBytes(_ suffix: String) -> Int64? {
        var status = stat()
        return stat(path + suffix, &status) == 0 ? Int64(status.st_size) : nil
    }

    func removeCompanion(_ suffix: String) { unlink(path + suffix) }

    /// What kind of file it is.
    ///
    /// Reads 100 bytes, changes nothing.
    ///
    /// Must not be called while this process writes to the file: closing a descriptor drops the
    /// process's POSIX locks on it, SQLite's among them.
    func header() throws(StoreError) -> Header {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw StoreError.cannotOpen(file: shown, reason: systemMessage(errno))
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 100)
        let found = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, 100, 0) }
        if found == 0 { return .empty }
        guard found == 100, bytes.starts(with: Array("SQLite format 3\0".utf8)) else {
            return .somethingElse
        }
        func number(_ place: Int) -> UInt32 {
            bytes[place..<place + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        }
        return .database(
            applicationID: number(68), usesLog: bytes[18] == 2, schemaVersion: Int(number(60)))
    }

    /// Throws unless the file is a database of runs (or, for a writer, still empty).
    func checkedHeader(emptyIsFine: Bool) throws(StoreError) -> Header {
        let header = try header()
        switch header {
        case .database(Migrations.applicationID, _, _): return header
        case .database(let id, _, _):
            throw StoreError.foreignDatabase(file: shown, applicationID: id)
        case .empty where emptyIsFine: return header
        case .empty: throw StoreError.missing(file: shown)
        case .somethingElse: throw StoreError.notADatabase(file: shown)
        }
    }
}

/// Files that this process has open for writing, so that it never opens them a second time by
/// descriptor (see `StoreFile.header`).
enum OpenWriters {
    private static let files = Mutex<Set<StoreFile.Identity>>([])

    static func contains(_ file: StoreFile.Identity) -> Bool {
        files.withLock { $0.contains(file) }
    }
    static func insert(_ file: StoreFile.Identity) { files.withLock { _ = $0.insert(file) } }
    static func remove(_ file: StoreFile.Identity) { files.withLock { _ = $0.remove(file) } }
}
