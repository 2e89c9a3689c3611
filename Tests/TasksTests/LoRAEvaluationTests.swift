import Basics
import Experiments
import LanguageModels
import Tensors
import TestSupport
import Testing

@testable import Tasks

/// Losses, accuracies and forms before and after, against their definitions.
@Suite struct LoRAEvaluationTests {
    // MARK: Forms of answers

    static let answers: [(answer: String, isInForm: Bool)] = [
        ("Answer: Green | Why: blue and yellow make green.", true),
        ("\nAnswer: A blue whale | Why: it weighs 3.5 times more. \n", true),
        ("Answer: Green | Why: it is so", false),
        ("answer: Green | Why: it is so.", false),
        ("Answer: Green. | Why: it is so.", true),
        ("Answer: one two three four | Why: it is so.", false),
        ("Answer: | Why: it is so.", false),
        ("Answer:  | Why: it is so.", false),
        ("Answer: Green  tea | Why: it is so.", false),
        ("Answer: Green | Why: it is.", false),
        ("Answer: Green | Why: it\nis so.", false),
        ("Answer: Green | Why: it is so. And more.", true),
        ("Answer: Green", false),
        ("Green", false),
        ("", false),
    ]

    @Test(arguments: answers)
    func formsAreStrict(_ row: (answer: String, isInForm: Bool)) throws {
        let format = try AnswerFormat("Answer: {1-3 words} | Why: {3-9 words}.\n", of: "test")
        #expect(format.matches(row.answer) == row.isInForm)
    }

    @Test func aFormMayEndWithAField() throws {
        let format = try AnswerFormat("{1-2 words}: {1-1 words}", of: "test")
        #expect(format.matches("to be: or"))
        #expect(!format.matches("to be: or not"))
        #expect(!format.matches("to be:"))
    }

    // MARK: Outcomes

    private static let records = """
        {"prompt": "Hello wor", "completion": "ld and more"}
        {"prompt": "The sky", "completion": " is"}
        """

    private func evaluation(answerLimit: Int) throws -> (HeldOutEvaluation, LanguageModel) {
        let folder = try TestSupport.TemporaryFolder()
        let path = try folder.write(Self.records, to: "test.jsonl")
        let model = try LanguageModel(
            path: Fixtures.path("tiny-llama.gguf"),
            backend: CPUBackend(threads: 1, computation: .f32))
        let tokens = try InstructionTokens(
            tokenizer: model.tokenizer(), maxLength: 64, completionOnly: nil)
        let entries = try InstructionDataset(path: path).training
        return (
            try HeldOutEvaluation(entries, tokens: tokens, answerLimit: answerLimit), model
        )
    }

    /// The scorer of continuations computes the same sums by another way.
    @Test func lossesAreThoseOfTheScorer() throws {
        let (evaluation, model) = try evaluation(answerLimit: 0)
        let outcomes = try evaluation.outcomes(of: model, computation: .f32) { _, _ in }
        let tokenizer = try model.tokenizer()
        let scorer = try ContinuationScorer(
            model: model, options: .init(computation: .f32, addBOS: nil, parseSpecial: true))
        let end = tokenizer.text(of: try #require(tokenizer.eosID))
        let score = try #require(
            try scorer.score(context: "The sky", continuations: [" is\(end)"]).first)
        #expect(outcomes[1].response.count == score.tokenCount)
        #expect(abs(outcomes[1].response.loss + score.logProbability) < 1e-4)
        #expect(outcomes[1].all.count > outcomes[1].response.count)
        #expect(outcomes[1].all.loss > outcomes[1].response.loss)
        #expect(outcomes.allSatisfy { $0.answer == nil })
    }

    @Test func answersAreGreedyAndRepeat() throws {
        let (evaluation, model) = try evaluation(answerLimit: 5)
        let first = try evaluation.outcomes(of: model, computation: .f32) { _, _ in }
        let second = try evaluation.outcomes(of: model, computation: .f32) { _, _ in }
        #expect(first == second)
        #expect(first.allSatisfy { $0.answer?.isEmpty == false })
    }

    @Test func aReportMayStopIt() throws {
        struct Stop: Error {}
        let (evaluation, model) = try evaluation(answerLimit: 0)
        #expect(throws: Stop.self) {
            _ = try evaluation.outcomes(of: model, computation: .f32) { _, _ in throw Stop() }
        }
    }

    // MARK: Figures

    private static func outcome(_ loss: Double, _ hits: Int, _ count: Int, _ answer: String?)
        -> HeldOutOutcome
    {
        let tally = TokenTally(loss: loss, hits: hits, count: count)
        return HeldOutOutcome(all: tally, response: tally, answer: answer)
    }

    private func metric(_ name: String, in metrics: [Metric]) throws -> Metric {
        try #require(metrics.first { $0.name == name })
    }

    @Test func figuresAreQuotientsOfSums() throws {
        let format = try AnswerFormat("{1-1 words}", of: "test")
        let metrics = EvaluationMetrics.metrics(
            of: [Self.outcome(10, 2, 5, "a"), Self.outcome(5, 3, 5, "a b")], variant: "base",
            format: format)
        let loss = try metric("loss/base", in: metrics)
        #expect(loss.value == 1.5 && loss.count == 10)
        // Records of equal length: the ratio's standard error is that of the mean of 2 and 1.
        #expect(abs(try #require(loss.confidenceHigh) - (1.5 + 1.959963984540054 / 2)) < 1e-12)
        #expect(abs(try metric("ppl/base", in: metrics).value - 4.4816890703) < 1e-9)
        #expect(try metric("response_token_acc/base", in: metrics).value == 0.5)
        let share = try metric("format/base", in: metrics)
        #expect(share.value == 0.5 && share.count == 2)
        #expect(
            EvaluationMetrics.metrics(of: [], variant: "base", format: format).isEmpty)
    }

    /// Equal changes in every record leave no doubt, however different the records are.
    @Test func changesArePaired() throws {
        let base = [Self.outcome(10, 0, 5, nil), Self.outcome(50, 0, 10, nil)]
        let adapted = [Self.outcome(9, 0, 5, nil), Self.outcome(48, 0, 10, nil)]
        let change = try metric(
            "loss/change",
            in: EvaluationMetrics.changes(from: base, to: adapted, format: nil))
        #expect(abs(change.value + 0.2) < 1e-12)
        #expect(abs(try #require(change.confidenceHigh) + 0.2) < 1e-9)
    }

    /// Rows of Newcombe's table III (1998) with the intervals of his method 10, to four digits.
    static let pairs: [(cells: [Int], difference: Double, low: Double, high: Double)] = [
        ([36, 12, 2, 0], 0.20, 0.0569, 0.3404),
        ([36, 14, 0, 0], 0.28, 0.1528, 0.4167),
        ([0, 29, 0, 21], 0.58, 0.4249, 0.7062),
        ([0, 30, 0, 0], 1.00, 0.8395, 1.0000),
    ]

    @Test(arguments: pairs)
    func sharesOfPairs(_ row: (cells: [Int], difference: Double, low: Double, high: Double)) throws
    {
        let format = try AnswerFormat("{1-1 words}", of: "test")
        let (yes, no) = ("a", "a b")
        let pairs =
            [(yes, yes), (no, yes), (yes, no), (no, no)].enumerated().flatMap { index, pair in
                [(String, String)](repeating: pair, count: row.cells[index])
            }
        let change = try metric(
            "format/change",
            in: EvaluationMetrics.changes(
                from: pairs.map { Self.outcome(0, 0, 1, $0.0) },
                to: pairs.map { Self.outcome(0, 0, 1, $0.1) }, format: format))
        #expect(abs(change.value - row.difference) < 1e-9)
        #expect(abs(try #require(change.confidenceLow) - row.low) < 1e-4)
        #expect(abs(try #require(change.confidenceHigh) - row.high) < 1e-4)
    }
}
