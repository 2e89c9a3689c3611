import Basics
import Experiments
import Hub
import LanguageModels
import Tensors

/// What is known of a model before it is loaded: from its file, else from the catalog.
struct PlannedModel {
    private let architecture: String
    private let shape: TransformerShape
    private let isTied: Bool
    /// Bytes of its tensors as they are stored, or as they are published.
    private let storedBytes: Int?
    /// Where it is; nil for random weights and what is still to be fetched.
    private let path: String?

    /// nil where nothing says of what shape the model is.
    ///
    /// - Parameter path: where its file or folder is; nil when it is not here.
    init?(_ cell: Cell, at path: String?) {
        let shapeName: String?
        var isPublished = false
        switch cell.source {
        case .random(let name): shapeName = name
        case .catalog(let name): (shapeName, isPublished) = (name, true)
        case .path, .huggingFace, .pypi: shapeName = nil
        }
        self.path = path
        if let path {
            guard let checkpoint = try? openCheckpoint(path: path),
                let configuration = try? checkpoint.configuration()
            else { return nil }
            architecture = configuration.architecture
            shape = configuration.shape
            isTied = !checkpoint.tensors.contains("output.weight")
            storedBytes = checkpoint.tensors.byteCount
        } else if let shapeName,
            let model = try? SyntheticModels.model(shapeName, seed: cell.seed)
        {
            architecture = model.architecture
            shape = model.shape
            isTied = model.isTied
            storedBytes =
                isPublished
                ? ModelCatalog.model(named: shapeName).map { Int($0.weightBytes) } : nil
        } else {
            return nil
        }
    }

    func footprint(in format: String) -> ModelFootprint? {
        guard let target = try? QuantizationTarget.named(format) else { return nil }
        return ModelFootprint(
            architecture: architecture, shape: shape, isTied: isTied, target: target)
    }

    var parameters: Int? { footprint(in: F16.name)?.parameters }

    /// The format that the weights will have in memory.
    ///
    /// What files hold is told from their size: of the formats there are, the nearest.
    func format(for quantization: String) -> String? {
        guard quantization == Quantizations.asStored else { return quantization }
        // Random weights are made in it where the manifest names no other.
        guard let storedBytes else { return F16.name }
        let sizes = QuantizationTarget.names.compactMap { name in
            footprint(in: name).map { (name, abs($0.storedBytes - storedBytes)) }
        }
        return sizes.min { $0.1 < $1.1 }?.0
    }

    /// Disk that the copy in another format will take; 0 when it is there already.
    func copyBytes(_ quantization: String, access: ModelAccess) -> Int64? {
        if let path, let digest = try? access.digest(of: path),
            FileSystem.isFile(access.convertedPath(digest: digest, format: quantization))
        {
            return 0
        }
        if let path, let checkpoint = try? openCheckpoint(path: path),
            let target = try? QuantizationTarget.named(quantization),
            let plan = try? RequantizationPlan(checkpoint, target: target)
        {
            return plan.changesNothing ? 0 : Int64(plan.tensorBytes)
        }
        return footprint(in: quantization).map { Int64($0.storedBytes) }
    }
}
