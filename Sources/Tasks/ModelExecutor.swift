import Basics
import Experiments
import LanguageModels
import Tensors

/// Runs a job in this process: loads the model, says what the engine is, runs the task.
package struct ModelExecutor: JobExecutor {
    /// Local paths of what the job reads: `model`, `dataset` for tasks with one, and `adapter`
    /// where the model is used with one.
    ///
    /// For random weights `model.synthetic` takes the place of `model`: a `SyntheticModel` as JSON.
    /// `model.adapter` is its adapter. Other models are there the same way under their settings.
    package let resources: [String: String]

    package init(resources: [String: String]) { self.resources = resources }

    package func execute(
        _ job: Job, resuming completed: CompletedWork, report: (JobEvent) throws -> Void
    ) throws {
        guard let task = TaskRegistry.task(kind: job.cell.taskKind) else {
            throw TaskError("this program has no task '\(job.cell.taskKind)'.")
        }
        var hardware = try HardwareTarget(job.cell)
        if task.readsWeightsAsStored { hardware.computation = .f32 }
        try report(.progress(JobProgress(phase: "loading", completed: 0, total: 1)))
        let model = try load(job, for: task, on: hardware)
        for (name, value) in model.backend.facts.sorted(by: { $0.key < $1.key }) {
            try report(.fact(name: name, value: value))
        }
        try report(.fact(name: "compute", value: .string(hardware.computation.products.rawValue)))
        try report(
            .fact(
                name: "cache_type",
                value: .string(hardware.computation.cacheFormat.rawValue)))
        try report(.fact(name: "stored_formats", value: .string(model.storedFormats)))
        if let adapter = model.adapterSummary {
            try report(.fact(name: "adapter", value: .string(adapter)))
        }
        if let provenance = model.provenance {
            try report(.fact(name: "provenance", value: .string(provenance)))
        }
        try withoutActuallyEscaping(report) { report in
            try task.run(
                TaskContext(
                    job: job, model: model, computation: hardware.computation,
                    resources: resources, completed: completed, report: report,
                    openOther: { try other($0, beside: model, of: job, on: hardware) }))
        }
        if let variant = model.tokenizerVariant {
            try report(.fact(name: "tokenizer", value: .string(variant)))
        }
    }
}

extension ModelExecutor {
    /// What random weights are stored in where the manifest says `as-stored`.
    private static let syntheticFormat = "f16"

    private func load(_ job: Job, for task: any EvaluationTask.Type, on hardware: HardwareTarget)
        throws -> LanguageModel
    {
        if resources["model.synthetic"] != nil, task.needsRealWeights {
            throw TaskError("task '\(job.cell.task)' cannot be scored on random weights.")
        }
        return try open(
            "model", quantization: job.cell.quantization, of: job, on: hardware.makeBackend(),
            threads: hardware.threads)
    }

    /// The model that a setting names; a second time the job's own where they are one file.
    ///
    /// It shares the job's backend, so that two sets of threads do not wait for each other.
    private func other(
        _ setting: String, beside model: LanguageModel, of job: Job, on hardware: HardwareTarget
    ) throws -> LanguageModel {
        if let path = resources[setting], path == resources["model"],
            resources[setting + ".adapter"] == resources["model.adapter"]
        {
            return model
        }
        return try open(
            setting, quantization: job.cell.otherModels[setting]?.quantization ?? "", of: job,
            on: model.backend, threads: hardware.threads)
    }

    private func open(
        _ name: String, quantization: String, of job: Job, on backend: any Backend, threads: Int
    ) throws -> LanguageModel {
        let adapter = resources[name + ".adapter"]
        if let text = resources[name + ".synthetic"] {
            let format = quantization == "as-stored" ? Self.syntheticFormat : quantization
            let checkpoint = try SyntheticCheckpoint(
                JSON.decode(SyntheticModel.self, from: text), target: .named(format),
                threads: threads)
            return try LanguageModel(
                checkpoint: checkpoint, backend: backend,
                adapter: adapter.map {
                    try LoRAAdapter(path: $0, for: checkpoint.configuration())
                })
        }
        guard let path = resources[name] else {
            throw TaskError(
                "task '\(job.cell.task)': the job came without the place of its \(name).")
        }
        return try LanguageModel(path: path, backend: backend, adapter: adapter)
    }
}

/// A cell's hardware, resolved: which backend, how many threads, how precisely.
package struct HardwareTarget {
    package let entry: BackendRegistry.Entry
    package let threads: Int
    package fileprivate(set) var computation: Computation

    /// What a manifest may set for hardware, the same for every backend so far.
    package static let settings: [Catalog.Setting] = [
        .init(
            "threads", .integerOrAuto(1...1024), default: .string("auto"),
            "threads that compute; auto is the number of cores this process may use"),
        .init(
            "compute", .choice(Computation.Products.allCases.map(\.rawValue)),
            default: .string("auto"),
            "auto: quantized weights times 8-bit activations, f16 cache; f32: everything in f32"),
        .init(
            "cache_type", .choice(["auto"] + CacheFormat.allCases.map(\.rawValue)),
            default: .string("auto"),
            "what keys and values are kept in; auto is f16, and f32 with compute: f32"),
    ]

    package static var catalogEntries: [Catalog.BackendEntry] {
        BackendRegistry.all.map { Catalog.BackendEntry(name: $0.name, settings: settings) }
    }

    /// - Parameter cell: `threads` must be a number by now.
    package init(_ cell: Cell) throws {
        guard let entry = BackendRegistry.entry(named: cell.backend) else {
            throw TaskError(
                "hardware '\(cell.hardware)': this program has no backend '\(cell.backend)'.")
        }
        guard case .integer(let threads)? = cell.hardwareSettings["threads"],
            case .string(let compute)? = cell.hardwareSettings["compute"],
            case .string(let cache)? = cell.hardwareSettings["cache_type"],
            let products = Computation.Products(rawValue: compute)
        else {
            throw TaskError(
                "hardware '\(cell.hardware)': threads, compute and cache_type are not resolved.")
        }
        self.entry = entry
        self.threads = Int(threads)
        computation = Computation(products, cacheFormat: CacheFormat(rawValue: cache))
    }

    package func makeBackend() throws -> any Backend { try entry.make(threads, computation) }
}
