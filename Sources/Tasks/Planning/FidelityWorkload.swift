import Basics

extension FidelityTask {
    /// Bytes of text in a token.
    private static let bytesPerToken = 4

    /// Of one of the two models.
    package static func workload(_ question: WorkloadQuestion) throws -> TaskWorkload? {
        guard let length = question.integer("n_ctx") else { return nil }
        var load = TaskWorkload(positions: length)
        if question.dataset != nil {
            guard let questions = try MMLUTask.workload(question) else { return nil }
            load = questions
            load.positions = max(load.positions, length)
            load.heldLogits = FidelityQuestions.questionsTogether
        }
        if let text = question.text {
            let tokens = Int(try FileSystem.size(of: text)) / bytesPerToken
            let chunks = min(tokens / length, question.integer("chunks") ?? .max)
            load.addPrompt(length, times: max(chunks, 1))
            load.heldLogits = max(load.heldLogits, length / 2)
        }
        return load
    }
}
