import Basics
import Experiments
import LanguageModels
import Tensors
import TestSupport
import Testing

@testable import Tasks

/// The task `fidelity` on the miniature model, and its sums.
@Suite struct FidelityTests {
    private static let tiny = Fixtures.path("tiny-llama.gguf")

    @Test func metricsAreThoseOfTheDefinitions() throws {
        // kl, same top, reference loss, loss
        let places = [
            (0.25, true, 1.0, 1.5), (0.75, false, 2.0, 2.25), (0.0, true, 0.5, 0.25),
            (1.0, false, 3.0, 4.0),
        ]
        var tally = FidelityTally()
        for (divergence, isSameTop, reference, loss) in places {
            tally.add(
                divergence: divergence, isSameTop: isSameTop, referenceLoss: reference, loss: loss)
        }
        let metrics = Dictionary(uniqueKeysWithValues: tally.metrics().map { ($0.name, $0) })
        // numpy: mean, std(ddof=1); exp of means.
        func near(_ name: String, _ wanted: Double) {
            #expect(abs((metrics[name]?.value ?? .nan) - wanted) < 1e-12, "\(name)")
        }
        near("kl_divergence", 0.5)
        near("kl_divergence_max", 1)
        near("top1_agreement", 0.5)
        near("perplexity", 7.38905609893065)
        near("perplexity_reference", 5.078419037180008)
        near("perplexity_ratio", 1.4549914146182013)
        let divergence = try #require(metrics["kl_divergence"])
        #expect(abs((divergence.standardDeviation ?? .nan) - 0.45643546458763845) < 1e-12)
        // ± 1.959964 · 0.4564 / 2, cut at 0
        #expect(abs((divergence.confidenceLow ?? .nan) - 0.052701465) < 1e-8)
        #expect(abs((divergence.confidenceHigh ?? .nan) - 0.947298535) < 1e-8)
        #expect(metrics.values.allSatisfy { $0.count == 4 })
        #expect(FidelityTally().metrics().isEmpty)
    }

    @Test func talliesAddUpAndSurviveARecord() throws {
        var (first, second, whole) = (FidelityTally(), FidelityTally(), FidelityTally())
        for index in 0..<10 {
            let value = Double(index) / 7
            for place in [0, index < 4 ? 1 : 2] {
                func add(_ tally: inout FidelityTally) {
                    tally.add(
                        divergence: value, isSameTop: index % 3 == 0, referenceLoss: 1 + value,
                        loss: 2 * value)
                }
                if place == 0 {
                    add(&whole)
                } else if place == 1 {
                    add(&first)
                } else {
                    add(&second)
                }
            }
        }
        let kept = try FidelityTally(recordValues: second.recordValues())
        #expect(kept == second)
        first.add(kept)
        for (one, other) in zip(first.metrics(), whole.metrics()) {
            #expect(one.name == other.name && abs(one.value - other.value) < 1e-12)
        }
        #expect(throws: (any Error).self) {
            try FidelityTally(recordValues: ["count": .bool(true)])
        }
    }

    @Test func flipsAreCounted() {
        var flips = AnswerFlips()
        for (reference, prediction) in [("A", "A"), ("A", "B"), ("B", "A"), ("C", "D"), ("A", "C")]
        { flips.add(reference: reference, prediction: prediction, answer: "A") }
        let metrics = Dictionary(uniqueKeysWithValues: flips.metrics.map { ($0.name, $0.value) })
        #expect(
            metrics == ["answers_changed": 0.8, "right_to_wrong": 0.4, "wrong_to_right": 0.2])
        #expect(AnswerFlips().metrics.isEmpty)
    }

    // MARK: - The task

    private final class Log {
        var events: [JobEvent] = []
        var metrics: [String: Metric] {
            var found: [String: Metric] = [:]
            for case .metric(let metric) in events { found[metric.name] = metric }
            return found
        }
        var records: [JobRecord] {
            events.compactMap { if case .record(let record) = $0 { record } else { nil } }
        }
    }

    private struct Setup {
        var settings: [String: JSONValue] = [
            "reference": .string("f32"), "text": .string("fidelity-text"), "n_ctx": .integer(32),
            "chunks": .integer(3), "dataset": .string("mini-mmlu"), "num_fewshot": .integer(0),
            "limit": .integer(2), "limit_by": .string("seed"),
        ]
        var inputs: [String: String] = [:]
        var completed = CompletedWork.none
        var reference = FidelityTests.tiny

        func run(_ log: Log, stopAfter limit: Int = .max) throws {
            let cell = Cell(
                experiment: "e", model: "tiny", source: .path("tiny.gguf"),
                quantization: "as-stored", task: "fidelity", taskKind: "fidelity",
                taskSettings: settings, hardware: "cpu", backend: "cpu",
                hardwareSettings: ["threads": .integer(1), "compute": .string("f32")], seed: 1,
                otherModels: [
                    "reference": OtherModel(
                        model: "tiny", source: .path("tiny.gguf"), quantization: "f32")
                ])
            let job = try Job(
                cell: cell, modelDigest: "d", datasetDigest: nil, taskVersion: 1,
                engineVersion: 1, inputs: inputs)
            func open(_ path: String) throws -> LanguageModel {
                try LanguageModel(
                    path: path, backend: CPUBackend(threads: 1, computation: .f32))
            }
            let context = TaskContext(
                job: job, model: try open(FidelityTests.tiny), computation: .f32,
                resources: [
                    "dataset": SharedData.packageRoot + "/datasets/mini-mmlu",
                    "text": SharedData.packageRoot
                        + "/datasets/fidelity-text/fidelity-text.txt",
                ], completed: completed,
                report: { event in
                    guard log.records.count < limit else { throw Stopped() }
                    log.events.append(event)
                }, openOther: { _ in try open(reference) })
            try FidelityTask.run(context)
        }
    }

    private struct Stopped: Error {}

    @Test func aModelIsItsOwnEqual() throws {
        let log = Log()
        try Setup().run(log)
        let metrics = log.metrics
        for suffix in ["", "/questions"] {
            #expect(metrics["kl_divergence" + suffix]?.value == 0)
            #expect(metrics["top1_agreement" + suffix]?.value == 1)
            #expect(metrics["perplexity_ratio" + suffix]?.value == 1)
            #expect(
                metrics["perplexity" + suffix]?.value
                    == metrics["perplexity_reference" + suffix]?.value)
        }
        #expect(metrics["answers_changed"]?.value == 0)
        #expect(metrics["answers_changed"]?.count == 20)
        #expect(metrics["kl_divergence"]?.count == 3 * 15)
        #expect(log.records.count { $0.kind == "fidelity_chunk" } == 3)
        #expect(log.records.count { $0.kind == "fidelity_question" } == 20)
    }

    /// Stopped anywhere and taken up again, it reports the rest only and the same metrics.
    @Test(arguments: [1, 3, 5, 11]) func itGoesOnBehindWhatIsFinished(_ count: Int) throws {
        let whole = Log()
        try Setup().run(whole)
        let first = Log()
        #expect(throws: Stopped.self) { try Setup().run(first, stopAfter: count) }
        // The store keeps whole units: up to the last progress.
        var kept: [JobEvent] = []
        var unit: [JobEvent] = []
        for event in first.events {
            if case .progress = event {
                kept += unit
                unit = []
            }
            unit.append(event)
        }
        var setup = Setup()
        setup.completed = CompletedWork(kept)
        let second = Log()
        try setup.run(second)
        let known = Set(setup.completed.events.compactMap(Self.name))
        #expect(second.records.allSatisfy { !known.contains("\($0.kind) \($0.index)") })
        #expect(known.count + second.records.count == whole.records.count)
        #expect(second.metrics == whole.metrics)
    }

    private static func name(_ event: JobEvent) -> String? {
        if case .record(let record) = event { "\(record.kind) \(record.index)" } else { nil }
    }

    @Test func partsCanBeLeftOut() throws {
        var setup = Setup()
        setup.settings["dataset"] = .string("none")
        let text = Log()
        try setup.run(text)
        #expect(text.metrics["kl_divergence"] != nil && text.metrics["answers_changed"] == nil)
        setup.settings["text"] = .string("none")
        let error = #expect(throws: TaskError.self) { try setup.run(Log()) }
        #expect(
            error?.description
                == "task 'fidelity': text and dataset are both none, and so there is nothing to "
                + "compare on. Set one of them.")
    }

    @Test func mistakesAreNamed() throws {
        func message(_ change: (inout Setup) -> Void) -> String {
            var setup = Setup()
            change(&setup)
            do {
                try setup.run(Log())
                return "none"
            } catch { return "\(error)" }
        }
        #expect(
            message { $0.settings["n_ctx"] = .integer(100_000) }.hasPrefix(
                "task 'fidelity': n_ctx is 100000, the model's context is "))
        #expect(
            message { $0.inputs["text"] = "other" }
                == "text 'fidelity-text' has changed since the run was planned. Start again.")
        #expect(
            message { $0.reference = Fixtures.path("tiny-gptneox.gguf") }
                == "the reference has other tokens than the model, so their distributions cannot "
                + "be compared. Name a reference of the same family.")
    }

    // MARK: - Texts

    @Test func textsAreFoundByName() throws {
        let folder = try TestSupport.TemporaryFolder()
        let places = [DatasetLocator.SearchFolder(path: folder.path, label: "datasets")]
        func message(_ name: String) -> String {
            do {
                return FileSystem.name(of: try TextFile.locate(name, in: places))
            } catch { return "\(error)" }
        }
        try folder.write("one\n", to: "mine/a.txt")
        #expect(message("mine") == "a.txt")
        let absent =
            "looked for a folder with a .txt file in it at datasets/%, found none. Put the text "
            + "there, or set text: none."
        for name in ["yours", "../mine", ".", ""] {
            #expect(message(name) == "text '\(name)': " + absent.replacing("%", with: name))
        }
        try folder.write("two", to: "mine/b.txt")
        #expect(message("mine") == "datasets/mine: wanted one .txt file, found a.txt and b.txt.")
        let text = try TextFile(path: folder["mine/a.txt"], name: "mine")
        #expect(text.text == "one" && text.digest == SHA256.hex("one\n"))
        try FileSystem.write([0x61, 0xFF], atomicallyTo: folder["mine/c.txt"])
        #expect(throws: DatasetError("text 'mine'", "the file is not UTF-8. Convert it.")) {
            try TextFile(path: folder["mine/c.txt"], name: "mine")
        }
    }
}
