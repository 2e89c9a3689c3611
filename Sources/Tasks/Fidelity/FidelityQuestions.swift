import Basics
import Experiments
import LanguageModels

/// Multiple-choice questions put to a model and to its reference, as the task `mmlu` puts them.
struct FidelityQuestions {
    private let context: TaskContext
    private let dataset: MMLUDataset
    private let limit: SampleLimit
    private let order: LimitOrder
    private let shots: Int
    private let referenceScorer: ContinuationScorer
    private let scorer: ContinuationScorer

    /// As in `MMLUTask`; of so many the reference's logits [V] are held.
    static let questionsTogether = 8

    init(_ context: TaskContext, reference: LanguageModel) throws {
        self.context = context
        dataset = try MMLUDataset.load(
            folder: context.datasetPath(), name: context.string("dataset"))
        try context.expectDataset(dataset.name, digest: dataset.digest)
        limit = try SampleLimit(setting: context.job.cell.taskSettings["limit"] ?? .null)
        order = LimitOrder(try context.string("limit_by"), seed: context.job.cell.seed)
        shots = try context.integer("num_fewshot")
        let options = ContinuationScorer.Options(computation: context.computation)
        referenceScorer = try ContinuationScorer(model: reference, options: options)
        scorer = try ContinuationScorer(model: context.model, options: options)
    }

    func compare() throws -> (FidelityTally, AnswerFlips) {
        var (tally, flips) = (FidelityTally(), AnswerFlips())
        var index = 0
        let finished = completedAnswers()
        let total = dataset.subjects.reduce(0) { $0 + limit.count(of: $1.questions.count) }
        for subject in dataset.subjects {
            let prompt = try MMLUPrompt(subject: subject, shots: shots)
            let questions = limit.places(
                of: subject.questions.count, by: order, group: subject.name
            ).map { subject.questions[$0] }
            for first in stride(from: 0, to: questions.count, by: Self.questionsTogether) {
                let together = Array(questions.dropFirst(first).prefix(Self.questionsTogether))
                let known = together.indices.compactMap { finished[index + $0] }
                // A group is committed whole, so it is there whole or not at all.
                var answers = known
                if known.count < together.count {
                    try context.progress(subject.name, index, of: total)
                    answers = try compare(together, of: subject.name, prompt)
                    for (offset, answer) in answers.enumerated()
                    where finished[index + offset] == nil {
                        try context.record(
                            JobRecord(
                                kind: FidelityTask.questionRecord, index: index + offset,
                                values: answer.values))
                    }
                }
                for answer in answers {
                    tally.add(answer.tally)
                    flips.add(
                        reference: answer.reference, prediction: answer.prediction,
                        answer: answer.answer)
                }
                index += together.count
            }
        }
        return (tally, flips)
    }

    private func completedAnswers() -> [Int: FidelityAnswer] {
        let records = context.completed.records[FidelityTask.questionRecord] ?? []
        return Dictionary(
            records.compactMap { record in FidelityAnswer(record.values).map { (record.index, $0) }
            }
        ) { $1 }
    }

    private func compare(
        _ questions: [MMLUDataset.Question], of subject: String, _ prompt: MMLUPrompt
    ) throws -> [FidelityAnswer] {
        let requests = questions.map {
            ContinuationScorer.Request(
                context: prompt.prefix + prompt.question($0),
                continuations: MMLUPrompt.continuations)
        }
        var held: [Int: [Float]] = [:]
        let expected = try referenceScorer.score(requests) { held[$0] = Array($1) }
        var distances: [Int: DistributionDistance] = [:]
        let found = try scorer.score(requests) { request, logits in
            held[request]?.withUnsafeBufferPointer {
                distances[request] = DistributionDistance(from: $0, to: logits, target: nil)
            }
        }
        return questions.enumerated().map { index, question in
            guard let distance = distances[index] else {
                preconditionFailure("every question has a place for its answer")
            }
            let (reference, other) = (
                expected[index].map(\.logProbability), found[index].map(\.logProbability)
            )
            var tally = FidelityTally()
            tally.add(
                divergence: distance.divergence, isSameTop: distance.isSameTop,
                referenceLoss: -reference[question.answer], loss: -other[question.answer])
            return FidelityAnswer(
                subject: subject, answer: question.answerLetter,
                reference: Self.letter(reference), prediction: Self.letter(other), tally: tally)
        }
    }

    /// The likeliest letter, the first one on ties.
    private static func letter(_ logProbabilities: [Double]) -> String {
        var best = 0
        for choice in logProbabilities.indices
        where logProbabilities[choice] > logProbabilities[best] {
            best = choice
        }
        return MMLUDataset.letters[best]
    }
}
