import Basics

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A descriptor that is closed when it is dropped.
///
/// It never becomes a child's by accident: the
/// sandbox closes what it is not given, and other children are started with what they are given.
final class Descriptor {
    private(set) var number: Int32

    private init(_ number: Int32) {
        self.number = number
        _ = fcntl(number, F_SETFD, FD_CLOEXEC)
    }

    deinit { close() }

    static func pipe() throws(SandboxError) -> (readEnd: Descriptor, writeEnd: Descriptor) {
        var ends: [Int32] = [-1, -1]
        guard systemPipe(&ends) == 0 else {
            throw .broken("sandbox: cannot make a pipe: \(BasicsError.reason(errno)).")
        }
        return (Descriptor(ends[0]), Descriptor(ends[1]))
    }

    static func null() throws(SandboxError) -> Descriptor {
        let number = open("/dev/null", O_RDWR | O_CLOEXEC)
        guard number >= 0 else {
            throw .broken("sandbox: cannot open /dev/null: \(BasicsError.reason(errno)).")
        }
        return Descriptor(number)
    }

    func setNonBlocking() {
        guard number >= 0 else { return }
        _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL, 0) | O_NONBLOCK)
    }

    /// Bytes read; 0 at the end, and where there is nothing to read from.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        while true {
            let count = systemRead(number, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            if errno != EINTR { return 0 }
        }
    }

    func close() {
        if number >= 0 { systemClose(number) }
        number = -1
    }
}

/// A clock that nobody sets, the one that Python's `time.monotonic_ns` reads on Linux.
func monotonicNanoseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

// Inside the class these names mean its own functions.
private func systemPipe(_ ends: inout [Int32]) -> Int32 { pipe(&ends) }
private func systemClose(_ number: Int32) { close(number) }
private func systemRead(_ number: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(number, buffer, count)
}
