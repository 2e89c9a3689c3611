import Basics
import Experiments
import LanguageModels

/// What a quantization has done to a model: the model against its parent in a finer format, on a
/// text and on multiple-choice questions.
///
/// On the text the measures are those of `llama-perplexity --kl-divergence`. On the questions the
/// distributions are those at the place of the answer, and the losses those of the right letter.
package enum FidelityTask: EvaluationTask {
    package static let kind = "fidelity"
    package static let version = 1
    package static let summary = "what a quantization changes: KL divergence, perplexity, flips"
    package static let settings: [Catalog.Setting] = [
        .init(
            "reference", .otherModel(words: []), default: .string("f32"),
            "the parent: a quantization of the same file, a model, or MODEL:QUANTIZATION"),
        .init(
            "text", .text, default: .string("fidelity-text"),
            "the text, a folder's name among the datasets; none leaves it out"),
        .init(
            "n_ctx", .integer(16...1_000_000), default: .integer(512),
            "tokens of a chunk of the text, whose second half counts"),
        .init(
            "chunks", .integer(1...1_000_000), default: .null,
            "chunks of the text at most; all when not set"),
        .init(
            "dataset", .choice(["mini-mmlu", "mmlu", "none"]), default: .string("mini-mmlu"),
            "the questions; none leaves them out"),
        .init(
            "num_fewshot", .integer(0...5), default: .integer(5),
            "solved examples before each question"),
        .init(
            "limit", .countOrShare, default: .null,
            "questions per subject, a count or a fraction below 1; all when not set"),
        LimitOrder.setting,
    ]

    package static func findDataset(_ name: String, in locator: DatasetLocator)
        throws(DatasetError) -> String
    {
        try MMLUTask.findDataset(name, in: locator)
    }

    package static func datasetDigest(_ path: String, name: String) throws(DatasetError) -> String {
        try MMLUTask.datasetDigest(path, name: name)
    }

    /// Records of this kind hold the sums of one chunk of the text.
    static let chunkRecord = "fidelity_chunk"
    /// Records of this kind hold one question's answers.
    static let questionRecord = "fidelity_question"

    package static func run(_ context: TaskContext) throws {
        let cell = context.job.cell
        guard cell.textName != nil || cell.datasetName != nil else {
            throw TaskError(
                "task '\(cell.task)': text and dataset are both none, and so there is nothing to "
                    + "compare on. Set one of them.")
        }
        let reference = try context.otherModel("reference")
        try check(reference, context.model)
        try context.fact("reference", .string(referenceName(cell)))
        if let name = cell.textName {
            try context.fact("text", .string(name))
            let tally = try compareText(named: name, with: reference, context)
            for metric in tally.metrics() { try context.metric(metric) }
        }
        if cell.datasetName != nil {
            let (tally, flips) = try FidelityQuestions(context, reference: reference).compare()
            for metric in tally.metrics(suffix: "/questions") { try context.metric(metric) }
            for metric in flips.metrics { try context.metric(metric) }
        }
    }

    /// `smollm2 f32`.
    private static func referenceName(_ cell: Cell) -> String {
        cell.otherModels["reference"].map { "\($0.model) \($0.quantization)" } ?? "none"
    }

    /// Ids must mean the same tokens on both sides.
    private static func check(_ reference: LanguageModel, _ model: LanguageModel) throws {
        let (wanted, found) = (try reference.tokenizer(), try model.tokenizer())
        let probe = "The quick brown fox: x = 3.14; déjà vu\n"
        guard reference.shape.vocabulary == model.shape.vocabulary,
            wanted.encode(probe, addBOS: nil, parseSpecial: true)
                == found.encode(probe, addBOS: nil, parseSpecial: true)
        else {
            throw TaskError(
                "the reference has other tokens than the model, so their distributions cannot be "
                    + "compared. Name a reference of the same family.")
        }
    }

    // MARK: - Text

    private static func compareText(
        named name: String, with reference: LanguageModel, _ context: TaskContext
    ) throws -> FidelityTally {
        guard let path = context.resources["text"] else {
            throw TaskError("the job came without the place of its text.")
        }
        let file = try TextFile(path: path, name: name)
        if let expected = context.job.inputs["text"], expected != file.digest {
            throw TaskError("text '\(name)' has changed since the run was planned. Start again.")
        }
        let length = try context.integer("n_ctx")
        guard length <= min(reference.shape.contextLength, context.model.shape.contextLength) else {
            throw TaskError(
                "task '\(context.job.cell.task)': n_ctx is \(length), the model's context is "
                    + "\(context.model.shape.contextLength). Set a smaller n_ctx.")
        }
        let tokens = try context.model.tokenizer()
            .encode(file.text, addBOS: nil, parseSpecial: true)
        let limit = context.optionalNumber("chunks").map { Int($0) } ?? .max
        let chunks = min(tokens.count / length, limit)
        guard chunks > 0 else {
            throw TaskError(
                "text '\(name)' has \(tokens.count) tokens, wanted at least one chunk of "
                    + "\(length). Give a longer text or a smaller n_ctx.")
        }
        let comparison = try TextComparison(
            reference: reference, other: context.model, contextLength: length,
            computation: context.computation)
        var whole = FidelityTally()
        let finished = try context.completedTallies(of: chunkRecord)
        for chunk in 0..<chunks {
            if let tally = finished[chunk] {
                whole.add(tally)
                continue
            }
            try context.progress("text", chunk, of: chunks)
            var tally = FidelityTally()
            let start = chunk * length
            for distance in comparison.distances(tokens[start..<start + length]) {
                tally.add(
                    divergence: distance.divergence, isSameTop: distance.isSameTop,
                    referenceLoss: distance.referenceLoss ?? 0, loss: distance.loss ?? 0)
            }
            try context.record(
                JobRecord(kind: chunkRecord, index: chunk, values: tally.recordValues()))
            whole.add(tally)
        }
        return whole
    }
}
