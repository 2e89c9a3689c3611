import Synchronization

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The one door to the operating system; everything above it is plain Swift.
enum SystemCalls {
    /// Repeats a call for as long as a signal interrupts it.
    static func retrying<Value: SignedInteger>(_ call: () -> Value) -> Value {
        while true {
            let result = call()
            if result == -1 && errno == EINTR { continue }
            return result
        }
    }

    /// The system's words for an error number.
    static func message(_ code: Int32) -> String { String(cString: strerror(code)) }

    /// Seconds of a clock that nobody sets; only differences mean something.
    static func monotonicSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Seconds that this machine has slept since it was started.
    ///
    /// Two clocks that differ by nothing else; reading one after the other takes some nanoseconds.
    static func suspendedSeconds() -> Double { secondsSinceBoot() - monotonicSeconds() }

    /// Seconds since 1970.
    static func wallSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// A file that is only ever written at its end; -1 when it cannot be opened.
    static func openForAppending(_ path: String) -> Int32 {
        retrying { open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644) }
    }

    /// A copy of a descriptor above the standard three, closed on exec.
    ///
    /// A program started with its stdin closed would otherwise get pipes numbered 0 to 2, which
    /// the spawned child then overwrites.
    static func duplicateAboveStandard(_ descriptor: Int32) throws(RunnerError) -> Int32 {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw .system(call: "fcntl", detail: message(errno)) }
        return copy
    }

    /// Held while a pipe is made and while a program is spawned: Swift imports no `pipe2`, and a
    /// child born between a pipe and its close-on-exec mark would hold the pipe open.
    static let descriptorLock = Mutex<Void>(())

    /// Both ends of a new pipe, above the standard descriptors and closed on exec.
    static func makePipe() throws(RunnerError) -> (readEnd: Int32, writeEnd: Int32) {
        var ends: [Int32] = [-1, -1]
        return try descriptorLock.withLock { _ throws(RunnerError) in
            guard pipe(&ends) == 0 else {
                throw .system(call: "pipe", detail: message(errno))
            }
            defer { for end in ends { close(end) } }
            let readEnd = try duplicateAboveStandard(ends[0])
            do throws(RunnerError) {
                return (readEnd, try duplicateAboveStandard(ends[1]))
            } catch {
                close(readEnd)
                throw error
            }
        }
    }

    static func setNonBlocking(_ descriptor: Int32) {
        let flags = fcntl(descriptor, F_GETFL, 0)
        if flags >= 0 { _ = fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) }
    }

    static func closeDescriptor(_ descriptor: inout Int32) {
        // No retry: after EINTR the descriptor is gone on Linux, and may be somebody else's.
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }

    /// Writing to a pipe whose reader is gone must be an error, not the end of the process.
    static func ignoreBrokenPipes() { signal(SIGPIPE, SIG_IGN) }

    enum ReadResult: Hashable {
        case bytes(Int)
        case endOfFile
        /// Nothing there now (non-blocking descriptors only).
        case wouldBlock
        case failed(Int32)
    }

    static func read(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer) -> ReadResult
    {
        let count = retrying { systemRead(descriptor, buffer.baseAddress, buffer.count) }
        if count > 0 { return .bytes(count) }
        if count == 0 { return .endOfFile }
        return errno == EAGAIN || errno == EWOULDBLOCK ? .wouldBlock : .failed(errno)
    }

    /// Writes everything to a blocking descriptor.
    static func writeAll(_ bytes: [UInt8], to descriptor: Int32) throws(RunnerError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { all in
                let rest = UnsafeRawBufferPointer(rebasing: all[written...])
                return retrying { write(descriptor, rest.baseAddress, rest.count) }
            }
            guard count > 0 else { throw .system(call: "write", detail: message(errno)) }
            written += count
        }
    }

    /// The text of a small file, those under `/proc` included; nil when it cannot be read.
    static func readText(_ path: String, limit: Int = 1 << 20) -> String? {
        let descriptor = retrying { open(path, O_RDONLY | O_CLOEXEC) }
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 14)
        while bytes.count < limit {
            guard
                case .bytes(let count) = chunk.withUnsafeMutableBytes({ read(descriptor, into: $0) }
                )
            else { break }
            bytes += chunk[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Writes into a file of the kernel's, in one call; false when it refuses.
    static func overwrite(_ path: String, _ text: String) -> Bool {
        let descriptor = retrying { open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644) }
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return text.utf8.withContiguousStorageIfAvailable { bytes in
            retrying { write(descriptor, bytes.baseAddress, bytes.count) } == bytes.count
        } ?? false
    }

    /// Calls `body` with a null-terminated array of C strings.
    static func withCStrings<Value>(
        _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Value
    ) -> Value {
        var pointers = strings.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        return body(pointers)
    }
}

/// `read` of the C library, under a name that the wrapper above does not hide.
private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int)
    -> Int
{
    read(descriptor, buffer, count)
}
