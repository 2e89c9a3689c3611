import Basics
import Experiments
import Store
import Synchronization

@testable import Runner

/// A job that differs from others by its task's name and its quantization.
func sampleJob(_ name: String, quantization: String = "q8_0") throws -> Job {
    let cell = Cell(
        experiment: "example", model: "tiny", source: .path("/models/tiny.gguf"),
        quantization: quantization, task: name, taskKind: name,
        taskSettings: ["limit": .integer(3)],
        hardware: "cpu", backend: "cpu", hardwareSettings: ["threads": .integer(2)], seed: 1)
    return try Job(
        cell: cell, modelDigest: "00ff", datasetDigest: nil, taskVersion: 1, engineVersion: 1)
}

let sampleFacts = RunFacts(
    installation: "here", experiment: "example", manifestDigest: "0",
    host: HostFacts(
        processor: "p", cores: 2, memoryBytes: 1, architecture: "a", operatingSystem: "o",
        libraries: [:]),
    buildConfiguration: "debug", commit: nil, version: "0")

let samplePolicy = RunPolicy(
    stopGraceSeconds: 0.3, exitGraceSeconds: 0.5, resumeCommand: "billion run x.yaml",
    freshCommand: "billion run x.yaml --fresh")

func sampleMetric(_ value: Double) -> JobEvent {
    .metric(Metric(name: "acc", value: value, unit: "fraction", higherIsBetter: true))
}

/// A store in memory that writes down what is asked of it, and refuses when told to.
final class FakeStore: JobStore {
    struct Refusal: Error, CustomStringConvertible {
        let description = "database or disk is full (SQLITE_FULL)."
    }

    var finished: Set<JobID> = []
    var log: [String] = []
    var refusesAt: String?
    var refusal: any Error = Refusal()
    private var jobs: [Int64: Job] = [:]

    private func say(_ line: String) throws {
        if let refusesAt, line.hasPrefix(refusesAt) { throw refusal }
        log.append(line)
    }

    func finishedJobs(installation: String) throws -> Set<JobID> {
        if refusesAt == "finishedJobs" { throw refusal }
        return finished
    }

    func beginRun(_ run: RunFacts) throws -> RunKey {
        try say("run \(run.experiment)")
        return RunKey(rowID: 1)
    }

    func endRun(_ run: RunKey, status: String) throws { try say("end \(status)") }

    func beginAttempt(_ job: Job, in run: RunKey) throws -> AttemptKey {
        try say("begin \(job.cell.task)")
        let key = AttemptKey(rowID: Int64(jobs.count + 1))
        jobs[key.rowID] = job
        return key
    }

    func adoptUnfinishedWork(for attempt: AttemptKey) throws -> CompletedWork { .none }

    func record(_ event: JobEvent, for attempt: AttemptKey) throws {
        switch event {
        case .progress, .alive: break
        case .metric(let metric): try say("metric \(metric.value)")
        default: try say("event")
        }
    }

    func finish(_ attempt: AttemptKey, outcome: AttemptOutcome) throws {
        let words =
            switch outcome {
            case .done: "done"
            case .failed(let reason): "failed \(reason)"
            case .ended(let cause, let reason): "\(cause.rawValue) \(reason)"
            case .skipped(let reason): "skipped \(reason)"
            case .interrupted: "interrupted"
            }
        try say(words)
        if outcome == .done, let job = jobs[attempt.rowID] { finished.insert(job.id) }
    }
}

/// Runs a closure instead of a model.
struct FakeExecutor: JobExecutor {
    let body: @Sendable (Job, (JobEvent) throws -> Void) throws -> Void

    init(_ body: @escaping @Sendable (Job, (JobEvent) throws -> Void) throws -> Void) {
        self.body = body
    }

    func execute(
        _ job: Job, resuming completed: CompletedWork, report: (JobEvent) throws -> Void
    ) throws { try body(job, report) }
}

/// The same for jobs that go on with what is finished.
struct ResumingExecutor: JobExecutor {
    let body: @Sendable (CompletedWork, (JobEvent) throws -> Void) throws -> Void

    func execute(
        _ job: Job, resuming completed: CompletedWork, report: (JobEvent) throws -> Void
    ) throws { try body(completed, report) }
}

/// Text gathered from other threads.
final class Transcript: Sendable {
    private let lines = Mutex<[String]>([])

    func add(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
    var text: String { all.joined() }
}

/// Keeps the events of a run.
final class RecordingProgress: RunProgress {
    var titles: [String] = []

    func handle(_ event: RunEvent) {
        switch event {
        case .started(let plan): titles.append("plan of \(plan.count)")
        case .outlook: break
        case .jobRetried(let retry, let limit, let cause, _, _):
            titles.append("retry \(retry)/\(limit) \(cause.rawValue)")
        case .jobStarted(let number, let total, _): titles.append("\(number)/\(total)")
        case .jobProgress(let step): titles.append("\(step.phase) \(step.completed)")
        case .jobEnded(let number, _, _, let outcome, _):
            titles.append("\(number) \(outcome == .done ? "done" : "not done")")
        case .ended: titles.append("ended")
        }
    }
}
