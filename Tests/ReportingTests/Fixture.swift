import Basics
import Experiments
import Store
import TestSupport

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Builds a database in a folder of its own and gives what a report reads of it.
func snapshot(recordKinds: Set<String> = [], _ fill: (RunStore) throws -> Void) throws
    -> StoreSnapshot
{
    var snapshot: StoreSnapshot?
    try withStore(fill) { snapshot = try $0.snapshot(recordKinds: recordKinds) }
    return snapshot ?? StoreSnapshot(hosts: [], runs: [], attempts: [], digests: [])
}

/// Builds a database in a folder of its own, reads it, and removes the folder.
func withStore(
    _ fill: (RunStore) throws -> Void, read: (ReadOnlyStore) throws -> Void
) throws {
    let manager = FileManager.default
    let folder = "\(manager.temporaryDirectory.path)/billion-report-\(UUID().uuidString)"
    try manager.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? manager.removeItem(atPath: folder) }
    let store = try RunStore(
        path: folder + "/runs.sqlite", now: { "2026-03-01T10:00:00.000Z" })
    try fill(store)
    try store.close()
    try read(try ReadOnlyStore(path: folder + "/runs.sqlite"))
}

/// A quickstart's results, with figures that are made up.
enum Quickstart {
    static let subjects = ["abstract_algebra", "computer_security", "world_religions"]

    static func run(installation: String = "installation-1", name: String = "quickstart")
        -> RunFacts
    {
        RunFacts(
            installation: installation, experiment: name, manifestDigest: SHA256.hex(name),
            host: HostFacts(
                processor: "AMD EPYC 7B13", cores: 2, memoryBytes: 8_589_934_592,
                architecture: "x86_64", operatingSystem: "Debian GNU/Linux 12, Linux 6.1",
                libraries: ["sqlite": "3.40.1", "blas": "OpenBLAS 0.3.21", "libyaml": "0.2.5"]),
            buildConfiguration: "release", commit: "0123abcd4567+", version: "0.1.0")
    }

    static func job(
        _ kind: String, _ quantization: String, model: String = "smollm2-135m-instruct",
        dataset: String = "mini-mmlu", limit: Int64? = 10, threads: Int64 = 2
    ) throws -> Job {
        var settings: [String: JSONValue] = ["n_prompt": .integer(512), "n_gen": .integer(64)]
        if kind == "mmlu" {
            settings = [
                "dataset": .string(dataset), "num_fewshot": .integer(5),
                "limit": limit.map { .integer($0) } ?? .null,
            ]
        }
        return try Job(
            cell: Cell(
                experiment: "quickstart", model: model, source: .catalog(model),
                quantization: quantization, task: kind, taskKind: kind, taskSettings: settings,
                hardware: "cpu", backend: "cpu",
                hardwareSettings: ["backend": .string("cpu"), "threads": .integer(threads)],
                seed: 1234),
            modelDigest: SHA256.hex(model),
            datasetDigest: kind == "mmlu" ? SHA256.hex(dataset) : nil, taskVersion: 1,
            engineVersion: 1)
    }

    static func metric(
        _ name: String, _ value: Double, _ unit: String, count: Int? = nil, spread: Double? = nil,
        low: Double? = nil, high: Double? = nil
    ) -> JobEvent {
        .metric(
            Metric(
                name: name, value: value, unit: unit, higherIsBetter: unit != "bytes",
                count: count, standardDeviation: spread, confidenceLow: low,
                confidenceHigh: high))
    }

    static func events(_ kind: String, scale: Double) -> [JobEvent] {
        let engine: [JobEvent] = [
            .fact(name: "kernel_variant", value: .string("avx2")),
            .fact(name: "threads", value: .integer(2)),
            .fact(name: "blas", value: .string("OpenBLAS 0.3.21")),
            .fact(name: "compute", value: .string("auto")),
            .fact(
                name: "provenance",
                value: .string(scale == 3 ? "as stored" : "requantized from q4_1")),
        ]
        switch kind {
        case "speed":
            return engine + [
                metric("pp512", 100 * scale + 1 / 3, "tokens/s", count: 3, spread: 1.25),
                metric("tg64", 10 * scale, "tokens/s", count: 3, spread: 0.05),
                metric("ttft", 1.5 / scale, "s", count: 3, spread: 0.01),
                metric("itl_mean", 0.1 / scale, "s", count: 63),
                metric("itl_p50", 0.09 / scale, "s", count: 63),
                metric("itl_p95", 0.2 / scale, "s", count: 63),
            ]
        case "memory":
            return engine + [
                metric("weights_bytes", 538_060_800 / scale, "bytes"),
                metric("kv_bytes_per_token", 46_080, "bytes"),
                metric("peak_resident_bytes", 700_000_000 / scale, "bytes"),
                metric("load_seconds", 0.5 * scale, "s"),
            ]
        default:
            var events = engine
            for (index, subject) in subjects.enumerated() {
                events.append(
                    metric("acc/\(subject)", Double(index + 2) / 10, "fraction", count: 10))
            }
            events += [
                metric("acc/group:stem", 0.25, "fraction", count: 20),
                metric("acc/group:social_sciences", 0.4, "fraction", count: 10),
                metric("acc_stderr/abstract_algebra", 0.1333, "fraction", count: 10),
            ]
            return events + [
                metric("acc", 0.3, "fraction", count: 30, spread: 0.466, low: 0.1668, high: 0.4788),
                metric("acc_stderr", 0.0834, "fraction"),
                metric("acc_macro", 0.3, "fraction"),
            ]
        }
    }

    static func fill(_ store: RunStore, installation: String = "installation-1") throws {
        let run = try store.beginRun(run(installation: installation))
        for (quantization, scale) in [("f32", 1.0), ("q8_0", 2.0), ("q4_0", 3.0)] {
            for kind in ["speed", "memory", "mmlu"] {
                let attempt = try store.beginAttempt(try job(kind, quantization), in: run)
                for event in events(kind, scale: scale) { try store.record(event, for: attempt) }
                // One cell stays empty and says why.
                let outcome: AttemptOutcome =
                    quantization == "q4_0" && kind == "mmlu"
                    ? .failed(reason: "the child process was killed by signal 9 (KILL)") : .done
                try store.finish(attempt, outcome: outcome)
            }
        }
        let skipped = try store.beginAttempt(try job("speed", "q8_0", threads: 64), in: run)
        try store.finish(
            skipped, outcome: .skipped(reason: "64 threads are wanted, this host has 2"))
        try store.endRun(run, status: "failed")
    }
}

/// Compares with a file in `Tests/Fixtures`; `BILLION_RECORD_SNAPSHOTS=1` writes it, and fails,
/// so that nobody records by accident.
func snapshotDifference(_ text: String, _ name: String) throws -> String? {
    let root = SharedData.packageRoot + "/Tests/Fixtures/Reporting"
    let path = "\(root)/\(name)"
    let folder = FileSystem.folder(of: path)
    if ProcessInfo.processInfo.environment["BILLION_RECORD_SNAPSHOTS"] == "1" {
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(filePath: path))
        return "recorded \(name); look at it, then run again without BILLION_RECORD_SNAPSHOTS"
    }
    guard let data = FileManager.default.contents(atPath: path) else {
        return "\(name) is missing; record it with BILLION_RECORD_SNAPSHOTS=1"
    }
    let recorded = String(decoding: data, as: UTF8.self)
    guard recorded != text else { return nil }
    let (old, new) = (recorded.split(separator: "\n"), text.split(separator: "\n"))
    let line = zip(old, new).first { $0 != $1 }
    return "\(name) differs: recorded '\(line?.0 ?? "…")', now '\(line?.1 ?? "…")'"
}
