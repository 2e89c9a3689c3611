import Basics
import Experiments
import Testing

@testable import Runner
@testable import Store

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Runner, children and the real database together.
@Suite struct StoredRunTests {
    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder =
            FileManager.default.temporaryDirectory.path + "/billion-run-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    private func run(
        _ names: [String], database: String, executor: any JobExecutor, stop: StopRequests,
        prepare: (RunStore) throws -> Void = { _ in }
    ) throws -> RunSummary {
        let store = try RunStore(path: database)
        try prepare(store)
        let result = Result {
            try JobRunner(
                store: store, executor: executor, policy: samplePolicy,
                progress: RecordingProgress(), stop: stop
            ).run(try names.map { .ready(try sampleJob($0)) }, facts: sampleFacts)
        }
        try store.close()
        return try result.get()
    }

    /// A shell that does what the name of its job says.
    private func shell(stop: StopRequests) -> ChildProcessExecutor {
        let script = """
            IFS= read -r line
            metric() { echo '{"version":2,"event":{"metric":{"_0":{"name":"'$1'","value":'$2',"unit":"s"}}}}'; }
            metric one 1; metric two 2.5
            case "$line" in
            *'"task":"crash"'*) echo "cannot read $0 in $HOME/models" >&2; kill -9 $$;;
            *'"task":"twice"'*) metric one 3; sleep 60;;
            *) echo '{"version":2,"outcome":"finished"}';;
            esac
            """
        return ChildProcessExecutor(
            program: "/bin/sh", arguments: ["-c", script, "/srv/private/job"],
            policy: samplePolicy, stop: stop,
            assignment: { ChildAssignment(job: $0, resources: ["model": "/srv/private/m.gguf"]) })
    }

    private func rows(_ sql: String, _ database: String) throws -> [[SQLValue]] {
        let store = try ReadOnlyStore(path: database)
        defer { store.close() }
        return try store.query(sql).rows
    }

    @Test func resultsFailuresAndResume() throws {
        try withFolder { folder in
            let database = folder + "/runs.sqlite"
            let stop = try StopRequests()
            let names = ["a", "crash", "twice", "b"]
            let first = try run(names, database: database, executor: shell(stop: stop), stop: stop)
            #expect(first.done == 2)
            #expect(first.failed.map(\.number) == [2, 3])
            #expect(first.exit == .jobFailed)

            let again = try run(names, database: database, executor: shell(stop: stop), stop: stop)
            #expect((again.done, again.doneBefore, again.failed.count) == (0, 2, 2))

            let reasons = try rows(
                "SELECT DISTINCT j.task, a.reason FROM attempts a JOIN jobs j ON j.id = a.job_id "
                    + "WHERE a.status = 'failed' ORDER BY j.task", database)
            #expect(reasons.map { $0[0] } == [.text("crash"), .text("twice")])
            let texts = reasons.map { "\($0[1])" }
            #expect(texts[0].contains("killed by signal 9 (SIGKILL): out of memory?"))
            #expect(texts[1].contains("reported twice by the same job"))
            #expect(
                try rows("SELECT status FROM runs", database) == [
                    [.text("failed")], [.text("failed")],
                ])
            #expect(
                try rows("SELECT metric, value FROM results WHERE task = 'a'", database)
                    == [[.text("one"), .real(1)], [.text("two"), .real(2.5)]])

            let store = try ReadOnlyStore(path: database)
            #expect(try store.privacyFindings(forbidden: ["private"]).isEmpty)
            store.close()
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["runs.sqlite"])
        }
    }

    @Test func interruptedRunGoesOn() throws {
        try withFolder { folder in
            let database = folder + "/runs.sqlite"
            let stop = try StopRequests()
            let first = try run(
                ["a", "b"], database: database,
                executor: FakeExecutor { job, report in
                    try report(sampleMetric(1))
                    if job.cell.task == "b" { throw JobFailure.interrupted }
                }, stop: stop)
            #expect(first.exit == .interrupted)
            #expect(
                try rows("SELECT status FROM attempts ORDER BY id", database)
                    == [[.text("done")], [.text("interrupted")]])
            #expect(try rows("SELECT status FROM runs", database) == [[.text("interrupted")]])
            let second = try run(
                ["a", "b"], database: database, executor: shell(stop: stop), stop: stop)
            #expect((second.done, second.doneBefore) == (1, 1))
        }
    }

    @Test func fullDatabaseStopsTheRunAndStaysWhole() throws {
        try withFolder { folder in
            let database = folder + "/runs.sqlite"
            let stop = try StopRequests()
            let executor = FakeExecutor { job, report in
                guard job.cell.task == "large" else { return }
                for index in 0..<1000 {
                    let text = String(repeating: "x", count: 4000)
                    try report(.fact(name: "fact \(index)", value: .string(text)))
                }
            }
            let error = try #require(throws: RunnerError.self) {
                try run(["a", "large", "b"], database: database, executor: executor, stop: stop) {
                    let pages = try $0.database.integer("PRAGMA page_count") ?? 0
                    _ = try $0.database.value("PRAGMA max_page_count = \(pages + 60)")
                }
            }
            #expect(
                error.description.hasPrefix(
                    "keeping the results of job 2 of 3 (tiny q8_0 large cpu): the store refused: "))
            #expect(error.description.contains("database or disk is full"))
            #expect(try rows("PRAGMA quick_check", database) == [[.text("ok")]])
            let second = try run(
                ["a", "large", "b"], database: database, executor: executor, stop: stop)
            #expect((second.done, second.doneBefore) == (2, 1))
        }
    }
}
