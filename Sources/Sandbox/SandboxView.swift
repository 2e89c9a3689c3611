import Basics

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What an isolated program sees of the file system: a Python installation, the shared libraries
/// that it loads, `/dev/null`, and an empty work folder.
package struct SandboxView: Hashable, Sendable {
    package enum Entry: Hashable, Sendable {
        case folder(String)
        case file(String, source: String)
        case device(String)
        case link(String, to: String)

        package var path: String {
            switch self {
            case .folder(let path), .file(let path, _), .device(let path), .link(let path, _): path
            }
        }
    }

    /// In the order in which they are put together: what is above comes first, links last.
    package let entries: [Entry]

    /// Also the folder for temporary files, which Python looks for by this name.
    package static let workFolder = "/tmp"

    package init(_ python: PythonInstallation) {
        var builder = Builder()
        for folder in python.folders { builder.add(folder: folder) }
        builder.add(file: python.file)
        for library in python.libraries { builder.add(library: library) }
        for library in Self.libraries(beside: python.libraries) { builder.add(library: library) }
        if let loader = python.loader { builder.add(loader: loader) }
        // Where the loader finds libraries outside of its standard folders.
        if FileSystem.isFile("/etc/ld.so.cache") { builder.add(file: "/etc/ld.so.cache") }
        if FileSystem.exists("/dev/null") { builder.add(device: "/dev/null") }
        entries = builder.entries
    }

    /// Libraries that wheels may take for granted (the lists behind `manylinux`), where they are.
    private static func libraries(beside known: [String]) -> [String] {
        let names = [
            "libc.so.6", "libm.so.6", "libdl.so.2", "librt.so.1", "libpthread.so.0",
            "libutil.so.1", "libnsl.so.1", "libresolv.so.2", "libgcc_s.so.1", "libstdc++.so.6",
            "libz.so.1", "libexpat.so.1", "libgomp.so.1",
        ]
        let folders = Set(
            known.filter { $0.contains("/libc.so") || $0.contains("/libc-") }
                .flatMap { [FileSystem.folder(of: $0), "/usr" + FileSystem.folder(of: $0)] })
        return folders.sorted().flatMap { folder in
            names.map { FileSystem.join(folder, $0) }.filter(FileSystem.isFile)
        }
    }

    private struct Builder {
        private var folders: Set<String> = []
        private var files: [String: Entry] = [:]
        private var links: [String: String] = [:]
        private var listings: [String: [String]] = [:]

        var entries: [Entry] {
            folders.sorted().map { .folder($0) } + files.sorted { $0.key < $1.key }.map(\.value)
                + links.filter { files[$0.key] == nil }.sorted { $0.key < $1.key }
                .map { .link($0.key, to: $0.value) }
        }

        mutating func add(folder: String) { folders.insert(canonical(folder)) }

        mutating func add(file: String) { add(file, source: file) }

        mutating func add(device: String) { files[device] = .device(device) }

        /// A library under the name of its file and under those that link to it beside it.
        mutating func add(library: String) {
            let file = real(library)
            add(file, source: file)
            let folder = FileSystem.folder(of: file)
            // `libc` of `libc-2.31.so` and of `libc.so.6`
            let stem = FileSystem.name(of: file).prefix { $0 != "." && $0 != "-" }
            for name in names(in: folder) where name.hasPrefix(stem) && name.contains(".so") {
                let path = FileSystem.join(folder, name)
                if path != file, real(path) == file { addLink(path, to: file) }
            }
            if library != file { addLink(library, to: file) }
        }

        /// The kernel looks for the loader by one path only.
        mutating func add(loader: String) {
            add(loader, source: real(loader))
        }

        private mutating func add(_ path: String, source: String) {
            let place = canonical(path)
            if isShown(place) { return }
            files[place] = .file(place, source: source)
        }

        private mutating func addLink(_ path: String, to target: String) {
            let place = canonical(path)
            if !isShown(place) { links[place] = target }
        }

        private func isShown(_ path: String) -> Bool {
            folders.contains { PythonInstallation.holds($0, path) }
        }

        /// The path with a link at its top followed, which is shown too.
        ///
        /// `/lib` is often one to `/usr/lib`. So no part of the new root is reached through a link while it is
        /// being put together.
        private mutating func canonical(_ path: String) -> String {
            let parts = path.split(separator: "/", omittingEmptySubsequences: true)
            guard parts.count > 1, let first = parts.first else { return path }
            let top = "/" + first
            let target = real(top)
            if target == top { return path }
            links[top] = target
            return target + "/" + parts.dropFirst().joined(separator: "/")
        }

        private func real(_ path: String) -> String {
            guard let resolved = realpath(path, nil) else { return path }
            defer { free(resolved) }
            return String(cString: resolved)
        }

        private mutating func names(in folder: String) -> [String] {
            if let names = listings[folder] { return names }
            let names = (try? FileSystem.names(in: folder)) ?? []
            listings[folder] = names
            return names
        }
    }
}
