#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Where this program keeps things outside a project, by the XDG base directory rules.
package struct Paths: Sendable, Hashable {
    /// What can be made again: models, converted weights, digests.
    package let cache: String
    /// What belongs to this installation: its id.
    package let state: String

    /// Throws when neither the XDG variable nor HOME gives a folder.
    package init(environment: [String: String] = ProcessInfo.processInfo.environment)
        throws(BasicsError)
    {
        cache = try Self.folder("XDG_CACHE_HOME", below: ".cache", environment)
        state = try Self.folder("XDG_STATE_HOME", below: ".local/state", environment)
    }

    /// Relative and empty values are to be ignored, the XDG text says.
    private static func folder(
        _ variable: String, below: String, _ environment: [String: String]
    ) throws(BasicsError) -> String {
        if let value = environment[variable], value.hasPrefix("/") {
            return FileSystem.join(value, "billion-llm")
        }
        guard let home = environment["HOME"], home.hasPrefix("/") else {
            throw .environment(
                "HOME: not set to a folder, and neither is \(variable). Set one of them.")
        }
        return FileSystem.join(FileSystem.join(home, below), "billion-llm")
    }

    /// The random id of this installation (32 hexadecimal digits), made when first asked for.
    package func installation() throws(BasicsError) -> String {
        let path = FileSystem.join(state, "installation")
        if !FileSystem.exists(path) { try makeInstallation(path) }
        let text = String(decoding: try FileSystem.read(path), as: UTF8.self)
        let id = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        guard id.utf8.count == 32, id.allSatisfy({ $0.isHexDigit && !$0.isUppercase }) else {
            throw .file(
                "\(path): expected an id of 32 hexadecimal digits, found '\(id.prefix(40))'. "
                    + "Remove the file and a new id is made; finished jobs then count as another "
                    + "installation's.")
        }
        return id
    }

    /// Linking fails when another process was first, and then its id is the one.
    private func makeInstallation(_ path: String) throws(BasicsError) {
        var random = SystemRandomNumberGenerator()
        let id = (0..<2).map { _ in Hexadecimal.text(random.next() as UInt64) }.joined()
        let draft = path + ".\(getpid())-\(id.prefix(8))"
        try FileSystem.write(Array((id + "\n").utf8), atomicallyTo: draft)
        defer { unlink(draft) }
        if link(draft, path) != 0, errno != EEXIST { throw .last(path, "make it") }
    }

    /// The folder that relative things are relative to: the nearest one at or above the working
    /// folder with `experiments/` in it, else the working folder.
    package static func projectFolder(from start: String? = nil) throws(BasicsError) -> String {
        let working: String
        if let start { working = start } else { working = try workingFolder() }
        var folder = working
        while true {
            if FileSystem.isFolder(FileSystem.join(folder, "experiments")) { return folder }
            let parent = FileSystem.folder(of: folder)
            if parent == folder || parent == "." { return working }
            folder = parent
        }
    }

    package static func workingFolder() throws(BasicsError) -> String {
        guard let path = getcwd(nil, 0) else { throw .last(".", "name the working folder") }
        defer { free(path) }
        return String(cString: path)
    }

    /// A path as it is written in a file of `folder`; both may be relative to the working folder.
    ///
    /// Links are not followed. A folder with `..` in it may lead anywhere: the path then stays.
    package static func relative(_ path: String, to folder: String) throws(BasicsError) -> String {
        let here = try workingFolder()
        func parts(_ path: String) -> [Substring] {
            (path.hasPrefix("/") ? path : FileSystem.join(here, path))
                .split(separator: "/").filter { $0 != "." }
        }
        let (from, to) = (parts(folder), parts(path))
        guard !from.contains("..") else { return path }
        let common = zip(from, to).prefix { $0 == $1 }.count
        return
            (Array(repeating: "..", count: from.count - common) + to.dropFirst(common))
            .joined(separator: "/")
    }
}

enum Hexadecimal {
    /// Sixteen lower-case digits.
    static func text(_ word: UInt64) -> String {
        let digits = String(word, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
