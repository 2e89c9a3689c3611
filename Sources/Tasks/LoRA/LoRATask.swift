import Basics
import Experiments
import LanguageModels
import Tensors
import Training

/// Fine-tunes an adapter and measures on held-out records what it has changed.
///
/// Keys and defaults are those of PEFT and TRL, where they have such a thing. Products are f32, or
/// bf16 where `bf16` says so, whatever `compute` says. Every update is a record, `training_step`,
/// and ends with a checkpoint, from which an interrupted job goes on.
package enum LoRATask: EvaluationTask {
    package static let kind = "lora"
    package static let version = 1
    package static let summary = "LoRA fine-tuning, with held-out figures before and after"
    package static let needsRealWeights = false
    package static let readsWeightsAsStored = true
    package static let recordKind = "training_step"

    package static let settings: [Catalog.Setting] = [
        .init(
            "dataset", .text, default: .string("lora-demo"),
            "a folder in datasets/ with train.jsonl and test.jsonl, or the path of a file"),
        .init(
            "max_train_samples", .integer(1...10_000_000), default: .integer(100),
            "records to train on, from the first"),
        .init(
            "eval_split", .choice(["test", "none"]), default: .string("test"),
            "the held-out records that the model is measured on before and after"),
        .init(
            "eval_max_new_tokens", .integer(0...100_000), default: .integer(64),
            "tokens of an answer to a held-out prompt at most; 0 asks for none"),
        .init(
            "completion_only_loss", .bool, default: .null,
            "learn the answers alone; null: only of prompt and completion, as TRL does"),
        .init(
            "max_length", .integer(2...1_000_000), default: .integer(512),
            "tokens of a record; what is longer loses its end"),
        .init(
            "order", .choice(ExampleOrder.allCases.map(\.rawValue)), default: .string("shuffled"),
            "order of the records: as in the file, or anew for every epoch"),
        .init(
            "r", .integer(1...65536), default: .integer(8), "rank of the adapter"),
        .init(
            "lora_alpha", .number(0...1e6), default: .number(16),
            "the adapter counts lora_alpha / r times"),
        .init(
            "lora_dropout", .number(0...0.99), default: .number(0.05),
            "share of the adapter's input that is left out while training"),
        .init(
            "use_rslora", .bool, default: .bool(false), "lora_alpha / sqrt(r) in place of / r"),
        .init(
            "target_modules", .text, default: .null,
            "linear layers to adapt: names with commas; null: PEFT's for the architecture"),
        .init(
            "init_adapter", .text, default: .null,
            "folder of the adapter to begin with; its r, alpha and modules are used"),
        .init(
            "learning_rate", .number(0...1e3), default: .number(0.0002), "of AdamW"),
        .init(
            "lr_scheduler_type", .choice(LearningRateSchedule.allCases.map(\.rawValue)),
            default: .string("linear"), "how the learning rate changes"),
        .init(
            "warmup_steps", .integer(0...10_000_000), default: .integer(0),
            "updates in which the learning rate rises from 0"),
        .init(
            "weight_decay", .number(0...1), default: .number(0), "of AdamW"),
        .init(
            "max_grad_norm", .number(0...1e9), default: .number(1),
            "gradients are scaled down to this norm"),
        .init(
            "num_train_epochs", .integer(1...100_000), default: .integer(3),
            "how often each record is learned"),
        .init(
            "per_device_train_batch_size", .integer(1...65536), default: .integer(4),
            "records that go through the model together, without padding"),
        .init(
            "gradient_accumulation_steps", .integer(1...65536), default: .integer(4),
            "such batches of one update"),
        .init(
            "bf16", .bool, default: .bool(false),
            "products with the frozen weights in bf16, sums in f32: faster, on processors with AVX-512 BF16 or AMX alone"
        ),
        .init(
            "seed", .integer(0...Int(Int32.max)), default: .null,
            "of the adapter, the order and dropout; null: the manifest's"),
        .init(
            "save_steps", .integer(1...10_000_000), default: .integer(1),
            "updates between checkpoints; there is one at a signal too"),
        .init(
            "output_dir", .text, default: .null,
            "where the adapter goes; null: a folder by the job's id in the program's state"),
    ]

    // MARK: Data

    package static func findDataset(_ name: String, in locator: DatasetLocator)
        throws(DatasetError) -> String
    {
        try TrainingFiles.dataset(name, in: locator)
    }

    package static func datasetDigest(_ path: String, name: String) throws(DatasetError) -> String {
        try TrainingFiles.digest(of: path, name: name)
    }

    // MARK: Running

    package static func run(_ context: TaskContext) throws {
        guard let backend = context.model.backend as? CPUBackend else {
            throw TaskError("task 'lora' runs on the processor: wanted backend 'cpu'.")
        }
        try context.progress("reading the records", 0, of: 1)
        let data = try TrainingData(context)
        let adapter = try startingAdapter(context)
        let options = try options(context)
        let trainer = try LoRATrainer(
            checkpoint: context.model.checkpoint, backend: backend, adapter: adapter,
            examples: data.examples, options: options)
        try report(trainer, adapter, data, context)

        let base = try data.evaluate(context.model, "base", context)
        let loop = try TrainingLoop(trainer, context)
        let updates = try loop.run()
        let folder = try TrainingFiles.outputFolder(context)
        try trainer.adapter.write(to: folder, baseModel: nil)
        try report(updates, trainer, context)
        if let base {
            let model = try LanguageModel(
                checkpoint: context.model.checkpoint, backend: backend, adapter: trainer.adapter)
            context.addSource(model)
            let adapted = try data.evaluate(model, "adapted", context) ?? []
            try data.report(base, adapted, context)
        }
        if let peak = ProcessMemory.peakResidentBytes() {
            try context.metric(
                Metric(
                    name: "train_peak_resident_bytes", value: Double(peak), unit: "bytes",
                    higherIsBetter: false))
        }
        loop.removeCheckpoint()
    }

    private static func startingAdapter(_ context: TaskContext) throws -> LoRAAdapter {
        let model = try context.model.checkpoint.configuration()
        let dropout = Float(try context.number("lora_dropout"))
        if let folder = context.resources["init_adapter"] {
            var adapter = try LoRAAdapter(path: folder, for: model)
            adapter.configuration.dropout = dropout
            return adapter
        }
        let named = context.optionalString("target_modules").map { text in
            text.split { ", ".contains($0) }.map(String.init)
        }
        let configuration = LoRAConfiguration(
            rank: try context.integer("r"), alpha: Float(try context.number("lora_alpha")),
            dropout: dropout,
            usesRankStabilizedScaling: context.optionalBool("use_rslora") ?? false,
            targetModules: named ?? model.defaultAdapterTargets)
        return try LoRAAdapter(configuration, for: model, seed: seed(context))
    }

    private static func options(_ context: TaskContext) throws -> TrainingOptions {
        var options = TrainingOptions()
        options.learningRate = try context.number("learning_rate")
        options.schedule =
            LearningRateSchedule(rawValue: try context.string("lr_scheduler_type")) ?? .linear
        options.warmupSteps = try context.integer("warmup_steps")
        options.epochs = try context.integer("num_train_epochs")
        options.batchSize = try context.integer("per_device_train_batch_size")
        options.accumulationSteps = try context.integer("gradient_accumulation_steps")
        options.maxGradientNorm = try context.number("max_grad_norm")
        options.weightDecay = try context.number("weight_decay")
        options.bf16 = context.optionalBool("bf16") ?? false
        options.seed = seed(context)
        options.order = ExampleOrder(rawValue: try context.string("order")) ?? .shuffled
        return options
    }

    private static func seed(_ context: TaskContext) -> UInt64 {
        context.optionalNumber("seed").map { UInt64($0) } ?? context.job.cell.seed
    }

    // MARK: Reporting

    private static func report(
        _ trainer: LoRATrainer, _ adapter: LoRAAdapter, _ data: TrainingData,
        _ context: TaskContext
    ) throws {
        let facts: [(String, JSONValue)] = [
            ("training_products", .string(trainer.options.bf16 ? "bf16" : "f32")),
            ("trainable_parameters", .integer(Int64(trainer.parameterCount))),
            (
                "target_modules",
                .string(adapter.configuration.targetModules.joined(separator: ", "))
            ),
            ("train_records", .integer(Int64(data.examples.count))),
        ]
        for (name, value) in facts { try context.fact(name, value) }
    }

    private static func report(
        _ updates: [TrainingUpdate], _ trainer: LoRATrainer, _ context: TaskContext
    ) throws {
        if let first = updates.first, let last = updates.last {
            try context.metric(
                Metric(
                    name: "train_loss_first", value: first.loss, unit: "nats/token",
                    higherIsBetter: false, count: first.tokens))
            try context.metric(
                Metric(
                    name: "train_loss_last", value: last.loss, unit: "nats/token",
                    higherIsBetter: false, count: last.tokens))
        }
        let seconds = updates.reduce(0) { $0 + $1.seconds }
        let tokens = updates.reduce(0) { $0 + $1.tokens }
        try context.metric(
            Metric(
                name: "train_seconds", value: seconds, unit: "s", higherIsBetter: false,
                count: updates.count))
        guard seconds > 0 else { return }
        try context.metric(
            Metric(
                name: "train_tokens_per_second", value: Double(tokens) / seconds,
                unit: "tokens/s", higherIsBetter: true, count: updates.count))
    }
}
