import Basics
import Experiments
import LanguageModels
import Training

/// The records of a `lora` job as tokens, and what they are measured with.
struct TrainingData {
    let examples: [TrainingExample]
    let answerFormat: AnswerFormat?
    /// Nil where nothing is held out, or nothing is to be measured.
    private let evaluation: HeldOutEvaluation?

    init(_ context: TaskContext) throws {
        let path = try context.datasetPath()
        let name = try context.string("dataset")
        try context.expectDataset(name, digest: LoRATask.datasetDigest(path, name: name))
        let dataset = try InstructionDataset(path: path)
        let entries = dataset.training.prefix(try context.integer("max_train_samples"))
        let maxLength = try context.integer("max_length")
        answerFormat = dataset.answerFormat

        // Tokens need no tokenizer, which random weights do not have.
        let ready = entries.compactMap { entry -> [Int32]? in
            if case .tokens(let tokens) = entry.instruction { tokens } else { nil }
        }
        guard ready.count < entries.count else {
            examples = ready.map { tokens in
                let kept = Array(tokens.prefix(maxLength))
                return TrainingExample(tokens: kept, isTarget: kept.indices.map { $0 > 0 })
            }
            evaluation = nil
            return
        }
        let tokens = try InstructionTokens(
            tokenizer: context.model.tokenizer(), maxLength: maxLength,
            completionOnly: context.optionalBool("completion_only_loss"))
        examples = try entries.map { try tokens.example($0) }
        let isWanted = try context.string("eval_split") == "test"
        evaluation = try dataset.heldOut.flatMap { heldOut in
            guard isWanted else { return nil }
            return try HeldOutEvaluation(
                heldOut, tokens: tokens,
                answerLimit: context.integer("eval_max_new_tokens"))
        }
    }

    /// Figures of a model on the held-out records, reported; nil where there are none.
    func evaluate(
        _ model: LanguageModel, _ variant: String, _ context: TaskContext
    ) throws -> [HeldOutOutcome]? {
        guard let evaluation else { return nil }
        let phase = "held-out records, \(variant)"
        try context.progress(phase, 0, of: evaluation.count)
        let outcomes = try evaluation.outcomes(of: model, computation: context.computation) {
            index, _ in
            try context.progress(phase, index + 1, of: evaluation.count)
        }
        for metric in EvaluationMetrics.metrics(
            of: outcomes, variant: variant, format: answerFormat)
        {
            try context.metric(metric)
        }
        return outcomes
    }

    /// What has changed, as figures and answer by answer.
    func report(
        _ base: [HeldOutOutcome], _ adapted: [HeldOutOutcome], _ context: TaskContext
    ) throws {
        guard let evaluation else { return }
        for metric in EvaluationMetrics.changes(from: base, to: adapted, format: answerFormat) {
            try context.metric(metric)
        }
        let reported = context.completed.records[HeldOutEvaluation.recordKind]?.count ?? 0
        let records = evaluation.jobRecords(base: base, adapted: adapted, format: answerFormat)
        for record in records.dropFirst(reported) { try context.record(record) }
    }
}
