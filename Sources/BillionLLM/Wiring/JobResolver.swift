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

    func location(of cell: Cell) -> ModelLocation {
        ModelLocation(cell.source, relativeTo: manifest.folder)
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
            if models[cell.source] == nil { models[cell.source] = model(of: cell) }
            let digest: String
            switch models[cell.source] ?? .notPulled {
            case .known(let found): digest = found
            case .notPulled: return .notPulled(cell)
            case .unusable(let reason): return .broken(cell, reason: reason)
            }
            var datasetDigest: String?
            if case .string(let name)? = cell.taskSettings["dataset"] {
                if datasets[name] == nil {
                    datasets[name] = Result { () throws(DatasetError) in
                        try project.datasets.load(name).digest
                    }
                }
                switch datasets[name] {
                case .success(let found): datasetDigest = found
                case .failure(let error): return .unavailable(cell, reason: "\(error)")
                case nil: break
                }
            }
            let job = try Job(
                cell: cell, modelDigest: digest, datasetDigest: datasetDigest,
                taskVersion: TaskRegistry.task(kind: cell.taskKind)?.version ?? 0,
                engineVersion: Program.engineVersion)
            return .ready(job)
        }
    }

    private func model(of cell: Cell) -> Model {
        do {
            if case .catalog(let name) = cell.source,
                let entry = ModelCatalog.model(named: name)
            {
                return .known(digest: entry.sha256)
            }
            if case .pypi(_, _, let sha256) = cell.source { return .known(digest: sha256) }
            guard let path = try access.locate(location(of: cell)) else { return .notPulled }
            return .known(digest: try access.digest(of: path))
        } catch {
            return .unusable(reason: "\(error)")
        }
    }
}
