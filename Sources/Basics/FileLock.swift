#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A lock between processes, held while this object lives; the system frees it with the process.
package final class FileLock {
    private let descriptor: Int32

    /// Waits for the lock.
    ///
    /// `whenBusy` is called once, if another process holds it.
    package init(_ path: String, whenBusy: () -> Void = {}) throws(BasicsError) {
        try FileSystem.makeFolder(FileSystem.folder(of: path))
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .last(path, "open the lock") }
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return }
        guard errno == EWOULDBLOCK || errno == EINTR else {
            throw fail(path)
        }
        whenBusy()
        guard retrying({ flock(descriptor, LOCK_EX) }) == 0 else { throw fail(path) }
    }

    private func fail(_ path: String) -> BasicsError { .last(path, "take the lock") }

    deinit { close(descriptor) }
}
