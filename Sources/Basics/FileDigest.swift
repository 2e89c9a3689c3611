#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension FileSystem {
    /// SHA-256 of a file, read once from start to end in constant memory.
    ///
    /// - Parameter progress: told the bytes read so far, about every 4 MiB.
    package static func sha256(of path: String, progress: (Int64) -> Void = { _ in })
        throws(BasicsError) -> String
    {
        var hash = SHA256()
        try readPieces(of: path, progress: progress) { hash.update($0) }
        return hash.hexDigest()
    }

    /// What git names a file by: SHA-1 over `blob SIZE`, a zero byte and the bytes.
    package static func gitBlobSHA1(of path: String) throws(BasicsError) -> String {
        var hash = SHA1()
        hash.update(Array("blob \(try size(of: path))\0".utf8))
        try readPieces(of: path) { hash.update($0) }
        return hash.hexDigest()
    }

    /// Reads a file once from start to end, 4 MiB at a time.
    private static func readPieces(
        of path: String, progress: (Int64) -> Void = { _ in },
        _ take: (UnsafeRawBufferPointer) -> Void
    ) throws(BasicsError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last(path, "open the file") }
        defer { close(descriptor) }
        var total: Int64 = 0
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 22, alignment: 64)
        defer { buffer.deallocate() }
        while true {
            let count = retrying { systemRead(descriptor, buffer.baseAddress, buffer.count) }
            guard count >= 0 else { throw .last(path, "read the file") }
            if count == 0 { return }
            take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            total += Int64(count)
            progress(total)
        }
    }
}

/// Digests of large files, remembered for as long as the file does not change.
///
/// A file is taken for unchanged while device, inode, size, modification time and change time are
/// the same; the last of these nothing can set back. What changed a moment ago is not remembered:
/// a second write within one tick of the file system's clock would go unseen.
package struct DigestCache: Sendable {
    private let folder: String
    private let settledSeconds: Int

    package init(folder: String) {
        self.init(folder: folder, settledSeconds: 2)
    }

    init(folder: String, settledSeconds: Int) {
        self.folder = folder
        self.settledSeconds = settledSeconds
    }

    /// The file's SHA-256, from memory where that is safe.
    package func digest(of path: String, progress: (Int64) -> Void = { _ in })
        throws(BasicsError) -> String
    {
        let before = try FileState(path)
        if let known = remembered(before) { return known }
        let digest = try FileSystem.sha256(of: path, progress: progress)
        guard try FileState(path) == before else {
            throw .file("\(path): the file changed while it was read. Try again.")
        }
        remember(digest, for: before)
        return digest
    }

    /// Forgets what is known of a file, so that the next digest is computed.
    package func forget(_ path: String) {
        if let state = try? FileState(path) { try? FileSystem.remove(place(state)) }
    }

    private func place(_ state: FileState) -> String {
        FileSystem.join(folder, "\(state.device)-\(state.inode)")
    }

    private func remembered(_ state: FileState) -> String? {
        guard let bytes = try? FileSystem.read(place(state)) else { return nil }
        let parts = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        guard parts.count == 2, parts[0] == state.line, parts[1].utf8.count == 64 else {
            return nil
        }
        return String(parts[1])
    }

    /// Remembering is a convenience: without a writable cache everything still works.
    private func remember(_ digest: String, for state: FileState) {
        guard time(nil) - state.newestSecond >= settledSeconds else { return }
        let text = "\(state.line)\n\(digest)\n"
        try? FileSystem.write(Array(text.utf8), atomicallyTo: place(state))
    }
}

/// Everything by which a change of a file shows without reading it.
private struct FileState: Equatable {
    let device: UInt64
    let inode: UInt64
    let size: Int64
    let modified: (seconds: Int, nanoseconds: Int)
    let changed: (seconds: Int, nanoseconds: Int)

    init(_ path: String) throws(BasicsError) {
        var facts = stat()
        guard stat(path, &facts) == 0 else { throw .last(path, "look at the file") }
        device = UInt64(truncatingIfNeeded: facts.st_dev)
        inode = UInt64(facts.st_ino)
        size = Int64(facts.st_size)
        (modified, changed) = times(facts)
    }

    static func == (a: FileState, b: FileState) -> Bool {
        a.line == b.line && a.device == b.device && a.inode == b.inode
    }

    var line: String {
        "\(size) \(modified.seconds).\(modified.nanoseconds) \(changed.seconds).\(changed.nanoseconds)"
    }

    var newestSecond: Int { max(modified.seconds, changed.seconds) }
}
