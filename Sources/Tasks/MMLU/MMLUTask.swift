import Basics
import Experiments
import LanguageModels

/// Multiple-choice questions in MMLU's layout, scored as lm-evaluation-harness's `mmlu` group
/// does: the log-likelihood of " A", " B", " C", " D" after the prompt.
package enum MMLUTask: EvaluationTask {
    package static let kind = "mmlu"
    package static let version = 2
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
        LimitOrder.setting,
        .init(
            "apply_chat_template", .bool, default: .bool(false),
            "ask in the model's chat template, the description as its system message"),
        .init(
            "fewshot_as_multiturn", .bool, default: .bool(true),
            "with a chat template: the examples as turns of their own, or in one message"),
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
        let order = LimitOrder(try context.string("limit_by"), seed: context.job.cell.seed)
        let shots = try context.integer("num_fewshot")
        let form = try Form(context)
        let scorer = try ContinuationScorer(
            model: context.model, options: .init(computation: context.computation))
        let total = dataset.subjects.reduce(0) { $0 + limit.count(of: $1.questions.count) }
        let completed = context.completed.samples

        var samples: [EvaluatedSample] = []
        for subject in dataset.subjects {
            let prompt = try MMLUPrompt(subject: subject, shots: shots)
            let places = limit.places(
                of: subject.questions.count, by: order, group: subject.name)
            // Some at a time, as many as fit into a pass with their common examples cached.
            for first in stride(from: 0, to: places.count, by: questionsTogether) {
                try context.progress(subject.name, samples.count, of: total)
                let together = places.dropFirst(first).prefix(questionsTogether).enumerated()
                    .map { (index: samples.count + $0, question: subject.questions[$1]) }
                let open = together.filter { completed[$0.index] == nil }
                let scores = try scorer.score(
                    open.map {
                        .init(
                            context: try form.context(prompt, $0.question),
                            continuations: form.continuations)
                    })
                var found = completed
                for (item, scores) in zip(open, scores) {
                    let sample = sample(
                        index: item.index, subject: subject.name, question: item.question,
                        prompt: prompt, logProbabilities: scores.map(\.logProbability))
                    try context.sample(sample)
                    found[item.index] = sample
                }
                samples += together.compactMap { found[$0.index] }
            }
        }
        try context.fact("prompt_template", .string(form.name))
        for metric in MMLUScores(samples: samples).metrics { try context.metric(metric) }
    }

    /// How a question is put: as plain text, or in a chat template.
    private struct Form {
        private let chat: HarnessChat?
        private let multiturn: Bool

        init(_ context: TaskContext) throws {
            chat =
                try context.bool("apply_chat_template")
                ? try HarnessChat(context.model.tokenizer()) : nil
            multiturn = try context.bool("fewshot_as_multiturn")
        }

        var continuations: [String] { chat == nil ? MMLUPrompt.continuations : MMLUPrompt.answers }

        func context(_ prompt: MMLUPrompt, _ question: MMLUDataset.Question) throws -> String {
            guard let chat else { return prompt.prefix + prompt.question(question) }
            return try chat.text(of: prompt.conversation(question, multiturn: multiturn))
        }

        var name: String {
            let chatName = multiturn ? ", chat template, examples as turns" : ", chat template"
            return "lm-evaluation-harness mmlu" + (chat == nil ? "" : chatName)
        }
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
