import Basics
import Experiments
import Store

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A folder of a test's own, removed when released.
final class Scratch {
    let folder: String

    init() throws {
        folder = "\(FileManager.default.temporaryDirectory.path)/billion-store-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o755])
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    var database: String { folder + "/runs.sqlite" }

    /// Names of the files in the folder, sorted.
    func files() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    func bytes(_ name: String = "runs.sqlite") -> [UInt8] {
        FileManager.default.contents(atPath: "\(folder)/\(name)").map { [UInt8]($0) } ?? []
    }

    func write(_ bytes: [UInt8], to name: String = "runs.sqlite") {
        _ = FileManager.default.createFile(atPath: "\(folder)/\(name)", contents: Data(bytes))
    }

    /// What a killed process leaves: the file and its log (or journal) as they are at this moment.
    func copyAfterKill(to other: Scratch, _ companion: String = "-wal") throws {
        for suffix in ["", companion] {
            try FileManager.default.copyItem(
                atPath: database + suffix, toPath: other.database + suffix)
        }
    }

    /// A connection for what the store itself would not do.
    func connect() throws -> Database {
        if !FileManager.default.fileExists(atPath: database) { write([]) }
        return try Database(path: database, named: "runs.sqlite", access: .readWrite)
    }
}

/// Jobs and facts to fill a store with.
enum Sample {
    static let here = "0d5e9c1a-installation"
    static let elsewhere = "77aa01bb-installation"

    static func run(installation: String = here) -> RunFacts {
        RunFacts(
            installation: installation, experiment: "quickstart",
            manifestDigest: SHA256.hex("manifest"),
            host: HostFacts(
                processor: "AMD EPYC 7B13 64-Core Processor", cores: 2,
                memoryBytes: 8_589_934_592, architecture: "x86_64",
                operatingSystem: "Debian GNU/Linux 12, Linux 6.1",
                libraries: ["sqlite": "3.40.1", "blas": "OpenBLAS 0.3.21"]),
            buildConfiguration: "release", commit: "0123abc", version: "0.1.0")
    }

    static func job(
        _ task: String = "mmlu", model: String = "tiny", quantization: String = "q8_0",
        limit: Int64 = 10, seed: UInt64 = 1234
    ) throws -> Job {
        let isMMLU = task == "mmlu"
        return try Job(
            cell: Cell(
                experiment: "quickstart", model: model, source: .catalog(model),
                quantization: quantization, task: task, taskKind: task,
                taskSettings: isMMLU
                    ? [
                        "dataset": .string("mini-mmlu"), "num_fewshot": .integer(5),
                        "limit": .integer(limit),
                    ] : ["n_prompt": .integer(512), "n_gen": .integer(64)],
                hardware: "cpu", backend: "cpu",
                hardwareSettings: ["backend": .string("cpu"), "threads": .integer(2)],
                seed: seed),
            modelDigest: SHA256.hex(model), datasetDigest: isMMLU ? SHA256.hex("mini") : nil,
            taskVersion: 1, engineVersion: 1)
    }

    static func sample(_ index: Int) -> EvaluatedSample {
        EvaluatedSample(
            index: index, subject: "astronomy", question: "What is \(index)?",
            logProbabilities: [-1.25, -0.5, -3, -2 - Double(index)], prediction: "B",
            answer: index.isMultiple(of: 2) ? "B" : "A", isCorrect: index.isMultiple(of: 2))
    }

    static func progress(_ completed: Int) -> JobEvent {
        .progress(JobProgress(phase: "astronomy", completed: completed, total: 1000))
    }

    static func metric(_ name: String, _ value: Double) -> Metric {
        Metric(name: name, value: value, unit: "fraction", higherIsBetter: true)
    }

    /// One finished attempt with these events, in a run of its own.
    @discardableResult
    static func finish(
        _ job: Job, in store: RunStore, installation: String = here, events: [JobEvent]
    ) throws -> AttemptKey {
        let run = try store.beginRun(Sample.run(installation: installation))
        let attempt = try store.beginAttempt(job, in: run)
        for event in events { try store.record(event, for: attempt) }
        try store.finish(attempt, outcome: .done)
        try store.endRun(run, status: "finished")
        return attempt
    }
}

/// The message of the error that is thrown, or what came instead.
func message(of body: () throws -> some Any) -> String {
    do { return "no error, but \(try body())" } catch { return "\(error)" }
}
