/// A score that others have published for a model of the catalog.
struct PublishedScore: Sendable {
    /// The catalog's name of the model.
    let model: String
    /// The dataset, by the name that a manifest gives it.
    let dataset: String
    /// The metric of ours that comes nearest.
    let metric: String
    let score: Double
    /// How it was measured, as far as the source says.
    let method: String
    let source: String
    let address: String
}

/// Scores that were looked up at their source; none from memory.
///
/// A new one is a line here. TinyLlama-1.1B-Chat-v1.0 has none: its authors publish none for it.
enum PublishedScores {
    static let all: [PublishedScore] = [
        PublishedScore(
            model: "llama-3.2-1b", dataset: "mmlu", metric: "acc_macro", score: 0.322,
            method: "5-shot, mean of the subjects", source: "Meta's model card",
            address: llamaModels + "llama3_2/MODEL_CARD.md"),
        PublishedScore(
            model: "llama-3.1-8b", dataset: "mmlu", metric: "acc_macro", score: 0.667,
            method: "5-shot, mean of the subjects", source: "Meta's model card",
            address: llamaModels + "llama3_1/MODEL_CARD.md"),
        PublishedScore(
            model: "stablelm-2-1.6b", dataset: "mmlu", metric: "acc", score: 0.3893,
            method: "5-shot, Open LLM Leaderboard", source: "model card of StableLM 2 Zephyr",
            address: "https://huggingface.co/stabilityai/stablelm-2-zephyr-1_6b"),
        PublishedScore(
            model: "pythia-1b", dataset: "mmlu", metric: "acc", score: 0.257,
            method: "5-shot, Instruct-Eval", source: "TinyLlama's evaluation",
            address: tinyLlama),
        PublishedScore(
            model: "pythia-1b", dataset: "humaneval", metric: "pass@1", score: 0.0183,
            method: "one sample, Instruct-Eval", source: "TinyLlama's evaluation",
            address: tinyLlama),
    ]

    private static let llamaModels = "https://github.com/meta-llama/llama-models/blob/main/models/"
    private static let tinyLlama = "https://github.com/jzhang38/TinyLlama/blob/main/EVAL.md"
}
