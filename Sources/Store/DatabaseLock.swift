#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A lock on a database file that dies with the process, beside SQLite's own.
///
/// It is an open-file-description lock on one byte far beyond those that SQLite locks: it needs
/// no lock file, holds between two stores of one process too, and is not lost when another
/// descriptor of the file is closed. Closing *this* descriptor would drop SQLite's own locks, so
/// release it only after the connection is closed.
final class DatabaseLock {
    enum Kind {
        case shared
        case exclusive
    }

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
    func acquire(_ kind: Kind, patience: Duration) throws(StoreError) -> Bool {
        let deadline = ContinuousClock().now + patience
        while true {
            var request = flock()
            request.l_type = Int16(kind == .exclusive ? F_WRLCK : F_RDLCK)
            request.l_whence = Int16(SEEK_SET)
            request.l_start = 1 << 62
            request.l_len = 1
            if fcntl(descriptor, setOpenFileLock, &request) == 0 { return true }
            guard [EAGAIN, EACCES, EINTR].contains(errno) else {
                throw StoreError.cannotOpen(
                    file: file, reason: "its file system has no locks: \(systemMessage(errno))")
            }
            guard ContinuousClock().now < deadline else { return false }
            pause(milliseconds: 20)
        }
    }
}

/// `No such file or directory`, in the C locale's words.
func systemMessage(_ code: Int32) -> String { String(cString: strerror(code)) }

func pause(milliseconds: UInt32) { usleep(milliseconds * 1000) }
