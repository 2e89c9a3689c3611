import Basics
import TestSupport
import Testing

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

@Suite struct MappedFileTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test(arguments: [false, true])
    func bytes(copying: Bool) throws {
        let content = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try FileSystem.write(content, atomicallyTo: folder["data"])
        let file = try MappedFile(path: folder["data"], copying: copying)
        #expect(file.count == content.count)
        #expect(file.withBytes { Array($0) } == content)
        // Advice changes nothing about what is read.
        file.prefetch(10..<50_000)
        file.release(10..<50_000)
        file.release(99_990..<200_000)
        #expect(file.withBytes { Array($0) } == content)
    }

    /// A copy survives the file being emptied; the mapping survives its name going away.
    @Test func theFileChanges() throws {
        let path = try folder.write("abc", to: "data")
        let copy = try MappedFile(path: path, copying: true)
        let mapped = try MappedFile(path: path)
        unlink(path)
        #expect(mapped.withBytes { Array($0) } == Array("abc".utf8))
        try folder.write("", to: "data")
        #expect(copy.withBytes { Array($0) } == Array("abc".utf8))
    }

    @Test func whatCannotBeOpened() throws {
        try folder.write("", to: "empty")
        #expect(mkfifo(folder["pipe"], 0o600) == 0)
        for (name, problem) in [
            ("missing", "there is no such file"), ("empty", "the file is empty"),
            ("", "this is a folder, wanted a file"),
            ("pipe", "this is not a regular file, wanted a file"),
            ("empty/below", "cannot open the file: Not a directory"),
        ] {
            let path = name.isEmpty ? folder.path : folder[name]
            let error = #expect(throws: BasicsError.self) { try MappedFile(path: path) }
            #expect(error?.description == "\(path): \(problem).")
        }
    }

    /// Root may read everything, so the case exists for others only.
    @Test(.enabled(if: geteuid() != 0, "root may read everything"))
    func unreadable() throws {
        let path = try folder.write("secret", to: "secret")
        chmod(path, 0)
        let error = #expect(throws: BasicsError.self) { try MappedFile(path: path) }
        #expect(error?.description == "\(path): cannot open the file: Permission denied.")
    }
}
