import Basics
import Experiments
import LanguageModels
import Tensors

/// What decoding with a draft is worth: the same prompts with and without, in one process.
///
/// Greedy output must be the same both ways, token for token, or the job fails. With random
/// weights only the costs are measured: what a draft step and passes of several rows take.
package enum SpeculativeTask: EvaluationTask {
    package static let kind = "speculative"
    package static let version = 1
    package static let summary = "decoding with a draft against plain decoding, and what it costs"
    package static let needsRealWeights = false
    package static let settings: [Catalog.Setting] = [
        .init(
            "draft", .otherModel(words: DraftFreeProposer.allCases.map(\.rawValue)),
            default: .string("lookup"),
            "what guesses ahead: a model, or lookup or ngram, which use the text itself"),
        .init(
            "k", .integersOrAuto(1...DraftLength.most), default: .string("auto"),
            "tokens of a draft; a list makes a job of each; auto takes what pays off"),
        .init(
            "dataset", .text, default: .string("prompts"),
            "a folder in datasets/ with prompts.jsonl; prompts has 40 in four categories"),
        .init(
            "limit", .countOrShare, default: .null,
            "prompts of each category, a count or a fraction below 1; all when not set"),
        .init(
            "n_gen", .integer(2...1_000_000), default: .integer(128),
            "tokens to decode after each prompt at most"),
        .init(
            "temperature", .number(0...100), default: .number(0), "0 is greedy, and is proved equal"
        ),
        .init("top_k", .integer(0...1_000_000), default: .integer(0), "0 draws among all tokens"),
        .init("top_p", .number(1e-6...1), default: .number(1), "1 draws among all tokens"),
        .init(
            "repetitions", .integer(1...1000), default: .integer(1),
            "times that each prompt is decoded both ways"),
    ]

    package static func findDataset(_ name: String, in locator: DatasetLocator)
        throws(DatasetError) -> String
    {
        try PromptSet.locate(name, in: locator)
    }

    package static func datasetDigest(_ path: String, name: String) throws(DatasetError) -> String {
        do { return try PromptSet.digest(path) } catch {
            throw DatasetError("dataset '\(name)'", "\(error)")
        }
    }

    package static func run(_ context: TaskContext) throws {
        #if DEBUG
            throw JobFailure.skipped(
                reason: "this is a debug build, whose timings say nothing. Build with "
                    + "`swift build -c release`.")
        #else
            try measure(context)
        #endif
    }

    /// Everything but the check of the build, so that tests can run it.
    static func measure(_ context: TaskContext) throws {
        let draft = try context.draft()
        let length = try draftLength(context)
        let costs = try SpeculativeCosts.measure(context, draft: draft, length: length)
        var isSynthetic = context.model.isSynthetic
        if case .model(let model, _) = draft { isSynthetic = isSynthetic || model.isSynthetic }
        guard !isSynthetic else {
            try context.fact(
                "acceptance_absent", .string("random weights: what they accept means nothing"))
            for metric in costs.metrics(length: length, outcome: nil) { try context.metric(metric) }
            return
        }
        let records = try SpeculativeRun(context, draft: draft, length: length).records()
        let outcome = SpeculativeOutcome(records)
        for (name, value) in outcome.facts { try context.fact(name, value) }
        for metric in outcome.metrics { try context.metric(metric) }
        for metric in costs.metrics(length: length, outcome: outcome) {
            try context.metric(metric)
        }
    }

    private static func draftLength(_ context: TaskContext) throws -> DraftLength {
        if case .string("auto")? = context.job.cell.taskSettings["k"] { return .auto }
        return .fixed(try context.integer("k"))
    }
}

extension TaskContext {
    /// The setting `draft`: a proposer without a model, or the second model, loaded.
    func draft() throws -> Draft {
        if let text = try? string("draft"), let kind = DraftFreeProposer(rawValue: text) {
            return .free(kind)
        }
        guard let other = job.cell.otherModels["draft"] else {
            throw TaskError("the job came without its draft.")
        }
        return .model(
            try otherModel("draft"), name: "\(other.model) \(other.quantization)")
    }

    var sampling: SamplingOptions {
        get throws {
            SamplingOptions(
                temperature: optionalNumber("temperature") ?? 0, topK: try integer("top_k"),
                topP: optionalNumber("top_p") ?? 1, seed: job.cell.seed)
        }
    }
}
