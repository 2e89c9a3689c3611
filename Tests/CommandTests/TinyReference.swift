import Basics
import TestSupport

/// What transformers computes with the miniature model in float32
/// (`Tests/Fixtures/make_tiny_llama.py`).
struct TinyReference: Decodable {
    struct Text: Decodable {
        struct Score: Decodable {
            var continuation: String
            var tokens: Int
            var logprob: Double
            var greedy: Bool
        }

        var text: String
        var prompt: [Int32]
        var greedy: [Int32]
        var logprobs: [Double]
        var scores: [Score]
    }

    var texts: [Text]

    static func load() throws -> TinyReference {
        try Fixtures.json(TinyReference.self, "tiny-llama.reference.json")
    }

    /// Largest difference of a token's log-probability; both sides compute in f32, in different
    /// orders.
    static let tolerance = 5e-4
}

/// What `generate --json` prints.
struct GeneratedText: Decodable, Hashable {
    var prompt_tokens: [Int32]
    var tokens: [Int32]
    var logprobs: [Double]
    var text: String
}

/// A line of `score --json`.
struct ScoredLine: Decodable, Hashable {
    var logprobs: [Double]
    var tokens: [Int]
    var greedy: [Bool]
}
