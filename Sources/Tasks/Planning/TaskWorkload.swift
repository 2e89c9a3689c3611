import Basics

/// What a task will ask of a model, as far as its settings tell.
package struct TaskWorkload: Hashable, Sendable {
    /// Positions of the longest sequence.
    package var positions: Int
    /// Sequences of that length that the cache has room for.
    package var sequences: Int
    /// Whether what exceeds the model's context is cut, and so needs no positions.
    package var isCutToContext: Bool
    /// Rows of logits [V] that are held in f32 at a time.
    package var heldLogits = 0
    /// Tokens fed many at a time.
    package var promptTokens: Int
    /// Pairs of a prompt's token and a position that it attends to.
    package var promptPairs: Int
    /// Tokens fed one at a time.
    package var steps: Int
    /// The same pairs for tokens fed one at a time.
    package var stepPairs: Int

    package init(
        positions: Int, sequences: Int = 1, isCutToContext: Bool = false, promptTokens: Int = 0,
        promptPairs: Int = 0, steps: Int = 0, stepPairs: Int = 0
    ) {
        self.positions = positions
        self.sequences = sequences
        self.isCutToContext = isCutToContext
        self.promptTokens = promptTokens
        self.promptPairs = promptPairs
        self.steps = steps
        self.stepPairs = stepPairs
    }

    /// Positions of the cache for a model of a context length.
    package func cachePositions(context: Int) -> Int {
        sequences * (isCutToContext ? min(positions, context) : positions)
    }

    /// Adds `count` prompt tokens after `depth` that are in the cache, `times` times.
    mutating func addPrompt(_ count: Int, after depth: Int = 0, times: Int = 1) {
        promptTokens += times * count
        promptPairs += times * Self.pairs(count, after: depth)
    }

    /// Adds `count` decoding steps after `depth` positions, `times` times.
    mutating func addSteps(_ count: Int, after depth: Int, times: Int = 1) {
        steps += times * count
        stepPairs += times * Self.pairs(count, after: depth)
    }

    private static func pairs(_ count: Int, after depth: Int) -> Int {
        count * depth + count * (count + 1) / 2
    }
}

/// What a task is given to say how much work it is.
package struct WorkloadQuestion: Hashable, Sendable {
    package var settings: [String: JSONValue]
    /// The dataset's folder, where the task has one.
    package var dataset: String?
    /// The file of the text, where the task has one.
    package var text: String?

    package init(settings: [String: JSONValue], dataset: String? = nil, text: String? = nil) {
        self.settings = settings
        self.dataset = dataset
        self.text = text
    }

    /// A setting that the plan has checked and filled in.
    func integer(_ key: String) -> Int? {
        if case .integer(let value)? = settings[key] { return Int(value) }
        return nil
    }
}

extension SpeedTask {
    package static func workload(_ question: WorkloadQuestion) -> TaskWorkload? {
        guard let prompt = question.integer("n_prompt"), let steps = question.integer("n_gen"),
            let depth = question.integer("n_depth"),
            let repetitions = question.integer("repetitions")
        else { return nil }
        var load = TaskWorkload(positions: max(depth + max(prompt, steps), 1))
        load.addPrompt(depth)
        // A run to warm up, the timed ones, and without a depth those to the first token.
        load.addPrompt(
            prompt, after: depth, times: 1 + repetitions * (depth == 0 ? 2 : 1))
        load.addSteps(steps, after: depth, times: repetitions)
        return load
    }
}

extension MemoryTask {
    package static func workload(_ question: WorkloadQuestion) -> TaskWorkload? {
        guard let prompt = question.integer("n_prompt"), let steps = question.integer("n_gen")
        else { return nil }
        var load = TaskWorkload(positions: max(prompt + steps, 1))
        load.addPrompt(prompt)
        load.addSteps(steps, after: prompt)
        return load
    }
}

extension MMLUTask {
    /// Bytes of English text in a token: four for the amount of work, three to be sure of room.
    private static let bytesPerToken = (work: 4, room: 3)

    package static func workload(_ question: WorkloadQuestion) throws -> TaskWorkload? {
        guard let folder = question.dataset, let shots = question.integer("num_fewshot") else {
            return nil
        }
        let dataset = try MMLUDataset.load(folder: folder)
        let limit = try SampleLimit(setting: question.settings["limit"] ?? .null)
        // Two beginnings, the questions of a pass, and pages that are filled in part.
        var load = TaskWorkload(positions: 1024, sequences: 4, isCutToContext: true)
        var longest = 0
        for subject in dataset.subjects {
            let prompt = try MMLUPrompt(subject: subject, shots: shots)
            let shared = prompt.prefix.utf8.count
            load.addPrompt(shared / bytesPerToken.work)
            for item in subject.questions.prefix(limit.count(of: subject.questions.count)) {
                let own = prompt.question(item).utf8.count
                load.addPrompt(
                    own / bytesPerToken.work, after: shared / bytesPerToken.work)
                longest = max(longest, shared + own)
            }
        }
        // As the scorer grows.
        while load.positions < longest / bytesPerToken.room { load.positions *= 2 }
        return load
    }
}
