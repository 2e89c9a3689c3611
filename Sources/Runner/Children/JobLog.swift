import Basics

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// What a job's process has said on stderr, in a file of bounded size.
///
/// When the file has reached its half of the limit it becomes `NAME.1` and a new one begins, so
/// that the newest lines are always there. A log that cannot be written is no reason to stop a
/// measurement.
package final class JobLog {
    /// Bytes that a log takes at most, both files together.
    package static let limit = 1 << 20

    private let path: String
    private let limit: Int
    private var descriptor: Int32 = -1
    private var bytes = 0

    /// Goes on with a log that is there.
    ///
    /// - Parameter heading: the line before this attempt's own lines.
    package init(path: String, heading: String, limit: Int = JobLog.limit) {
        self.path = path
        self.limit = limit
        try? FileSystem.makeFolder(FileSystem.folder(of: path))
        open()
        append(Array((heading + "\n").utf8))
    }

    deinit { SystemCalls.closeDescriptor(&descriptor) }

    package func append(_ new: some Collection<UInt8>) {
        guard descriptor >= 0 else { return }
        // What is longer than a whole file is told by its end.
        let new = Array(new.suffix(limit / 2))
        if bytes + new.count > limit / 2 {
            SystemCalls.closeDescriptor(&descriptor)
            rename(path, path + ".1")
            open()
        }
        bytes += new.count
        try? SystemCalls.writeAll(new, to: descriptor)
    }

    private func open() {
        descriptor = SystemCalls.openForAppending(path)
        bytes = descriptor < 0 ? 0 : Int(lseek(descriptor, 0, SEEK_END))
    }
}
