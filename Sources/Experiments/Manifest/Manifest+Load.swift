import Basics

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension Manifest {
    /// Larger files are no manifests; a device without an end is found out here as well.
    package static let largestFile = 1 << 20

    /// Reads a manifest file.
    ///
    /// - Parameter displayName: how messages call the file; nil for `path` itself.
    package static func load(path: String, displayName: String? = nil)
        throws(ManifestError) -> Manifest
    {
        let name = displayName ?? path
        let bytes: [UInt8]
        switch read(path) {
        case .success(let content): bytes = content
        case .failure(let reason):
            let hint =
                reason == .missing ? suggestion(for: path, shownAs: name) : ""
            throw ManifestError(
                file: name, issues: [.init(at: nil, reason.sentence + hint)])
        }
        return try parse(bytes: bytes, file: name, folder: folder(of: path))
    }

    private enum Unreadable: Error, Equatable {
        case missing
        case tooLarge
        case system(Int32)

        var sentence: String {
            switch self {
            case .missing: "no such file."
            case .tooLarge: "larger than \(Manifest.largestFile) bytes; a manifest is a short text."
            case .system(let code): "cannot be read: \(String(cString: strerror(code)))."
            }
        }
    }

    private static func read(_ path: String) -> Result<[UInt8], Unreadable> {
        guard let file = fopen(path, "rb") else {
            return .failure(errno == ENOENT ? .missing : .system(errno))
        }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: largestFile + 1)
        let count = fread(&bytes, 1, bytes.count, file)
        if ferror(file) != 0 { return .failure(.system(errno)) }
        if count > largestFile { return .failure(.tooLarge) }
        return .success(Array(bytes.prefix(count)))
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The manifest beside it whose name is nearest.
    private static func suggestion(for path: String, shownAs name: String) -> String {
        let beside = (try? FileManager.default.contentsOfDirectory(atPath: folder(of: path))) ?? []
        let manifests = beside.filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }
        func lastPart(_ path: String) -> Substring {
            path.lastIndex(of: "/").map { path[path.index(after: $0)...] } ?? path[...]
        }
        let last = lastPart(path)
        let best =
            manifests.sorted().first { $0 == "\(last).yaml" || $0 == "\(last).yml" }
            ?? Suggestion.nearest(to: String(last), among: manifests.sorted())
        guard last.count <= 100, let best else { return "" }
        return " Did you mean '\(name.dropLast(lastPart(name).count))\(best)'?"
    }
}
