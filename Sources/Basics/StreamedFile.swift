#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A file that is written piece by piece and is in its place only once it is whole.
package final class StreamedFile {
    private let path: String
    private let temporary: String
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private var isOpen = true

    private static let bufferBytes = 1 << 20

    package init(_ path: String) throws(BasicsError) {
        self.path = path
        (descriptor, temporary) = try FileSystem.makeTemporary(near: path)
    }

    deinit {
        guard isOpen else { return }
        close(descriptor)
        unlink(temporary)
    }

    package func write(_ text: String) throws(BasicsError) {
        buffer.append(contentsOf: text.utf8)
        if buffer.count >= Self.bufferBytes { try flush() }
    }

    /// Puts the whole file in its place, over one that is there.
    package func finish() throws(BasicsError) {
        try flush()
        isOpen = false
        fchmod(descriptor, 0o644)
        close(descriptor)
        try FileSystem.place(temporary, at: path)
    }

    private func flush() throws(BasicsError) {
        try FileSystem.write(buffer, to: descriptor, named: path)
        buffer.removeAll(keepingCapacity: true)
    }
}
