import Basics
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

@Suite struct MappedFileTests {
    let folder: String

    init() throws {
        let base = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
        var template = Array("\(base)/billion-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!) }
        folder = String(cString: try #require(made))
    }

    private func remove() { try? FileManager.default.removeItem(atPath: folder) }

    @Test(arguments: [false, true])
    func bytes(copying: Bool) throws {
        defer { remove() }
        let content = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let path = folder + "/data"
        try Data(content).write(to: URL(filePath: path))
        let file = try MappedFile(path: path, copying: copying)
        #expect(file.count == content.count)
        #expect(file.withBytes { Array($0) } == content)
        // Advice changes nothing about what is read.
        file.prefetch(10..<50_000)
        file.release(10..<50_000)
        file.release(99_990..<200_000)
        #expect(file.withBytes { Array($0) } == content)
    }

    /// A copy survives the file being emptied; so does the mapping when the name alone goes away.
    @Test func theFileChanges() throws {
        defer { remove() }
        let path = folder + "/data"
        try Data([1, 2, 3]).write(to: URL(filePath: path))
        let copy = try MappedFile(path: path, copying: true)
        let mapped = try MappedFile(path: path)
        unlink(path)
        #expect(mapped.withBytes { Array($0) } == [1, 2, 3])
        try Data().write(to: URL(filePath: path))
        #expect(copy.withBytes { Array($0) } == [1, 2, 3])
    }

    @Test func whatCannotBeOpened() throws {
        defer { remove() }
        try Data().write(to: URL(filePath: folder + "/empty"))
        #expect(mkfifo(folder + "/pipe", 0o600) == 0)
        for (name, problem) in [
            ("missing", "there is no such file"), ("empty", "the file is empty"),
            ("", "this is a folder, wanted a file"),
            ("pipe", "this is not a regular file, wanted a file"),
            ("empty/below", "cannot open the file: Not a directory"),
        ] {
            let path = name.isEmpty ? folder : folder + "/" + name
            let error = #expect(throws: FileError.self) { try MappedFile(path: path) }
            #expect(error?.description == "\(path): \(problem).")
        }
    }

    /// Root may read everything, so the case exists for others only.
    @Test(.enabled(if: geteuid() != 0, "root may read everything"))
    func unreadable() throws {
        defer { remove() }
        let path = folder + "/secret"
        try Data([1]).write(to: URL(filePath: path))
        chmod(path, 0)
        let error = #expect(throws: FileError.self) { try MappedFile(path: path) }
        #expect(error?.problem == "cannot open the file: Permission denied")
    }
}
