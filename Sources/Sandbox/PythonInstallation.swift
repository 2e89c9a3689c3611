import Basics

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A Python interpreter behind all shims and links, and the files that it cannot do without.
package struct PythonInstallation: Hashable, Sendable {
    /// How the interpreter calls itself; it finds its library from this path.
    package let executable: String
    /// The program file.
    package let file: String
    package let version: String
    /// Folders that belong to it and to nothing else.
    package let folders: [String]
    /// Shared libraries outside of those folders.
    package let libraries: [String]
    /// The program that the kernel starts first to load the libraries; nil for a static binary.
    package let loader: String?

    /// Asks an interpreter about itself.
    ///
    /// - Parameter program: a name on PATH or a path; shims such as pyenv's are seen through.
    package static func find(
        _ program: String = "python3",
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(SandboxError) -> PythonInstallation {
        let outcome: Subprocess.Outcome
        do {
            outcome = try Subprocess(
                program, ["-I", "-B", "-c", ProbeScript.text], environment: environment,
                timeLimit: .seconds(60)
            ).run()
        } catch {
            throw .python("\(program): cannot be started: \(error)")
        }
        guard outcome.succeeded,
            let answer = try? JSON.decode(Answer.self, from: outcome.outputText)
        else {
            let said = outcome.errorText.split(separator: "\n").last.map { " It said: \($0)" } ?? ""
            throw .python(
                "\(program): wanted Python 3.8 or newer, but it did not say what it is "
                    + "(\(outcome.ending)).\(said)")
        }
        guard answer.version.lexicographicallyPrecedes([3, 8]) == false else {
            throw .python(
                "\(answer.executable): wanted Python 3.8 or newer, found "
                    + "\(answer.version.map(String.init).joined(separator: ".")).")
        }
        return PythonInstallation(answer, home: environment["HOME"])
    }

    private init(_ answer: Answer, home: String?) {
        executable = answer.executable
        file = answer.file
        version = answer.version.map(String.init).joined(separator: ".")
        libraries = answer.libraries
        loader = answer.loader
        let dedicated = answer.prefixes.filter { !Self.isShared($0, home: home) }
        let others = answer.folders.filter { folder in
            FileSystem.isFolder(folder) && !dedicated.contains { Self.holds($0, folder) }
        }
        let all = Set(dedicated + others).sorted()
        // A folder inside another one is there already.
        folders = all.filter { folder in
            !all.contains { $0 != folder && Self.holds($0, folder) }
        }
    }

    /// Whether a prefix holds other people's things too, so that only Python's own folders in it
    /// may be shown: the system's prefixes, a home folder and what it lies in.
    private static func isShared(_ prefix: String, home: String?) -> Bool {
        if ["/", "/usr", "/usr/local", "/opt", "/opt/local"].contains(prefix) { return true }
        guard let home, home.hasPrefix("/"), home != "/" else { return false }
        return holds(prefix, home) || prefix == FileSystem.join(home, ".local")
    }

    /// Whether `path` is `folder` or lies below it.
    static func holds(_ folder: String, _ path: String) -> Bool {
        path == folder || path.hasPrefix(folder.hasSuffix("/") ? folder : folder + "/")
    }

    private struct Answer: Decodable {
        var executable: String
        var file: String
        var version: [Int]
        var prefixes: [String]
        var folders: [String]
        var libraries: [String]
        var loader: String?
    }
}
