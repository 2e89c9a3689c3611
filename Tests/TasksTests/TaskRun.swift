import Basics
import Experiments
import LanguageModels
import Tensors
import TestSupport

@testable import Tasks

/// What a task says when it is run on a miniature model.
struct TaskRun {
    var samples: [Int: EvaluatedSample] = [:]
    var records: [Int: JobRecord] = [:]
    var metrics: [Metric] = []
    var facts: [String: JSONValue] = [:]

    /// - Parameter settings: beside the task's defaults.
    init(
        _ task: any EvaluationTask.Type, settings: [String: JSONValue], dataset: String,
        architecture: String = "llama", threads: Int = 2, completed: CompletedWork = .none
    ) throws {
        var all = Dictionary(uniqueKeysWithValues: task.settings.map { ($0.key, $0.defaultValue) })
        all.merge(settings) { $1 }
        let cell = Cell(
            experiment: "test", model: "tiny", source: .path("tiny"), quantization: "as-stored",
            task: task.kind, taskKind: task.kind, taskSettings: all, hardware: "cpu",
            backend: "cpu", hardwareSettings: ["threads": .integer(Int64(threads))], seed: 11)
        let job = try Job(
            cell: cell, modelDigest: "m", datasetDigest: nil, taskVersion: task.version,
            engineVersion: 1)
        let model = try LanguageModel(
            path: Fixtures.path("tiny-\(architecture).gguf"),
            backend: CPUBackend(threads: threads, computation: .auto))
        var events: [JobEvent] = []
        try task.run(
            TaskContext(
                job: job, model: model, computation: .auto, resources: ["dataset": dataset],
                completed: completed, report: { events.append($0) }, openOther: { _ in model }))
        for event in events {
            switch event {
            case .sample(let sample): samples[sample.index] = sample
            case .record(let record): records[record.index] = record
            case .metric(let metric): metrics.append(metric)
            case .fact(let name, let value): facts[name] = value
            case .progress, .alive, .timing: break
            }
        }
    }

    /// Records without what a clock said.
    var untimed: [Int: JobRecord] {
        records.mapValues { record in
            var record = record
            record.values["generation_seconds"] = nil
            record.values["test_seconds"] = nil
            return record
        }
    }
}
