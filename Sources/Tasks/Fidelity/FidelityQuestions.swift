import Experiments
import LanguageModels

/// Multiple-choice questions put to a model and to its reference, as the task `mmlu` puts them.
struct FidelityQuestions {
    private let context: TaskContext
    private let dataset: MMLUDataset
    private let limit: SampleLimit
    private let shots: Int
    private let referenceScorer: ContinuationScorer
    private let scorer: ContinuationScorer

    /// As in `MMLUTask`; of so many the reference's logits [V] are held.
    static let questionsTogether = 8

    init(_ context: TaskContext, reference: LanguageModel) throws {
        guard let folder = context.resources["dataset"] else {
            throw TaskError("the job came without the place of its dataset.")
        }
        self.context = context
        dataset = try MMLUDataset.load(folder: folder, name: context.string("dataset"))
        if let expected = context.job.datasetDigest, expected != dataset.digest {
            throw TaskError(
                "dataset '\(dataset.name)' has changed since the run was planned. Start again.")
        }
        limit = try SampleLimit(setting: context.job.cell.taskSettings["limit"] ?? .null)
        shots = try context.integer("num_fewshot")
        let options = ContinuationScorer.Options(computation: context.computation)
        referenceScorer = try ContinuationScorer(model: reference, options: options)
        scorer = try ContinuationScorer(model: context.model, options: options)
    }

    func compare() throws -> (FidelityTally, AnswerFlips) {
        var (tally, flips) = (FidelityTally(), AnswerFlips())
        let total = dataset.subjects.reduce(0) { $0 + limit.count(of: $1.questions.count) }
        for subject in dataset.subjects {
            let prompt = try MMLUPrompt(subject: subject, shots: shots)
            let questions = subject.questions.prefix(limit.count(of: subject.questions.count))
            for first in stride(from: 0, to: questions.count, by: Self.questionsTogether) {
                try context.progress(subject.name, tally.count, of: total)
                let together = questions.dropFirst(first).prefix(Self.questionsTogether)
                try compare(Array(together), prompt, &tally, &flips)
            }
        }
        return (tally, flips)
    }

    private func compare(
        _ questions: [MMLUDataset.Question], _ prompt: MMLUPrompt, _ tally: inout FidelityTally,
        _ flips: inout AnswerFlips
    ) throws {
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
        for (index, question) in questions.enumerated() {
            guard let distance = distances[index] else {
                preconditionFailure("every question has a place for its answer")
            }
            let (reference, other) = (
                expected[index].map(\.logProbability), found[index].map(\.logProbability)
            )
            tally.add(
                divergence: distance.divergence, isSameTop: distance.isSameTop,
                referenceLoss: -reference[question.answer], loss: -other[question.answer])
            flips.add(
                reference: Self.letter(reference), prediction: Self.letter(other),
                answer: question.answerLetter)
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
