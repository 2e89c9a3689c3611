// Writes into a database for the tests of several writers: DATABASE TASK COMMITS [SECONDS-PER-COMMIT]
//
// Exits with 0 when every commit went through, and with 3 when another run has the job.
import Basics
import Experiments
import Store

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

func fail(_ message: String, code: Int32 = 1) -> Never {
    let line = Array((message + "\n").utf8)
    _ = write(2, line, line.count)
    exit(code)
}

let words = CommandLine.arguments
guard words.count >= 4, let commits = Int(words[3]) else { fail("DATABASE TASK COMMITS", code: 2) }
let pause = words.count > 4 ? Double(words[4]) ?? 0 : 0

do {
    let installation = "writer-installation"
    let store = try RunStore(path: words[1], patience: .seconds(60))
    let run = try store.beginRun(
        RunFacts(
            installation: installation, experiment: "writers", manifestDigest: "0",
            host: HostFacts(
                processor: "p", cores: 2, memoryBytes: 1, architecture: "a", operatingSystem: "o",
                libraries: [:]), buildConfiguration: "debug", commit: nil, version: "0"))
    let cell = Cell(
        experiment: "writers", model: "tiny", source: .path("/tiny"), quantization: "f32",
        task: words[2], taskKind: words[2], taskSettings: [:], hardware: "cpu", backend: "cpu",
        hardwareSettings: [:], seed: 1)
    let job = try Job(
        cell: cell, modelDigest: "00", datasetDigest: nil, taskVersion: 1, engineVersion: 1)
    if try store.finishedJobs(installation: installation).contains(job.id) {
        try store.endRun(run, status: "finished")
        try store.close()
        exit(0)
    }
    let attempt = try store.beginAttempt(job, in: run)
    let done = try store.adoptUnfinishedWork(for: attempt)
    let first = (done.records["unit"] ?? []).count
    for index in first..<commits {
        try store.record(
            .record(JobRecord(kind: "unit", index: index, values: ["task": .string(words[2])])),
            for: attempt)
        try store.record(
            .progress(JobProgress(phase: "units", completed: index + 1, total: commits)),
            for: attempt)
        if pause > 0 { usleep(UInt32(pause * 1e6)) }
    }
    try store.finish(attempt, outcome: .done)
    try store.endRun(run, status: "finished")
    try store.close()
} catch StoreError.takenByAnotherRun {
    fail("taken", code: 3)
} catch {
    fail("\(error)")
}
