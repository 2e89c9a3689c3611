import Basics
import Experiments
import LanguageModels
import Tensors

/// One kind of measurement: what may be set, what is run, which metrics come out.
package protocol EvaluationTask {
    /// The kind's name in manifests.
    static var kind: String { get }
    /// Counted up when results change meaning; part of every job's identity.
    static var version: Int { get }
    /// One line for `billion --help` and the manifest reference.
    static var summary: String { get }
    static var settings: [Catalog.Setting] { get }
    /// Whether its result depends on what the weights are: such a task refuses random ones.
    static var needsRealWeights: Bool { get }
    /// Whether it computes in f32 from the weights as they are stored, whatever `compute` says.
    static var readsWeightsAsStored: Bool { get }
    /// Whether it runs code that a model wrote, which needs a sandbox or somebody's word.
    static var runsForeignCode: Bool { get }
    /// The file or folder of the dataset that the setting `dataset` names.
    static func findDataset(_ name: String, in locator: DatasetLocator) throws(DatasetError)
        -> String
    /// What identifies the dataset, wherever it lies.
    static func datasetDigest(_ path: String, name: String) throws(DatasetError) -> String
    /// How much there will be to do; nil when that cannot be told beforehand.
    static func workload(_ question: WorkloadQuestion) throws -> TaskWorkload?

    static func run(_ context: TaskContext) throws
}

extension EvaluationTask {
    package static var needsRealWeights: Bool { true }
    package static var readsWeightsAsStored: Bool { false }
    package static var runsForeignCode: Bool { false }
    /// The setting that a job has, and no manifest can give, when code may run without a sandbox.
    package static var unsafeCodeSetting: String { "unsafe_code" }
    package static func findDataset(_ name: String, in locator: DatasetLocator)
        throws(DatasetError) -> String
    {
        throw DatasetError("dataset '\(name)'", "task '\(kind)' reads no dataset.")
    }
    package static func datasetDigest(_ path: String, name: String) throws(DatasetError) -> String {
        throw DatasetError("dataset '\(name)'", "task '\(kind)' reads no dataset.")
    }
    package static func workload(_ question: WorkloadQuestion) throws -> TaskWorkload? { nil }
}

/// What a task is given: a loaded model, its settings, and somewhere to report to.
package struct TaskContext {
    package let job: Job
    package let model: LanguageModel
    package let computation: Computation
    /// Local folders by name: `dataset`.
    package let resources: [String: String]
    /// What an earlier attempt finished: neither done nor reported again, but counted.
    package let completed: CompletedWork
    /// Opens the model that a setting names.
    private let openOther: (String) throws -> LanguageModel
    private let report: (JobEvent) throws -> Void
    /// The models that results come from: one that gives no numbers gives no result.
    private let sources: ResultSources

    package init(
        job: Job, model: LanguageModel, computation: Computation, resources: [String: String],
        completed: CompletedWork = .none, report: @escaping (JobEvent) throws -> Void,
        openOther: @escaping (String) throws -> LanguageModel = { setting in
            throw TaskError("the job came without the place of its \(setting).")
        }
    ) {
        self.job = job
        self.model = model
        self.computation = computation
        self.resources = resources
        self.completed = completed
        self.openOther = openOther
        let sources = ResultSources(model)
        self.sources = sources
        self.report = { event in
            for model in sources.models { try model.requireFinite() }
            try report(event)
        }
    }

    /// The other model that a setting of this job names, opened on the same backend.
    package func otherModel(_ setting: String) throws -> LanguageModel {
        let model = try openOther(setting)
        addSource(model)
        return model
    }

    /// Has a model looked after that the task itself made: what it gives is reported too.
    package func addSource(_ model: LanguageModel) { sources.models.append(model) }

    package func metric(_ metric: Metric) throws { try report(.metric(metric)) }
    package func sample(_ sample: EvaluatedSample) throws { try report(.sample(sample)) }
    package func timing(_ timing: TimingSample) throws { try report(.timing(timing)) }
    package func record(_ record: JobRecord) throws { try report(.record(record)) }
    package func fact(_ name: String, _ value: JSONValue) throws {
        try report(.fact(name: name, value: value))
    }

    package func progress(_ phase: String, _ completed: Int, of total: Int) throws {
        try report(
            .progress(
                JobProgress(
                    phase: phase, completed: completed, total: total,
                    tokens: model.processedTokens)))
    }

    /// A setting that the plan has checked and filled in.
    package func integer(_ key: String) throws -> Int {
        guard case .integer(let value)? = job.cell.taskSettings[key] else {
            throw missing(key, "an integer")
        }
        return Int(value)
    }

    package func number(_ key: String) throws -> Double {
        guard let value = optionalNumber(key) else { throw missing(key, "a number") }
        return value
    }

    /// A text or nil where the setting is not set.
    package func optionalString(_ key: String) -> String? {
        if case .string(let value)? = job.cell.taskSettings[key] { value } else { nil }
    }

    /// True, false, or nil where the setting is not set.
    package func optionalBool(_ key: String) -> Bool? {
        if case .bool(let value)? = job.cell.taskSettings[key] { value } else { nil }
    }

    package func string(_ key: String) throws -> String {
        guard case .string(let value)? = job.cell.taskSettings[key] else {
            throw missing(key, "a name")
        }
        return value
    }

    package func bool(_ key: String) throws -> Bool {
        guard case .bool(let value)? = job.cell.taskSettings[key] else {
            throw missing(key, "true or false")
        }
        return value
    }

    /// Threads that the job may use.
    package var threads: Int {
        guard case .integer(let value)? = job.cell.hardwareSettings["threads"] else { return 1 }
        return max(1, Int(value))
    }

    /// Where the dataset is.
    package func datasetPath() throws -> String {
        guard let path = resources["dataset"] else {
            throw TaskError("the job came without the place of its dataset.")
        }
        return path
    }

    /// Throws when the dataset is another one than the job was planned for.
    package func expectDataset(_ name: String, digest: String) throws {
        if let expected = job.datasetDigest, expected != digest {
            throw TaskError(
                "dataset '\(name)' has changed since the run was planned. Start again.")
        }
    }

    /// A number or nil where the setting is not set.
    package func optionalNumber(_ key: String) -> Double? {
        switch job.cell.taskSettings[key] {
        case .integer(let value)?: Double(value)
        case .number(let value)?: value
        default: nil
        }
    }

    private func missing(_ key: String, _ wanted: String) -> TaskError {
        TaskError(
            "task '\(job.cell.task)': setting '\(key)' should be \(wanted), the job has "
                + "\(job.cell.taskSettings[key]?.plainText ?? "none").")
    }
}

private final class ResultSources {
    var models: [LanguageModel]

    init(_ model: LanguageModel) { models = [model] }
}

/// A task that cannot be done, in one sentence.
package struct TaskError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
