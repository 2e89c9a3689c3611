import Basics

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// An open file that bytes are added to as they come.
final class StreamWriter {
    private let path: String
    private var descriptor: Int32
    /// Bytes in the file, those found at the start included.
    private(set) var byteCount: Int64

    init(_ path: String, appending: Bool) throws(BasicsError) {
        let flags = O_WRONLY | O_CREAT | O_CLOEXEC | (appending ? O_APPEND : O_TRUNC)
        descriptor = open(path, flags, 0o644)
        guard descriptor >= 0 else {
            throw .system(place: path, attempt: "open the file", code: errno)
        }
        self.path = path
        byteCount = appending ? try FileSystem.size(of: path) : 0
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(BasicsError) {
        try FileSystem.write(bytes, to: descriptor, named: path)
        byteCount += Int64(bytes.count)
    }

    func close() {
        if descriptor >= 0 { closeDescriptor(descriptor) }
        descriptor = -1
    }

    deinit { close() }
}

private func closeDescriptor(_ descriptor: Int32) { close(descriptor) }
