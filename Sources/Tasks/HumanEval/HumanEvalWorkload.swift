import Basics

extension ProblemTask {
    /// Tokens of a completion, as far as experience goes; few are as long as the limit.
    private static var usualTokens: Int { 200 }
    /// Bytes of source text in a token: three for the amount of work, two to be sure of room.
    private static var bytesPerToken: (work: Int, room: Int) { (3, 2) }

    package static func workload(_ question: WorkloadQuestion) throws -> TaskWorkload? {
        guard let path = question.dataset, let repeats = question.integer("repeats"),
            let tokenLimit = question.integer("max_gen_toks"),
            let width = question.integer("batch_size")
        else { return nil }
        let problems = try HumanEvalProblem.load(path: path)
        let limit = try SampleLimit(setting: question.settings["limit"] ?? .null)
        let asked = problems.prefix(limit.count(of: problems.count))
        let samples = asked.count * repeats
        let together = min(width, samples)
        // Whatever a limit draws, the longest prompt may be among it.
        let longest = problems.map(\.prompt.utf8.count).max() ?? 0
        var load = TaskWorkload(
            positions: longest / bytesPerToken.room + tokenLimit, sequences: together + 1,
            isCutToContext: true)
        let tokens = min(tokenLimit, usualTokens)
        for problem in asked {
            let prompt = problem.prompt.utf8.count / bytesPerToken.work
            load.addPrompt(prompt)
            // Samples in step read the weights once, and each is computed.
            if together > 1 { load.addPrompt(tokens, after: prompt, times: repeats) }
        }
        let depth = longest / bytesPerToken.work
        load.addSteps(tokens, after: depth, times: (samples + together - 1) / max(together, 1))
        return load
    }
}
