import Basics
import Experiments
import Hub
import LanguageModels
import Tensors

/// Gets from a model's name to a file that can be mapped: pulled, and in the format wanted.
struct ModelAccess: Sendable {
    let store: ModelStore
    private let paths: Paths

    static func standard() throws -> ModelAccess {
        let paths = try Paths()
        return ModelAccess(store: ModelStore(paths: paths), paths: paths)
    }

    /// The file for MODEL of a command line.
    func path(of name: String, quantization: String) throws -> String {
        let source = try pull(store.location(of: name))
        return try converted(source, to: quantization)
    }

    /// The file or folder, when it is on this machine and is what it should be; nil when a pull
    /// would help.
    func locate(_ location: ModelLocation) throws -> String? {
        if case .path(let path) = location, FileSystem.isFolder(path) { return path }
        return try store.locate(location)
    }

    /// What identifies a model: the SHA-256 of its file, or of the names and digests of its files,
    /// as `models verify` shows it.
    func digest(of path: String) throws -> String {
        let files = try CheckpointFiles.paths(of: path)
        return files.count == 1
            ? try store.digest(of: path) : try store.digest(ofFiles: files)
    }

    /// What identifies an adapter: the SHA-256 of the names and digests of its files.
    func digest(ofAdapter folder: String) throws -> String {
        let files = try AdapterFiles.paths(of: folder)
        return SHA256.hex(
            try JSON.text([
                AdapterFiles.configurationName: store.digest(of: files.configuration),
                AdapterFiles.weightsName: store.digest(of: files.weights),
            ]))
    }

    /// The file or folder on this machine, fetched with progress where it is not.
    func pull(_ location: ModelLocation) throws -> String {
        if case .path(let path) = location, FileSystem.isFolder(path) { return path }
        let line = ProgressLine()
        defer { line.clear() }
        return try store.pull(location) { $0.show(location.name, on: line) }
    }

    /// The same weights in another format, made once and kept in the cache folder.
    func converted(_ source: String, to quantization: String) throws -> String {
        guard quantization != Quantizations.asStored else { return source }
        let format = try QuantizationTarget.named(quantization)
        let digest = try digest(of: source)
        let target = convertedPath(digest: digest, format: quantization)
        if FileSystem.isFile(target) { return target }
        let requantizer = try Requantizer(
            openCheckpoint(path: source), to: format, threads: Host.cores)
        if requantizer.plan.changesNothing { return source }

        try FileSystem.makeFolder(FileSystem.folder(of: target))
        let line = ProgressLine()
        // Another process may be making it; whoever is second finds it made.
        let lock = try FileLock(target + ".lock") {
            line.note("waiting for another process that makes \(FileSystem.name(of: target)).")
        }
        defer { withExtendedLifetime(lock) {} }
        if FileSystem.isFile(target) { return target }
        let draft = target + ".part"
        defer { try? FileSystem.remove(draft) }
        try write(requantizer, to: draft, on: line)
        try FileSystem.place(draft, at: target)
        return target
    }

    /// The same weights in another format in a file of the user's own.
    func convert(_ source: String, to quantization: String, at target: String) throws {
        let requantizer = try Requantizer(
            openCheckpoint(path: source), to: QuantizationTarget.named(quantization),
            threads: Host.cores)
        try write(requantizer, to: target, on: ProgressLine())
    }

    /// A file of the model with an adapter added to its weights.
    func merge(
        _ source: String, adapter folder: String, as format: String, at target: String
    ) throws {
        let checkpoint = try openCheckpoint(path: source)
        let adapter = try LoRAAdapter(path: folder, for: checkpoint.configuration())
        let requantizer = try Requantizer(
            merging: adapter, into: checkpoint, as: QuantizationTarget.named(format),
            threads: Host.cores)
        try write(requantizer, to: target, on: ProgressLine())
    }

    private func write(_ requantizer: Requantizer, to path: String, on line: ProgressLine) throws {
        try checkSpace(for: requantizer.plan.tensorBytes, at: path)
        defer { line.clear() }
        try requantizer.write(to: path) { done, total in
            line.update(
                "converting to \(requantizer.plan.target.name)",
                fraction: total > 0 ? Double(done) / Double(total) : nil)
        }
    }

    /// Where a converted file is kept, or would be.
    ///
    /// The name counts the converter's version, so that a better one makes a new file.
    func convertedPath(digest: String, format: String) -> String {
        let version = "v\(Program.engineVersion).\(Requantizer.version)"
        let name = "\(digest.prefix(16))-\(format)-\(version).gguf"
        return FileSystem.join(FileSystem.join(paths.cache, "quantized"), name)
    }

    private func checkSpace(for bytes: Int, at target: String) throws {
        let folder = FileSystem.folder(of: target)
        let free = try FileSystem.freeBytes(at: folder)
        let wanted = Int64(bytes) + (64 << 20)
        guard free >= wanted else {
            throw ModelError(
                "\(folder): converting needs \(ByteCount.text(wanted)) of disk, "
                    + "\(ByteCount.text(free)) are free. Make room, or set XDG_CACHE_HOME to a "
                    + "folder on another disk.")
        }
    }
}

extension ModelLocation {
    /// - Parameter folder: where relative paths of a manifest begin.
    ///
    /// Nil for random weights, which come from nowhere.
    init?(_ source: ModelSource, relativeTo folder: String) {
        switch source {
        case .path(let path):
            self = .path(path.hasPrefix("/") ? path : FileSystem.join(folder, path))
        case .huggingFace(let repository, let file, let revision):
            self = .huggingFace(repository: repository, file: file, revision: revision)
        case .pypi(let requirement, let file, let sha256):
            self = .pypi(requirement: requirement, file: file, sha256: sha256)
        case .catalog(let name): self = .catalog(name)
        case .random: return nil
        }
    }
}
