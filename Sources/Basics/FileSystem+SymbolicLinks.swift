#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension FileSystem {
    /// Puts a symbolic link to `target` at `path`, in place of what is there.
    ///
    /// - Parameter target: as it is stored: relative to the link's folder, or absolute.
    package static func link(to target: String, at path: String) throws(BasicsError) {
        try makeFolder(folder(of: path))
        var random = SystemRandomNumberGenerator()
        let draft = "\(path).\(getpid())-\(Hexadecimal.text(random.next() as UInt64).prefix(8))"
        guard symlink(target, draft) == 0 else { throw .last(path, "link it") }
        guard rename(draft, path) == 0 else {
            let error = BasicsError.last(path, "put the link there")
            unlink(draft)
            throw error
        }
    }

    /// What a symbolic link says; nil for anything else.
    package static func target(ofLink path: String) -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(path, &buffer, buffer.count)
        return count > 0
            ? String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
    }
}
