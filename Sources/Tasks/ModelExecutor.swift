import Basics
import Experiments
import LanguageModels
import Tensors

/// Runs a job in this process: loads the model, says what the engine is, runs the task.
package struct ModelExecutor: JobExecutor {
    /// Local paths of what the job reads: `model`, `dataset` for tasks with one, and `adapter`
    /// where the model is used with one.
    ///
    /// For random weights `synthetic` takes the place of `model`: a `SyntheticModel` as JSON.
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
                    resources: resources, completed: completed,
                    openOther: { try other($0, beside: model, of: job, on: hardware) },
                    report: report))
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
        if let text = resources["synthetic"] {
            guard !task.needsRealWeights else {
                throw TaskError("task '\(job.cell.task)' cannot be scored on random weights.")
            }
            let quantization = job.cell.quantization
            let format = quantization == "as-stored" ? Self.syntheticFormat : quantization
            let checkpoint = try SyntheticCheckpoint(
                JSON.decode(SyntheticModel.self, from: text), target: .named(format),
                threads: hardware.threads)
            let adapter = try resources["adapter"].map {
                try LoRAAdapter(path: $0, for: checkpoint.configuration())
            }
            return try LanguageModel(
                checkpoint: checkpoint, backend: hardware.makeBackend(), adapter: adapter)
        }
        guard let path = resources["model"] else {
            throw TaskError("the job came without the place of its model.")
        }
        return try LanguageModel(
            path: path, backend: hardware.makeBackend(), adapter: resources["adapter"])
    }

    /// The model that a setting names; a second time the job's own where they are one file.
    private func other(
        _ setting: String, beside model: LanguageModel, of job: Job, on hardware: HardwareTarget
    ) throws -> LanguageModel {
        guard let path = resources[setting] else {
            throw TaskError(
                "task '\(job.cell.task)': the job came without the place of its \(setting).")
        }
        let adapter = resources[setting + ".adapter"]
        if path == resources["model"], adapter == resources["adapter"] { return model }
        return try LanguageModel(
            path: path, backend: hardware.makeBackend(), adapter: adapter)
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
