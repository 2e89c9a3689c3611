#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Files and folders through system calls: what is written is complete or absent, never half.
package enum FileSystem {
    package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    package static func isFolder(_ path: String) -> Bool {
        mode(of: path).map { $0 & S_IFMT == S_IFDIR } ?? false
    }

    package static func isFile(_ path: String) -> Bool {
        mode(of: path).map { $0 & S_IFMT == S_IFREG } ?? false
    }

    private static func mode(of path: String) -> mode_t? {
        var facts = stat()
        return stat(path, &facts) == 0 ? facts.st_mode : nil
    }

    /// Bytes in a file; throws when there is none.
    package static func size(of path: String) throws(BasicsError) -> Int64 {
        var facts = stat()
        guard stat(path, &facts) == 0 else { throw .last(path, "look at the file") }
        return Int64(facts.st_size)
    }

    /// When a file's content last changed, in seconds since 1970; nil when there is none.
    package static func modificationSeconds(of path: String) -> Int? {
        var facts = stat()
        return stat(path, &facts) == 0 ? times(facts).modified.seconds : nil
    }

    /// `a/b`, with one slash between the two.
    package static func join(_ folder: String, _ name: String) -> String {
        folder.hasSuffix("/") ? folder + name : folder + "/" + name
    }

    /// The folder part of a path: `/a` for `/a/b`, `.` for `b`.
    package static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The last part of a path.
    package static func name(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
    }

    /// Makes a folder and those above it; one that is there already is fine.
    package static func makeFolder(_ path: String) throws(BasicsError) {
        if isFolder(path) { return }
        let parent = folder(of: path)
        if parent != path, !isFolder(parent) { try makeFolder(parent) }
        if mkdir(path, 0o777) != 0, errno != EEXIST || !isFolder(path) {
            throw .last(path, "make the folder")
        }
    }

    /// Names in a folder, sorted, without `.` and `..`.
    package static func names(in folder: String) throws(BasicsError) -> [String] {
        guard let stream = opendir(folder) else { throw .last(folder, "list the folder") }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
                field.withMemoryRebound(to: CChar.self, capacity: 1) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Bytes in all files below a folder; what disappears while looking counts as nothing.
    package static func sizeOfTree(_ folder: String) -> Int64 {
        var total: Int64 = 0
        for name in (try? names(in: folder)) ?? [] {
            let path = join(folder, name)
            var facts = stat()
            guard lstat(path, &facts) == 0 else { continue }
            total += facts.st_mode & S_IFMT == S_IFDIR ? sizeOfTree(path) : Int64(facts.st_size)
        }
        return total
    }

    /// Removes a file, or a folder with everything in it; nothing there is fine.
    package static func remove(_ path: String) throws(BasicsError) {
        var facts = stat()
        guard lstat(path, &facts) == 0 else { return }
        if facts.st_mode & S_IFMT == S_IFDIR {
            for name in try names(in: path) { try remove(join(path, name)) }
            if rmdir(path) != 0, errno != ENOENT { throw .last(path, "remove the folder") }
        } else if unlink(path) != 0, errno != ENOENT {
            throw .last(path, "remove the file")
        }
    }

    /// Bytes that an ordinary user may still write where `path` is, or would be.
    package static func freeBytes(at path: String) throws(BasicsError) -> Int64 {
        var place = path
        while !exists(place), place != "/", place != "." { place = folder(of: place) }
        var facts = statvfs()
        guard statvfs(place, &facts) == 0 else { throw .last(place, "ask for the free space") }
        let bytes = UInt64(facts.f_bavail).multipliedReportingOverflow(by: UInt64(facts.f_frsize))
        return bytes.overflow ? .max : Int64(clamping: bytes.partialValue)
    }

    /// All bytes of a small file.
    package static func read(_ path: String) throws(BasicsError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last(path, "open the file") }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = retrying { Self.read(descriptor, into: &buffer) }
            guard count >= 0 else { throw .last(path, "read the file") }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
        }
    }

    private static func read(_ descriptor: Int32, into buffer: inout [UInt8]) -> Int {
        buffer.withUnsafeMutableBytes { systemRead(descriptor, $0.baseAddress, $0.count) }
    }

    /// Writes every byte to an open descriptor.
    package static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, named: String)
        throws(BasicsError)
    {
        var done = 0
        while done < bytes.count {
            let count = retrying {
                systemWrite(descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done)
            }
            guard count >= 0 else { throw .last(named, "write") }
            done += count
        }
    }

    package static func write(_ bytes: [UInt8], to descriptor: Int32, named: String)
        throws(BasicsError)
    {
        // `withUnsafeBytes` of an array does not pass a typed error on.
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(BasicsError) in try write(bytes, to: descriptor, named: named) }
        }
        try result.get()
    }

    /// Replaces a file by these bytes: whoever looks sees the old or the new ones.
    package static func write(_ bytes: [UInt8], atomicallyTo path: String) throws(BasicsError) {
        let (descriptor, temporary) = try makeTemporary(near: path)
        do throws(BasicsError) {
            defer { close(descriptor) }
            try write(bytes, to: descriptor, named: temporary)
            fchmod(descriptor, 0o644)
        } catch {
            unlink(temporary)
            throw error
        }
        try place(temporary, at: path)
    }

    /// A new empty file beside `path`, open for writing.
    static func makeTemporary(near path: String) throws(BasicsError) -> (Int32, String) {
        try makeFolder(folder(of: path))
        var template = Array((path + ".XXXXXX").utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw .last(path, "make a file beside it") }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        return (descriptor, String(decoding: template.dropLast().map(UInt8.init), as: UTF8.self))
    }

    /// Renames a file or folder on one file system.
    package static func move(_ path: String, to other: String) throws(BasicsError) {
        guard rename(path, other) == 0 else { throw .last(other, "put it there") }
    }

    /// Moves a finished file to its place, on disk before it is seen there.
    ///
    /// Both must be on one file system. The temporary file is removed when this fails.
    package static func place(_ temporary: String, at path: String) throws(BasicsError) {
        do throws(BasicsError) {
            try synchronize(temporary)
            guard rename(temporary, path) == 0 else { throw BasicsError.last(path, "put it there") }
        } catch {
            unlink(temporary)
            throw error
        }
        // Some file systems cannot synchronize a folder; the file itself is safe by now.
        try? synchronize(folder(of: path))
    }

    private static func synchronize(_ path: String) throws(BasicsError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last(path, "open it") }
        defer { close(descriptor) }
        guard retrying({ fsync(descriptor) }) == 0 else { throw .last(path, "write it to disk") }
    }
}

// Inside the enum these names mean its own functions.
func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(descriptor, buffer, count)
}

func systemWrite(_ descriptor: Int32, _ buffer: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, buffer, count)
}
