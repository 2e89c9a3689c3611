import Basics
import Experiments
import Hub
import LanguageModels
import Runner
import Tasks
import Tensors

/// Turns the cells of a plan into jobs: finds digests, resolves `auto`, and says what cannot run
/// here and why.
///
/// Nothing is fetched.
struct JobResolver: Sendable {
    let project: Project
    let manifest: Manifest
    let access: ModelAccess
    /// Whether somebody has said that programs of a model may run without a sandbox.
    var allowsUnsafeCode = false

    /// What is known of a model without fetching it.
    private enum Model {
        case known(digest: String)
        /// Its digest is not known before it is here.
        case notPulled
        case unusable(reason: String)
    }

    /// Where the model's file is, or comes from; nil for random weights, which need none.
    func location(of cell: Cell) -> ModelLocation? { location(of: cell.source) }

    func location(of source: ModelSource) -> ModelLocation? {
        ModelLocation(source, relativeTo: manifest.folder)
    }

    /// Where all models that a cell opens are or come from.
    func locations(of cell: Cell) -> [ModelLocation] {
        let others = cell.otherModels.sorted { $0.key < $1.key }.map(\.value.source)
        return ([cell.source] + others).compactMap(location(of:))
    }

    /// The file of a text that a task names.
    func text(_ name: String) throws -> String {
        try TextFile.locate(name, in: project.datasets.searchFolders)
    }

    /// The folder of the adapter that the model is used with; nil for none.
    func adapter(of cell: Cell) -> String? { cell.adapter.map(path) }

    /// What a path of the manifest means: it is relative to the manifest's folder.
    func path(_ text: String) -> String {
        text.hasPrefix("/") ? text : FileSystem.join(manifest.folder, text)
    }

    /// Whether what the job needs is on this machine.
    func isHere(_ cell: Cell) -> Bool {
        locations(of: cell).allSatisfy { ((try? access.locate($0)) ?? nil) != nil }
    }

    /// The jobs in the plan's order.
    ///
    /// Models and datasets are looked at once each.
    func resolve(_ cells: [Cell]) throws -> [PlannedJob] {
        var models: [ModelSource: Model] = [:]
        var adapters: [String: Result<String, any Error>] = [:]
        var datasets: [String: Result<String, DatasetError>] = [:]
        var formats = StoredFormats(resolver: self)
        return try cells.map { original in
            var cell = original
            if cell.hardwareSettings["threads"] == .string("auto") {
                cell.hardwareSettings["threads"] = .integer(Int64(Host.cores))
            }
            // Another instruction set rounds and times differently: another job.
            cell.hardwareSettings["kernel_variant"] = .string(KernelVariant.current)
            if models[cell.source] == nil {
                models[cell.source] = model(cell.source, seed: cell.seed)
            }
            var digest: String?
            switch models[cell.source] ?? .notPulled {
            case .known(let found): digest = found
            case .notPulled: digest = nil
            case .unusable(let reason): return .broken(cell, reason: reason)
            }
            /// A model's digest with that of the adapter that it is used with.
            func adapted(_ digest: String?, _ cell: Cell) -> Result<String?, any Error> {
                guard let adapter = adapter(of: cell) else { return .success(digest) }
                let found = adapters[adapter] ?? Result { try access.digest(ofAdapter: adapter) }
                adapters[adapter] = found
                return found.flatMap { own in
                    Result { try digest.map { try Self.digest($0, with: own) } }
                }
            }
            switch adapted(digest, cell) {
            case .success(let found): digest = found
            case .failure(let error): return .broken(cell, reason: "\(error)")
            }
            let task = TaskRegistry.task(kind: cell.taskKind)
            // No manifest can say this, for manifests are passed on; and it is another job.
            if allowsUnsafeCode, let task, task.runsForeignCode {
                cell.taskSettings[task.unsafeCodeSetting] = .bool(true)
            }
            if case .random = cell.source, task?.needsRealWeights ?? true {
                return .unavailable(
                    cell,
                    reason: "\(cell.model) has random weights; scores on it would mean nothing.")
            }
            var datasetDigest: String?
            if let name = cell.datasetName {
                let key = "\(cell.taskKind) \(name)"
                if let task, datasets[key] == nil {
                    datasets[key] = Result { () throws(DatasetError) in
                        let path = try task.findDataset(name, in: project.datasets)
                        return try task.datasetDigest(path, name: name)
                    }
                }
                switch datasets[key] {
                case .success(let found): datasetDigest = found
                case .failure(let error): return .unavailable(cell, reason: "\(error)")
                case nil: break
                }
            }
            // The text of the path says nothing of what training begins with.
            if case .string(let path)? = cell.taskSettings["init_adapter"] {
                do {
                    cell.taskSettings["init_adapter_digest"] = .string(
                        try access.digest(ofAdapter: self.path(path)))
                } catch {
                    return .broken(cell, reason: "init_adapter: \(error)")
                }
            }
            var inputs: [String: String] = [:]
            if let name = cell.textName {
                do {
                    inputs["text"] = try TextFile(path: text(name), name: name).digest
                } catch {
                    return .unavailable(cell, reason: "\(error)")
                }
            }
            for (setting, other) in cell.otherModels.sorted(by: { $0.key < $1.key }) {
                if case .random = other.source, task?.needsRealWeights ?? true {
                    return .unavailable(
                        cell, reason: "\(other.model), its \(setting), has random weights.")
                }
                if models[other.source] == nil {
                    models[other.source] = model(other.source, seed: cell.seed)
                }
                switch models[other.source] ?? .notPulled {
                case .known(let plain):
                    switch adapted(plain, cell.with(other)) {
                    case .success(let found):
                        inputs[setting] = "\(found ?? plain) \(other.quantization)"
                    case .failure(let error):
                        return .broken(cell, reason: "its \(setting): \(error)")
                    }
                case .notPulled: return .notPulled(cell)
                case .unusable(let reason):
                    return .broken(cell, reason: "its \(setting): \(reason)")
                }
            }
            // Only now: a model is not fetched for a job that cannot run.
            guard let digest else { return .notPulled(cell) }
            func job(_ cell: Cell) throws -> Job {
                try Job(
                    cell: cell, modelDigest: digest, datasetDigest: datasetDigest,
                    taskVersion: task?.version ?? 0,
                    engineVersion: Program.engineVersion, inputs: inputs)
            }
            var asStored: JobID?
            if formats.isStored(cell.source, as: cell.quantization) {
                var twin = cell
                twin.quantization = Quantizations.asStored
                asStored = try job(twin).id
            }
            return .ready(try job(cell), asStored: asStored)
        }
    }

    /// What identifies a model that is used with an adapter.
    private static func digest(_ model: String, with adapter: String) throws -> String {
        SHA256.hex(try JSON.text(["adapter": adapter, "model": model]))
    }

    private func model(_ source: ModelSource, seed: UInt64) -> Model {
        do {
            if case .catalog(let name) = source,
                case .wheel(let wheel)? = ModelCatalog.model(named: name)?.source
            {
                return .known(digest: wheel.sha256)
            }
            if case .random(let shape) = source {
                return .known(digest: try SyntheticModels.digest(shape, seed: seed))
            }
            if case .pypi(_, _, let sha256) = source { return .known(digest: sha256) }
            if case .path(let text) = source, let reason = missing(text) {
                return .unusable(reason: reason)
            }
            guard let location = location(of: source), let path = try access.locate(location)
            else { return .notPulled }
            return .known(digest: try access.digest(of: path))
        } catch {
            return .unusable(reason: "\(error)")
        }
    }
}

/// Which models hold a format already, so that converting to it changes nothing; each is looked at
/// once.
private struct StoredFormats {
    let resolver: JobResolver
    private var known: [Preflight.CopyKey: Bool] = [:]

    init(resolver: JobResolver) { self.resolver = resolver }

    mutating func isStored(_ source: ModelSource, as quantization: String) -> Bool {
        guard quantization != Quantizations.asStored else { return false }
        let key = Preflight.CopyKey(source, quantization)
        if let known = known[key] { return known }
        let found = holds(source, quantization)
        known[key] = found
        return found
    }

    private func holds(_ source: ModelSource, _ quantization: String) -> Bool {
        guard let location = resolver.location(of: source),
            let path = (try? resolver.access.locate(location)) ?? nil,
            let checkpoint = try? openCheckpoint(path: path),
            let target = try? QuantizationTarget.named(quantization),
            let plan = try? RequantizationPlan(checkpoint, target: target)
        else { return false }
        return plan.changesNothing
    }
}
