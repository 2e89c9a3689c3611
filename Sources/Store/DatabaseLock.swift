#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Locks on a database file that die with the process, beside SQLite's own.
///
/// They are open-file-description locks on bytes far beyond those that SQLite locks: they need no
/// lock file, hold between two stores of one process too, and are not lost when another
/// descriptor of the file is closed. Closing *this* descriptor would drop SQLite's own locks, so
/// release it only after the connection is closed.
final class DatabaseLock {
    enum Kind {
        case shared
        case exclusive
    }

    /// What is locked, each a byte or a row of bytes of its own.
    enum Region {
        /// Held while a writer comes or goes, so that only one at a time asks who else is there.
        case setup
        /// One of the places for writers; each writer holds one.
        case writer(Int)
        /// All of those: who holds them shared keeps every writer out.
        case allWriters
        /// Held by the writer of a run for as long as the run goes on.
        case run(Int64)

        var bytes: (start: Int64, count: Int64) {
            switch self {
            case .setup: (1 << 62, 1)
            case .writer(let place): (1 << 62 + 1 + Int64(place), 1)
            case .allWriters: (1 << 62 + 1, Int64(DatabaseLock.writerPlaces))
            case .run(let run): (1 << 61 + run, 1)
            }
        }
    }

    /// More writers than this wait.
    static let writerPlaces = 64

    private let descriptor: Int32
    private let file: String

    /// Opens the file, creating it for an exclusive lock.
    ///
    /// Throws the system's reason.
    init(path: String, named file: String, kind: Kind) throws(StoreError) {
        self.file = file
        let flags = kind == .exclusive ? O_RDWR | O_CREAT | O_CLOEXEC : O_RDONLY | O_CLOEXEC
        descriptor = open(path, flags, 0o644)
        guard descriptor >= 0 else {
            throw StoreError.cannotOpen(file: file, reason: systemMessage(errno))
        }
    }

    deinit { close(descriptor) }

    /// Tries for as long as `patience`; false when somebody else keeps it.
    func acquire(_ region: Region, _ kind: Kind, patience: Duration) throws(StoreError) -> Bool {
        let deadline = ContinuousClock().now + patience
        while true {
            if try set(region, kind == .exclusive ? F_WRLCK : F_RDLCK) { return true }
            guard ContinuousClock().now < deadline else { return false }
            pause(milliseconds: 20)
        }
    }

    /// The first free place for a writer; nil when somebody keeps them all.
    func acquireWriterPlace(patience: Duration) throws(StoreError) -> Int? {
        let deadline = ContinuousClock().now + patience
        while true {
            for place in 0..<Self.writerPlaces where try set(.writer(place), F_WRLCK) {
                return place
            }
            guard ContinuousClock().now < deadline else { return nil }
            pause(milliseconds: 20)
        }
    }

    func release(_ region: Region) { _ = try? set(region, F_UNLCK) }

    /// Whether somebody else holds any of it; where the file system has no locks, nobody does.
    func isTaken(_ region: Region) -> Bool {
        var request = Self.request(region, F_WRLCK)
        let isKnown = fcntl(descriptor, getOpenFileLock, &request) == 0
        return isKnown && Int32(request.l_type) != Int32(F_UNLCK)
    }

    private func set(_ region: Region, _ type: Int) throws(StoreError) -> Bool {
        var request = Self.request(region, type)
        if fcntl(descriptor, setOpenFileLock, &request) == 0 { return true }
        guard [EAGAIN, EACCES, EINTR].contains(errno) else {
            throw StoreError.cannotOpen(
                file: file, reason: "its file system has no locks: \(systemMessage(errno))")
        }
        return false
    }

    private func set(_ region: Region, _ type: Int32) throws(StoreError) -> Bool {
        try set(region, Int(type))
    }

    private static func request(_ region: Region, _ type: Int) -> flock {
        let bytes = region.bytes
        var request = flock()
        request.l_type = Int16(type)
        request.l_whence = Int16(SEEK_SET)
        request.l_start = off_t(bytes.start)
        request.l_len = off_t(bytes.count)
        return request
    }

    private static func request(_ region: Region, _ type: Int32) -> flock {
        request(region, Int(type))
    }
}

/// `No such file or directory`, in the C locale's words.
func systemMessage(_ code: Int32) -> String { String(cString: strerror(code)) }

func pause(milliseconds: UInt32) { usleep(milliseconds * 1000) }
