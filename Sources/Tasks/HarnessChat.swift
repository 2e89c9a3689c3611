import Experiments
import LanguageModels

/// A model's chat template as lm-evaluation-harness applies it.
struct HarnessChat {
    private let format: ChatFormat

    /// - Throws: `JobFailure.skipped` where the model has no template.
    init(_ tokenizer: Tokenizer) throws {
        guard tokenizer.chatTemplate != nil else {
            throw JobFailure.skipped(
                reason: "the model has no chat template. Set apply_chat_template: false, or take "
                    + "a model that was made to chat.")
        }
        format = try ChatFormat(tokenizer: tokenizer)
    }

    /// The text up to where the answer begins, or up to the end of an answer that is begun.
    ///
    /// A template that refuses is asked once more without system messages.
    func text(of messages: [ChatMessage]) throws -> String {
        do {
            return try render(messages)
        } catch let error as ChatTemplateError where [.refused, .evaluation].contains(error.kind) {
            return try render(messages.filter { $0.role != "system" })
        }
    }

    private func render(_ messages: [ChatMessage]) throws -> String {
        messages.last?.role == "assistant"
            ? try format.text(continuing: messages) : try format.text(of: messages)
    }
}
