import Basics
import Tasks
import TestSupport
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The commands with a real model, against transformers in float32.
///
/// The fast tier takes a sample, the slow one everything.
@Suite(.serialized) struct SmolLM2Tests {
    /// Largest difference of a log-probability from transformers', and the margin of the two
    /// best answers from which on they must be in the same order.
    private static let tolerance = 0.02
    private static let margin = 0.04
    /// A greedy token may differ only where the two best logits are closer than this.
    private static let greedyGap = 1e-3

    // MARK: - MMLU

    private struct GoldenAnswer: Decodable {
        var subject: String
        var index: Int
        var logprobs: [Double]
        var pred: String
    }

    private static let golden = SharedData.path("golden/mmlu-smollm2-5shot.jsonl")
    private static let mmlu = SharedData.path("data/mmlu")

    /// Subjects with short prompts come first.
    private static let quickSubjects = [
        "world_religions", "abstract_algebra", "computer_security", "us_foreign_policy",
    ]

    @Test(
        .enabled(
            if: SharedData.smolLM2 != nil && golden != nil && mmlu != nil
                && CommandLineTool.isReleaseBuild,
            "needs SmolLM2, ../shared/golden and ../shared/data/mmlu, and a release build"))
    func mmluScoresEqualTransformers() throws {
        let model = try #require(SharedData.smolLM2)
        let answers = try Self.answers()
        #expect(answers.count == (SharedData.runsSlowTests ? 400 : 20))
        let dataset = try MMLUDataset.load(folder: try #require(Self.mmlu), name: "mmlu")
        let lines = try answers.map { answer in
            let subject = try #require(dataset.subjects.first { $0.name == answer.subject })
            let prompt = try MMLUPrompt(subject: subject, shots: 5)
            let question = prompt.question(subject.questions[answer.index])
            return try JSON.text(
                JSONValue.object([
                    "context": .string(prompt.prefix + question),
                    "continuations": .array(MMLUPrompt.continuations.map { .string($0) }),
                ]))
        }
        let project = try ProjectFolder()
        try project.write(lines.joined(separator: "\n"), to: "questions.jsonl")
        let result = try project.run(
            "score", "--model", model, "--input", "questions.jsonl", "--compute", "f32", "--json")
        #expect(result.status == 0, "\(result.errors)")
        let scores = try result.lines.map { try JSON.decode(ScoredLine.self, from: $0) }
        try #require(scores.count == answers.count)

        var largest = 0.0
        var otherPredictions = 0
        for (answer, score) in zip(answers, scores) {
            let place = "\(answer.subject) \(answer.index)"
            #expect(score.tokens == [1, 1, 1, 1], "\(place)")
            for (found, wanted) in zip(score.logprobs, answer.logprobs) {
                largest = max(largest, abs(found - wanted))
                #expect(abs(found - wanted) <= Self.tolerance, "\(place)")
            }
            let best = score.logprobs.indices.max {
                (score.logprobs[$0], $1) < (score.logprobs[$1], $0)
            }
            let prediction = best.map { MMLUDataset.letters[$0] }
            let sorted = answer.logprobs.sorted(by: >)
            if prediction != answer.pred {
                otherPredictions += 1
                #expect(sorted[0] - sorted[1] <= Self.margin, "\(place): \(prediction ?? "none")")
            }
        }
        print(
            "MMLU, \(answers.count) questions: largest difference \(largest), "
                + "\(otherPredictions) other predictions, \(result.seconds) s")
    }

    /// All, or 20 that are spread over the quick subjects.
    private static func answers() throws -> [GoldenAnswer] {
        let text = String(decoding: try FileSystem.read(try #require(golden)), as: UTF8.self)
        let all = try text.split(separator: "\n").map {
            try JSON.decode(GoldenAnswer.self, from: String($0))
        }
        if SharedData.runsSlowTests { return all }
        return all.filter { quickSubjects.contains($0.subject) && $0.index % 8 == 3 }
    }

    // MARK: - HumanEval

    private struct Greedy: Decodable {
        var task_id: String
        var prompt: [Int32]
        var tokens: [Int32]
        var gaps: [Double]
        var logprobs: [Double]
    }

    @Test(
        .enabled(
            if: SharedData.smolLM2 != nil && CommandLineTool.isReleaseBuild,
            "needs SmolLM2 and a release build"))
    func greedyTokensEqualTransformers() throws {
        let model = try #require(SharedData.smolLM2)
        let all = try Fixtures.json([Greedy].self, "humaneval-greedy.json")
        #expect(all.count == 10)
        // The third one ends by itself.
        let cases = SharedData.runsSlowTests ? all : [all[2], all[7], all[9]]
        let project = try ProjectFolder()
        let ids = try cases.map { try JSON.text($0.prompt) }.joined(separator: "\n")
        let texts = try project.run(
            "tokenize", "--model", model, "--decode", "--lines", input: ids
        ).lines.map { try JSON.decode(String.self, from: $0) }
        try #require(texts.count == cases.count)
        for (reference, text) in zip(cases, texts) {
            let result = try project.run(
                "generate", "--model", model, "--prompt", text, "--n-gen", "64", "--compute",
                "f32", "--json")
            #expect(result.status == 0, "\(result.errors)")
            let found = try JSON.decode(GeneratedText.self, from: result.output)
            #expect(found.prompt_tokens == reference.prompt, "\(reference.task_id)")
            let same = zip(found.tokens, reference.tokens).prefix { $0 == $1 }.count
            if same < reference.tokens.count || found.tokens.count != reference.tokens.count {
                let gap = reference.gaps.indices.contains(same) ? reference.gaps[same] : 1
                #expect(gap < Self.greedyGap, "\(reference.task_id) differs at token \(same)")
            }
            for (one, other) in zip(found.logprobs, reference.logprobs).prefix(same) {
                #expect(abs(one - other) < Self.tolerance, "\(reference.task_id)")
            }
        }
    }
}
