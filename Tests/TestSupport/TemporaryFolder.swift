import Basics

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A new empty folder that is removed with everything in it when the test lets go of it.
package final class TemporaryFolder: Sendable {
    package let path: String

    package init() throws {
        let base = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
        let name = (0..<4).map { _ in String(UInt16.random(in: 4096...65535), radix: 16) }.joined()
        path = FileSystem.join(base, "billion-test-" + name)
        try FileSystem.makeFolder(path)
    }

    deinit { try? FileSystem.remove(path) }

    /// The path of `name` in the folder.
    package subscript(name: String) -> String { FileSystem.join(path, name) }

    /// Writes a file and returns its path.
    @discardableResult
    package func write(_ text: String, to name: String) throws -> String {
        try FileSystem.write(Array(text.utf8), atomicallyTo: self[name])
        return self[name]
    }

    /// Writes a program and returns its path.
    @discardableResult
    package func writeScript(_ text: String, to name: String) throws -> String {
        let path = try write(text, to: name)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        return path
    }

    package func text(of name: String) throws -> String {
        String(decoding: try FileSystem.read(self[name]), as: UTF8.self)
    }
}
