import Basics
import Experiments
import LanguageModels
import Tasks
import TestSupport
import Testing

/// A `lora` job on a tiny model, in this process.
private struct TinyJob {
    let folder: TemporaryFolder
    var settings: [String: JSONValue]

    init(_ changes: [String: JSONValue] = [:]) throws {
        folder = try TemporaryFolder()
        let defaults = LoRATask.settings.map { ($0.key, $0.defaultValue) }
        settings = Dictionary(uniqueKeysWithValues: defaults).merging(changes) { $1 }
        settings["dataset"] = .string("tokens.json")
        let records = (0..<10).map { index in (0..<8 + index % 3).map { ($0 * 7 + index) % 90 } }
        try folder.write(try JSON.text(records), to: "tokens.json")
    }

    var resources: [String: String] {
        [
            "model": Fixtures.path("tiny-llama.gguf"), "dataset": folder["tokens.json"],
            "state": folder["state"], "output_dir": folder["adapter"],
        ]
    }

    func job() throws -> Job {
        try Job(
            cell: Cell(
                experiment: "test", model: "tiny", source: .path("tiny-llama.gguf"),
                quantization: "as-stored", task: "lora", taskKind: "lora",
                taskSettings: settings, hardware: "cpu", backend: "cpu",
                hardwareSettings: [
                    "threads": .integer(2), "compute": .string("auto"),
                    "cache_type": .string("auto"),
                ], seed: 1),
            modelDigest: "model",
            datasetDigest: LoRATask.datasetDigest(folder["tokens.json"], name: "tokens.json"),
            taskVersion: LoRATask.version, engineVersion: 1)
    }

    /// What is reported, until `stop` says so.
    func run(
        resuming completed: CompletedWork = .none, until stop: ([JobEvent]) -> Bool = { _ in false }
    ) throws -> [JobEvent] {
        var events: [JobEvent] = []
        do {
            try ModelExecutor(resources: resources).execute(job(), resuming: completed) { event in
                events.append(event)
                if stop(events) { throw JobFailure.interrupted }
            }
        } catch JobFailure.interrupted {}
        return events
    }

    func adapterBytes() throws -> [UInt8] {
        try FileSystem.read(FileSystem.join(folder["adapter"], "adapter_model.safetensors"))
    }
}

extension [JobEvent] {
    /// Updates without their times.
    fileprivate var steps: [JobRecord] {
        compactMap { event in
            guard case .record(var record) = event else { return nil }
            record.values["seconds"] = nil
            record.values["resident_bytes"] = nil
            return record
        }
    }

    fileprivate func metric(_ name: String) -> Metric? {
        compactMap { if case .metric(let metric) = $0 { metric } else { nil } }
            .first { $0.name == name }
    }
}

@Suite("Task lora")
struct LoRATaskTests {
    @Test("a cut job goes on behind its rows, and all comes out the same to the bit")
    func resumes() throws {
        let whole = try TinyJob()
        let events = try whole.run()
        let steps = events.steps
        #expect(steps.count == 3)
        #expect(events.metric("train_loss_last") != nil)
        let adapter = try whole.adapterBytes()
        // Once an update was reported and not committed, once before its checkpoint.
        for (saveSteps, reported, kept) in [(1, 1, 1), (1, 2, 1), (2, 2, 2), (5, 2, 2), (1, 1, 0)] {
            let cut = try TinyJob(["save_steps": .integer(Int64(saveSteps))])
            let first = try cut.run { $0.steps.count == reported }
            let committed = Array(
                first.filter { if case .record = $0 { true } else { false } }
                    .prefix(kept))
            let second = try cut.run(resuming: CompletedWork(committed))
            #expect(committed.steps + second.steps == steps)
            #expect(try cut.adapterBytes() == adapter)
            #expect(
                try FileSystem.names(in: FileSystem.join(cut.folder["state"], "training")) == [])
        }
    }

    @Test("the adapter is one of the model, and init_adapter begins with it")
    func adapterFiles() throws {
        let job = try TinyJob(["r": .integer(2), "target_modules": .string("o_proj, up_proj")])
        _ = try job.run()
        let model = try openCheckpoint(path: Fixtures.path("tiny-llama.gguf")).configuration()
        let adapter = try LoRAAdapter(path: job.folder["adapter"], for: model)
        #expect(adapter.configuration.rank == 2)
        #expect(adapter.modules.count == 2 * 2)
        #expect(adapter.modules.allSatisfy { $0.b.contains { $0 != 0 } })
    }

    @Test("mistakes are said in a sentence")
    func mistakes() throws {
        func message(_ changes: [String: JSONValue]) throws -> String {
            do {
                _ = try TinyJob(changes).run()
                return ""
            } catch { return "\(error)" }
        }
        #expect(
            try message(["target_modules": .string("q_prj")]).hasPrefix(
                "target_modules: 'q_prj' is no linear layer of this model."))
    }
}
