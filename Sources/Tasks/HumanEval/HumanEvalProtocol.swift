/// How a model is asked for a completion, and what of its text counts; as lm-evaluation-harness
/// does it in `humaneval` 1.0 and `humaneval_instruct` 4.0.
package enum HumanEvalProtocol: String, CaseIterable, Sendable {
    case completion = "humaneval"
    case instruct = "humaneval_instruct"

    /// Where a text ends, beside the tokenizer's end of text.
    package static let stops = ["\nclass", "\ndef", "\n#", "\nif", "\nprint"]
    package static let tokenLimit = 1024

    /// What the user says; nil where the prompt is the whole text.
    package func userText(_ problem: HumanEvalProblem) -> String? {
        guard self == .instruct else { return nil }
        return "Write a solution to the following problem and make sure that it passes the tests:"
            + "\n```python\n\(problem.prompt)\n```\n"
    }

    /// The text that the model goes on with, as it stands: no blank is taken off its end.
    package func openText(_ problem: HumanEvalProblem) -> String {
        switch self {
        case .completion: problem.prompt
        case .instruct: "Here is the completed function:\n```python\n\(problem.prompt)\n"
        }
    }

    /// The part of a generated text, already cut at the stops, that is put behind the prompt.
    package func completion(of text: String) -> String {
        switch self {
        case .completion: text
        case .instruct:
            text.firstRange(of: "```").map { String(text[..<$0.lowerBound]) } ?? text
        }
    }
}
