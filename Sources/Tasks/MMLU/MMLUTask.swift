import Basics
import Experiments
import LanguageModels

/// Multiple-choice questions in MMLU's layout, scored as lm-evaluation-harness's `mmlu` group
/// does: the log-likelihood of " A", " B", " C", " D" after the prompt.
package enum MMLUTask: EvaluationTask {
    package static let kind = "mmlu"
    package static let version = 1
    package static let summary = "multiple-choice knowledge, scored as lm-evaluation-harness does"
    package static let settings: [Catalog.Setting] = [
        .init(
            "dataset", .choice(["mini-mmlu", "mmlu"]), default: .string("mini-mmlu"),
            "mini-mmlu comes with the program; mmlu is the real set, when it is there"),
        .init(
            "num_fewshot", .integer(0...5), default: .integer(5),
            "solved examples before each question"),
        .init(
            "limit", .countOrShare, default: .null,
            "questions per subject, a count or a fraction below 1; all when not set"),
    ]

    private static let questionsTogether = 8

    package static func findDataset(_ name: String, in locator: DatasetLocator)
        throws(DatasetError) -> String
    {
        try locator.locate(name).path
    }

    package static func datasetDigest(_ path: String, name: String) throws(DatasetError) -> String {
        try MMLUDataset.load(folder: path, name: name).digest
    }

    package static func run(_ context: TaskContext) throws {
        let dataset = try MMLUDataset.load(
            folder: context.datasetPath(), name: context.string("dataset"))
        try context.expectDataset(dataset.name, digest: dataset.digest)
        let limit = try SampleLimit(setting: context.job.cell.taskSettings["limit"] ?? .null)
        let shots = try context.integer("num_fewshot")
        let scorer = try ContinuationScorer(
            model: context.model, options: .init(computation: context.computation))
        let total = dataset.subjects.reduce(0) { $0 + limit.count(of: $1.questions.count) }

        var samples: [EvaluatedSample] = []
        for subject in dataset.subjects {
            let prompt = try MMLUPrompt(subject: subject, shots: shots)
            let questions = subject.questions.prefix(limit.count(of: subject.questions.count))
            // Some at a time, as many as fit into a pass with their common examples cached.
            for first in stride(from: 0, to: questions.count, by: questionsTogether) {
                try context.progress(subject.name, samples.count, of: total)
                let together = questions.dropFirst(first).prefix(questionsTogether)
                let scores = try scorer.score(
                    together.map {
                        .init(
                            context: prompt.prefix + prompt.question($0),
                            continuations: MMLUPrompt.continuations)
                    })
                for (question, scores) in zip(together, scores) {
                    let sample = sample(
                        index: samples.count, subject: subject.name, question: question,
                        prompt: prompt, logProbabilities: scores.map(\.logProbability))
                    try context.sample(sample)
                    samples.append(sample)
                }
            }
        }
        try context.fact("prompt_template", .string("lm-evaluation-harness mmlu"))
        for metric in MMLUScores(samples: samples).metrics { try context.metric(metric) }
    }

    /// The prediction is the likeliest letter, the first one on ties.
    private static func sample(
        index: Int, subject: String, question: MMLUDataset.Question, prompt: MMLUPrompt,
        logProbabilities: [Double]
    ) -> EvaluatedSample {
        var best = 0
        for choice in logProbabilities.indices
        where logProbabilities[choice] > logProbabilities[best] {
            best = choice
        }
        return EvaluatedSample(
            index: index, subject: subject, question: prompt.question(question),
            logProbabilities: logProbabilities, prediction: MMLUDataset.letters[best],
            answer: question.answerLetter, isCorrect: best == question.answer)
    }
}
