#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The bytes of a whole file, read-only, for as long as the object lives.
///
/// Mapping costs no time and no memory of its own: pages come in when they are touched. A file that
/// another process shortens while it is mapped ends this process with SIGBUS, so files that may
/// change are opened with `copying: true`, which reads them into memory first.
package final class MappedFile: Sendable {
    package let path: String
    package let count: Int
    private nonisolated(unsafe) let base: UnsafeMutableRawPointer
    private let isMapped: Bool
    private let forgets: Bool

    /// Opens the file.
    ///
    /// Throws `BasicsError` when it is missing, not a regular file, unreadable or empty.
    package init(path: String, copying: Bool = false) throws(BasicsError) {
        // O_NONBLOCK: opening a named pipe must fail below instead of waiting for a writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { throw .file("\(path): there is no such file.") }
            throw .last(path, "open the file")
        }
        defer { close(descriptor) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else {
            throw .last(path, "look at the file")
        }
        let kind = facts.st_mode & S_IFMT
        guard kind == S_IFREG else {
            let found = kind == S_IFDIR ? "this is a folder" : "this is not a regular file"
            throw .file("\(path): \(found), wanted a file.")
        }
        guard facts.st_size > 0, let size = Int(exactly: facts.st_size) else {
            throw .file("\(path): the file is empty.")
        }
        self.path = path
        count = size
        isMapped = !copying
        forgets = false
        if copying {
            base = try Self.read(descriptor, count: size, path: path)
        } else {
            let address = mmap(nil, size, PROT_READ, MAP_SHARED, descriptor, 0)
            guard let address, address != MAP_FAILED else {
                throw .last(path, "map \(size) bytes into memory")
            }
            base = address
        }
    }

    /// Bytes that are in memory already, under a name for messages.
    package init(bytes: some Collection<UInt8>, name: String) {
        path = name
        count = bytes.count
        isMapped = false
        forgets = false
        base = .allocate(byteCount: max(bytes.count, 1), alignment: 64)
        UnsafeMutableRawBufferPointer(start: base, count: count).copyBytes(from: bytes)
    }

    /// Memory that `fill` writes once, all of it, before anybody reads.
    ///
    /// - Parameter forgets: whether `release` gives memory back; zeros are read there then.
    package init<Failure: Error>(
        byteCount: Int, name: String, forgets: Bool = false,
        fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        // Whole pages, which can be given back.
        let alignment = forgets ? Int(sysconf(Int32(_SC_PAGESIZE))) : 64
        let base = UnsafeMutableRawPointer.allocate(
            byteCount: max(byteCount, 1), alignment: alignment)
        do throws(Failure) {
            try fill(UnsafeMutableRawBufferPointer(start: base, count: byteCount))
        } catch {
            base.deallocate()
            throw error
        }
        path = name
        count = byteCount
        isMapped = false
        self.forgets = forgets
        self.base = base
    }

    deinit {
        if isMapped { munmap(base, count) } else { base.deallocate() }
    }

    /// Lends the file's bytes for the length of the call.
    package func withBytes<Value, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        defer { withExtendedLifetime(self) {} }
        return try body(bytes)
    }

    /// The file's bytes, for owners that keep this object: the pointer is good only while it is alive.
    ///
    /// `MappedFile(path: path).bytes` is a dangling pointer at once; use `withBytes` there.
    package var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: UnsafeRawPointer(base), count: count)
    }

    /// Whether what `release` gives back can be read again.
    package var isLasting: Bool { !forgets }

    /// Asks the system to start reading a range before it is touched.
    package func prefetch(_ range: Range<Int>) { advise(range, MADV_WILLNEED) }

    /// Lets go of a range's pages, which are read again when touched: keeps resident memory down
    /// while a file is walked from end to end.
    package func release(_ range: Range<Int>) {
        // Only whole pages inside the range: the neighbours may be in use.
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let start = (range.lowerBound + page - 1) / page * page
        let end = range.upperBound / page * page
        if start < end { advise(start..<end, MADV_DONTNEED) }
    }

    private func advise(_ range: Range<Int>, _ advice: Int32) {
        guard isMapped || forgets else { return }
        let range = range.clamped(to: 0..<count)
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let start = range.lowerBound / page * page
        madvise(base + start, range.upperBound - start, advice)
    }

    private static func read(_ descriptor: Int32, count: Int, path: String) throws(BasicsError)
        -> UnsafeMutableRawPointer
    {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 64)
        var filled = 0
        while filled < count {
            // One call moves at most 2 GiB on Linux and must be asked for less than that on macOS.
            let got = pread(
                descriptor, memory + filled, min(count - filled, 1 << 30), off_t(filled))
            if got < 0 && errno == EINTR { continue }
            guard got > 0 else {
                let error: BasicsError =
                    got < 0
                    ? .last(path, "read the file")
                    : .file("\(path): the file became shorter while it was read.")
                memory.deallocate()
                throw error
            }
            filled += got
        }
        return memory
    }
}
