import Basics
import Experiments
import LanguageModels
import Sandbox
import Tensors
import TestSupport
import Testing

@testable import Tasks

/// Whole jobs on a miniature model, whose programs are nonsense, in the real sandbox.
@Suite struct HumanEvalTaskTests {
    private static let mini =
        SharedData.packageRoot + "/datasets/mini-humaneval/mini-humaneval.jsonl"
    private static let isolates =
        (try? Sandbox.open(python: .find())).map { _ in true } ?? false
    private static let needs: Comment =
        "needs python3 and a system that lets users make namespaces"

    private static let drawn: [String: JSONValue] = [
        "limit": .integer(3), "repeats": .integer(4), "temperature": .number(0.9),
        "top_p": .number(0.9), "max_gen_toks": .integer(24), "pass_at_k": .array([.integer(2)]),
    ]

    @Test(.enabled(if: isolates, needs))
    func resultsDependNeitherOnTheBatchNorOnAnInterruption() throws {
        let whole = try TaskRun(HumanEvalTask.self, settings: Self.drawn, dataset: Self.mini)
        #expect(whole.records.count == 12)
        #expect(whole.metrics.map(\.name) == ["pass@2"])
        #expect(whole.metrics[0].count == 3 && whole.metrics[0].confidenceHigh ?? 0 > 0)
        let texts = Set(whole.records.values.map { $0.values["completion"] })
        #expect(texts.count > 6, "samples have seeds of their own")
        for record in whole.records.values {
            #expect(record.values["verdict"] != nil && record.values["prompt"] != nil)
            #expect(record.values["test_seconds"] != nil)
        }

        var alone = Self.drawn
        alone["batch_size"] = .integer(1)
        let single = try TaskRun(
            HumanEvalTask.self, settings: alone, dataset: Self.mini, threads: 1)
        #expect(single.untimed == whole.untimed)

        var completed = CompletedWork()
        let indices = whole.records.keys.sorted()
        completed.records["generation"] = indices.prefix(5).compactMap { whole.records[$0] }
        let rest = try TaskRun(
            HumanEvalTask.self, settings: Self.drawn, dataset: Self.mini, completed: completed)
        #expect(rest.records.keys.sorted() == Array(indices.dropFirst(5)))
        #expect(rest.untimed == whole.untimed.filter { !indices.prefix(5).contains($0.key) })
        #expect(rest.metrics == whole.metrics)
    }

    @Test(.enabled(if: isolates, needs))
    func theRowSaysWhatHeldTheProgram() throws {
        var settings: [String: JSONValue] = ["limit": .integer(1), "max_gen_toks": .integer(4)]
        let guarded = try TaskRun(HumanEvalTask.self, settings: settings, dataset: Self.mini)
        #expect(guarded.facts["sandbox"]?.plainText.contains("seccomp") == true)
        settings[HumanEvalTask.unsafeCodeSetting] = .bool(true)
        let open = try TaskRun(HumanEvalTask.self, settings: settings, dataset: Self.mini)
        #expect(open.facts["sandbox"] == .string("none: unsafe code was asked for"))
    }

    @Test func noManifestCanSayUnsafe() {
        for task in TaskRegistry.all where task.runsForeignCode {
            #expect(!task.settings.contains { $0.key == task.unsafeCodeSetting })
        }
    }

    @Test(.enabled(if: isolates, needs))
    func aModelWithoutATemplateIsSkipped() throws {
        let settings: [String: JSONValue] = ["limit": .integer(1), "max_gen_toks": .integer(4)]
        let failure = #expect(throws: JobFailure.self) {
            try TaskRun(HumanEvalInstructTask.self, settings: settings, dataset: Self.mini)
        }
        #expect(
            failure
                == .skipped(
                    reason: "the model has no chat template. Set apply_chat_template: false, or "
                        + "take a model that was made to chat."))
        var plain = settings
        plain["apply_chat_template"] = .bool(false)
        let run = try TaskRun(HumanEvalInstructTask.self, settings: plain, dataset: Self.mini)
        #expect(run.metrics.map(\.name) == ["pass@1"])
    }

    @Test func whatCannotBeDoneIsSaid() throws {
        let cases: [([String: JSONValue], String)] = [
            (
                ["repeats": .integer(3)],
                "task 'humaneval': repeats: 3 with temperature: 0 would be the same text 3 times. "
                    + "Set a temperature, such as 0.2."
            )
        ]
        for (settings, message) in cases {
            let error = #expect(throws: TaskError.self) {
                try TaskRun(HumanEvalTask.self, settings: settings, dataset: Self.mini)
            }
            #expect(error?.description == message)
        }
    }

    @Test(.enabled(if: isolates, needs))
    func aLimitBeyondTheContextIsSaid() throws {
        let error = #expect(throws: TaskError.self) {
            try TaskRun(
                HumanEvalTask.self, settings: ["max_gen_toks": .integer(100_000)],
                dataset: Self.mini)
        }
        #expect(
            error?.description.hasPrefix("max_gen_toks: 100000 leaves no room for a prompt in")
                == true)
    }

    /// One of two right, and none of two: the mean of 0.5 and 0.
    @Test func passAtKHasAnInterval() throws {
        var scores = HumanEvalScores()
        for (problem, isRight) in [("a", true), ("a", false), ("b", false), ("b", false)] {
            scores.add(problem, isRight: isRight)
        }
        let metric = try #require(scores.metric(k: 1))
        #expect(metric.value == 0.25 && metric.count == 2)
        let interval = try #require(WilsonInterval(share: 0.25, trials: 2))
        #expect(metric.confidenceLow == interval.low && metric.confidenceHigh == interval.high)
        #expect(scores.metric(k: 3) == nil)
    }

    /// SentencePiece's decoder takes a space off the front, and the body no longer lines up.
    @Test func correctedDecodingKeepsTheFirstSpace() throws {
        let tokenizer = try LanguageModel(
            path: Fixtures.path("tiny-llama.gguf"),
            backend: CPUBackend(threads: 1, computation: .f32)
        ).tokenizer()
        let prompt = tokenizer.encode("x:\n", addBOS: false)
        let tokens = tokenizer.encode("x:\n  the in\ndef y", addBOS: false)
            .dropFirst(prompt.count)
        try #require(tokenizer.decodeText(prompt + tokens) == "x:\n  the in\ndef y")
        func text(_ decoding: HumanEvalSettings.Decoding) -> String {
            var text = SampleText(tokenizer, decoding: decoding, ends: HumanEvalProtocol.stops)
            for token in tokens where !text.append(token) { break }
            return text.finish()
        }
        #expect(text(.corrected) == "  the in")
        #expect(text(.harness) == (tokenizer.spacePrefix == nil ? "  the in" : " the in"))
    }

    private struct Recorded: Decodable {
        struct Row: Decodable {
            var task_id: String
            var context: String
        }
        var humaneval: [Row]
        var humaneval_instruct: [Row]
    }

    @Test(.enabled(if: SharedData.smolLM2 != nil, "needs SmolLM2"))
    func promptsAreTheHarnesss() throws {
        let recorded = try Fixtures.json(Recorded.self, "humaneval/greedy.json")
        let problems = try HumanEvalProblem.load(path: Self.mini)
        let tokenizer = try openCheckpoint(path: try #require(SharedData.smolLM2)).tokenizer()
        let chat = try HarnessChat(tokenizer)
        for row in recorded.humaneval {
            let problem = try #require(problems.first { $0.identifier == row.task_id })
            #expect(HumanEvalProtocol.completion.openText(problem) == row.context)
        }
        for row in recorded.humaneval_instruct {
            let problem = try #require(problems.first { $0.identifier == row.task_id })
            let user = try #require(HumanEvalProtocol.instruct.userText(problem))
            let begun = HumanEvalProtocol.instruct.openText(problem)
            #expect(try chat.text(of: [.user(user), .assistant(begun)]) == row.context)
        }
    }
}
