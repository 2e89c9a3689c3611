import Basics
import Experiments
import Hub
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

    /// Where all that a cell reads is or comes from, its draft too.
    func locations(of cell: Cell) -> [ModelLocation] {
        [cell.source, cell.draft?.source].compactMap { $0.flatMap(location(of:)) }
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
        var datasets: [String: Result<String, DatasetError>] = [:]
        return try cells.map { original in
            var cell = original
            if cell.hardwareSettings["threads"] == .string("auto") {
                cell.hardwareSettings["threads"] = .integer(Int64(Host.cores))
            }
            // Another instruction set rounds and times differently: another job.
            cell.hardwareSettings["kernel_variant"] = .string(KernelVariant.current)
            if models[cell.source] == nil { models[cell.source] = model(cell.source, seed: cell.seed) }
            let digest: String?
            switch models[cell.source] ?? .notPulled {
            case .known(let found): digest = found
            case .notPulled: digest = nil
            case .unusable(let reason): return .broken(cell, reason: reason)
            }
            let task = TaskRegistry.task(kind: cell.taskKind)
            if case .random = cell.source, task?.needsRealWeights ?? true {
                return .unavailable(
                    cell,
                    reason: "\(cell.model) has random weights; scores on it would mean nothing.")
            }
            var datasetDigest: String?
            if case .string(let name)? = cell.taskSettings["dataset"] {
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
            var draftDigest: String?
            if let draft = cell.draft {
                if models[draft.source] == nil {
                    models[draft.source] = model(draft.source, seed: cell.seed)
                }
                switch models[draft.source] ?? .notPulled {
                case .known(let found): draftDigest = found
                case .notPulled: return .notPulled(cell)
                case .unusable(let reason): return .broken(cell, reason: reason)
                }
            }
            // Only now: a model is not fetched for a job that cannot run.
            guard let digest else { return .notPulled(cell) }
            let job = try Job(
                cell: cell, modelDigest: digest, datasetDigest: datasetDigest,
                draftDigest: draftDigest, taskVersion: task?.version ?? 0,
                engineVersion: Program.engineVersion)
            return .ready(job)
        }
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
            guard let location = location(of: source), let path = try access.locate(location)
            else { return .notPulled }
            return .known(digest: try access.digest(of: path))
        } catch {
            return .unusable(reason: "\(error)")
        }
    }
}
