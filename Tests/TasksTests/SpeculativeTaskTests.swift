import Basics
import Experiments
import Tensors
import TestSupport
import Testing

@testable import LanguageModels
@testable import Tasks

/// What the task reports, and the formula beside it.
@Suite struct SpeculativeTaskTests {
    private static let path = SharedData.packageRoot + "/datasets/prompts/prompts.jsonl"

    @Test func thePromptsAreFortyInFourCategories() throws {
        let set = try PromptSet(path: Self.path)
        #expect(set.prompts.count == 40)
        let categories = Dictionary(grouping: set.prompts, by: \.category)
        #expect(categories.keys.sorted() == ["chat", "code", "prose", "summary"])
        #expect(categories.values.allSatisfy { $0.count == 10 })
        #expect(set.limited(to: .first(2)).map(\.category).count == 8)
    }

    @Test func brokenPromptsAreNamed() throws {
        let folder = try TemporaryFolder()
        let line = #"{"id":"a","category":"c","form":"text","prompt":"p"}"#
        let twice = try folder.write("\(line)\n\(line)\n", to: "twice.jsonl")
        #expect {
            _ = try PromptSet(path: twice)
        } throws: {
            "\($0)" == "twice.jsonl:2: the id 'a' is on an earlier line too."
        }
        let missing = try folder.write(#"{"id":"a"}"#, to: "missing.jsonl")
        #expect(throws: DatasetError.self) { _ = try PromptSet(path: missing) }
    }

    /// Runs the task on the miniature model, which is its own draft.
    private func measure(
        _ settings: [String: JSONValue], draft: OtherModel? = nil,
        completed: CompletedWork = .none
    ) throws -> [JobEvent] {
        var values = Dictionary(
            uniqueKeysWithValues: SpeculativeTask.settings.map { ($0.key, $0.defaultValue) })
        values.merge(settings) { $1 }
        var cell = Cell(
            experiment: "e", model: "tiny", source: .path("tiny"), quantization: "as-stored",
            task: "speculative", taskKind: "speculative", taskSettings: values, hardware: "cpu",
            backend: "cpu", hardwareSettings: [:], seed: 1)
        if let draft {
            cell.otherModels["draft"] = draft
            cell.taskSettings["draft"] = .string(draft.model)
        }
        let model = Fixtures.path("tiny-llama.gguf")
        var events: [JobEvent] = []
        try SpeculativeTask.measure(
            TaskContext(
                job: Job(
                    cell: cell, modelDigest: "m", datasetDigest: nil, taskVersion: 1,
                    engineVersion: 1),
                model: LanguageModel(
                    path: model, backend: CPUBackend(threads: 1, computation: .auto)),
                computation: .auto,
                resources: ["dataset": try shortPrompts()], completed: completed,
                report: { events.append($0) },
                openOther: { _ in
                    try LanguageModel(
                        path: model, backend: CPUBackend(threads: 1, computation: .auto))
                }))
        return events
    }

    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// The miniature model's context holds few tokens.
    private func shortPrompts() throws -> String {
        let lines = ["one two one two", "abc abc", "x y z", "go on"].enumerated().map {
            #"{"id":"p\#($0)","category":"\#($0 < 2 ? "a" : "b")","form":"text","prompt":"\#($1)"}"#
        }
        return try folder.write(lines.joined(separator: "\n"), to: "prompts.jsonl")
    }

    private func records(_ events: [JobEvent], _ kind: String) -> [JobRecord] {
        events.compactMap { event in
            if case .record(let record) = event, record.kind == kind { record } else { nil }
        }
    }

    private func metrics(_ events: [JobEvent]) -> [String: Metric] {
        var found: [String: Metric] = [:]
        for case .metric(let metric) in events { found[metric.name] = metric }
        return found
    }

    @Test(arguments: [JSONValue.integer(3), .string("auto")])
    func rowsOfAPerfectDraftAddUp(k: JSONValue) throws {
        let events = try measure(
            ["n_gen": .integer(16), "k": k],
            draft: OtherModel(model: "tiny", source: .path("tiny"), quantization: "as-stored"))
        let prompts = records(events, "speculative_prompt")
        let cycles = records(events, "speculative_cycle")
        #expect(
            prompts.map(\.index) == [0, 1, 2, 3] && cycles.map(\.index) == Array(cycles.indices))
        func sum(_ records: [JobRecord], _ key: String) -> Int64 {
            records.reduce(0) { sum, record in
                if case .integer(let value)? = record.values[key] { sum + value } else { sum }
            }
        }
        for key in ["drafted", "accepted"] { #expect(sum(prompts, key) == sum(cycles, key)) }
        #expect(sum(prompts, "cycles") == Int64(cycles.count))
        #expect(sum(prompts, "tokens") - 4 == sum(cycles, "tokens"))
        let found = metrics(events)
        #expect((found["speedup"]?.value ?? 0) > 0 && found["speedup"]?.count == 4)
        #expect(found["speedup/a"]?.count == 2 && found["speedup/b"]?.count == 2)
        if case .integer = k {
            #expect(found["token_acceptance"]?.value == 1 && found["acceptance"]?.value == 1)
            #expect(found["pass_cost/4"] != nil && found["pass_cost/5"] == nil)
        }
        #expect((found["draft_cost"]?.value ?? 0) > 0)
    }

    /// A job that was cut off goes on behind what it had finished.
    @Test func finishedPromptsAreNotDecodedAgain() throws {
        let settings: [String: JSONValue] = ["n_gen": .integer(8), "draft": .string("ngram")]
        let whole = try measure(settings)
        let kept = whole.filter { event in
            switch event {
            case .timing: true
            case .record(let record):
                record.kind == "speculative_prompt"
                    ? record.index < 2
                    : record.values["prompt"].map { [.integer(0), .integer(1)].contains($0) }
                        ?? false
            default: false
            }
        }
        let rest = try measure(settings, completed: CompletedWork(kept))
        #expect(records(rest, "speculative_prompt").map(\.index) == [2, 3])
        let cycles = records(kept + rest, "speculative_cycle").map(\.index)
        #expect(cycles == Array(cycles.indices))
        #expect(!rest.contains { if case .timing = $0 { true } else { false } })
        #expect(metrics(rest)["speedup"]?.count == 4)
    }

    @Test func drawnTokensNeedNotBeEqual() throws {
        let events = try measure([
            "n_gen": .integer(12), "temperature": .number(1), "top_k": .integer(20),
        ])
        #expect(records(events, "speculative_prompt").count == 4)
    }

    // MARK: The formula

    /// Examples of the paper's table and of the guide, by hand.
    @Test(arguments: [(0.75, 4.0, 3.05), (0.9, 5.0, 4.69), (0.5, 4.0, 1.94), (1, 3, 4), (0, 3, 1)])
    func tokensOfACycleAreThePapers(a: Double, k: Double, wanted: Double) {
        #expect(abs(SpeedUpFormula.tokens(a, k: k) - wanted) < 0.005)
    }

    @Test func theFormulaKnowsItsCosts() throws {
        let costs = SpeculativeCosts(ratios: [1, 1.1, 1.2, 1.3, 1.4], draftCost: 0.2)
        let formula = SpeedUpFormula(costs: costs)
        #expect(abs(costs.ratio(rows: 2.5) - 1.15) < 1e-12)
        #expect(abs(formula.time(k: 4) - 2.2) < 1e-12)
        // 3.05 tokens in 2.2 steps.
        #expect(abs(formula.speedUp(0.75, k: 4) - 3.0508 / 2.2) < 1e-4)
        let even = try #require(formula.acceptance(for: 1, k: 4))
        #expect(abs(SpeedUpFormula.tokens(even, k: 4) - 2.2) < 1e-9)
        let double = try #require(formula.acceptance(for: 2, k: 4))
        #expect(double > even && abs(SpeedUpFormula.tokens(double, k: 4) - 4.4) < 1e-9)
        // Five tokens in 2.2 steps are the most.
        #expect(formula.acceptance(for: 2.3, k: 4) == nil)
    }
}
