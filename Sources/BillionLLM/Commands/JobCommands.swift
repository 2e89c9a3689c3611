import Basics
import Experiments
import Runner
import Store

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Finds a job by what somebody calls it.
private enum JobName {
    /// - Parameter words: an id or its beginning, or names on the axes.
    static func find(_ words: [String], in store: ReadOnlyStore) throws -> AttemptOverview {
        let name = words.joined(separator: " ")
        let found = try store.attempts(named: name)
        guard let newest = found.first else {
            throw UsageError(
                "no job is called '\(name)'. `billion query \"SELECT DISTINCT job_id, model, "
                    + "quantization, task, hardware FROM results\"` lists them.")
        }
        var ids: [JobID: String] = [:]
        for attempt in found { ids[attempt.jobID] = attempt.title }
        guard ids.count == 1 else {
            let list = ids.map { "\n  \($0.key.short)  \($0.value)" }.sorted().joined()
            throw UsageError("'\(name)' fits \(ids.count) jobs. Name one by its id:\(list)")
        }
        return newest
    }
}

/// Shows what a job's process said.
enum LogCommand: Command {
    static let specification = CommandSpecification(
        name: "log", summary: "show what a job's process said on stderr, and how it ended",
        operands: "JOB...", operandCount: 1...8,
        options: [.init("db", "FILE", "the database (default runs.sqlite of the project)")],
        examples: ["billion log v1-3fa9c2", "billion log smollm2-135m-instruct q8_0 mmlu"])

    static func run(_ arguments: Arguments) throws -> ExitStatus {
        let store = try ReadOnlyStore(path: Project().databasePath(arguments))
        defer { store.close() }
        let job = try JobName.find(arguments.operands, in: store)
        let reason = job.reason.map { ": \($0)" } ?? ""
        Console.error(
            "\(job.jobID.short)  \(job.title)  \(job.status) in run \(job.runID), begun "
                + "\(job.startedAt)\(reason)")
        let path = try JobLogs.path(of: job.jobID)
        var isEmpty = true
        for file in [path + ".1", path] where FileSystem.exists(file) {
            Console.write(try FileSystem.read(file))
            isEmpty = false
        }
        if isEmpty { Console.error("There is no log of it on this machine.") }
        return .success
    }
}

/// Takes one job off a run that goes on.
enum CancelCommand: Command {
    static let specification = CommandSpecification(
        name: "cancel", summary: "take one job off the run that goes on; the others stay",
        operands: "JOB...", operandCount: 1...8,
        options: [.init("db", "FILE", "the database (default runs.sqlite of the project)")],
        examples: [
            "billion cancel v1-3fa9c2", "billion cancel smollm2-135m-instruct q8_0 mmlu cpu",
        ])

    /// A run looks after wishes every few seconds.
    private static let patience = 15_000

    static func run(_ arguments: Arguments) throws -> ExitStatus {
        let path = try Project().databasePath(arguments)
        let reader = try ReadOnlyStore(path: path)
        let job = try JobName.find(arguments.operands, in: reader)
        reader.close()
        guard job.status == "running" else {
            throw UsageError("\(job.title) does not run: it is \(job.status).")
        }
        let writer = try RunStore(path: path)
        try writer.cancel(job.jobID)
        try writer.close()
        for _ in 0..<(patience / 200) {
            Pause.milliseconds(200)
            let store = try ReadOnlyStore(path: path)
            defer { store.close() }
            guard let now = try store.attempts(named: job.jobID.text).first else { break }
            if now.status != "running" {
                Console.error("\(job.title): \(now.status).")
                return .success
            }
        }
        Console.error("\(job.title): its run has not answered yet.")
        return .failure
    }
}
