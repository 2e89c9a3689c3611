import Experiments
import Store
import Testing

@Suite struct MergeTests {
    /// A file with a done, a failed and an interrupted attempt.
    private func cell(_ name: String, installation: String = Sample.here) throws -> Scratch {
        let scratch = try Scratch()
        let store = try RunStore(path: scratch.database)
        try Sample.finish(
            try Sample.job("mmlu", model: name), in: store, installation: installation,
            events: [
                .sample(Sample.sample(0)), .sample(Sample.sample(1)),
                .fact(name: "threads", value: .integer(2)),
                .record(JobRecord(kind: "unit", index: 0, values: ["x": .integer(1)])),
                .metric(Sample.metric("acc", 0.5)),
            ])
        let run = try store.beginRun(Sample.run(installation: installation))
        let attempt = try store.beginAttempt(try Sample.job("speed", model: name), in: run)
        try store.finish(attempt, outcome: .ended(.timedOut, reason: "time limit of 1 s exceeded."))
        try store.endRun(run, status: "failed")
        try store.close()
        return scratch
    }

    private let contents = """
        SELECT m.name, j.task, a.status, a.cause, a.digest, h.installation, r.run_key,
            (SELECT count(*) FROM attempt_samples x WHERE x.attempt_id = a.id),
            (SELECT count(*) FROM attempt_metrics x WHERE x.attempt_id = a.id),
            (SELECT count(*) FROM attempt_records x WHERE x.attempt_id = a.id),
            (SELECT count(*) FROM attempt_facts x WHERE x.attempt_id = a.id)
        FROM attempts a JOIN jobs j ON j.id = a.job_id JOIN models m ON m.id = j.model_id
        JOIN runs r ON r.id = a.run_id JOIN hosts h ON h.id = r.host_id
        ORDER BY 1, 2
        """

    private func rows(_ sql: String, _ scratch: Scratch) throws -> [[SQLValue]] {
        let store = try ReadOnlyStore(path: scratch.database)
        defer { store.close() }
        return try store.query(sql).rows
    }

    @Test func mergingTakesEverythingOverAndAgainNothing() throws {
        let target = try Scratch()
        let cells = [try cell("a"), try cell("b", installation: Sample.elsewhere), try cell("c")]
        for round in 0..<3 {
            let store = try RunStore(path: target.database)
            for cell in cells {
                let before = cell.bytes()
                let summary = try store.merge(cell.database)
                #expect(
                    summary
                        == (round == 0
                            ? MergeSummary(runs: 2, attempts: 2, known: 0)
                            : MergeSummary(runs: 0, attempts: 0, known: 2)))
                #expect(cell.bytes() == before)
                #expect(try cell.files() == ["runs.sqlite"])
            }
            try store.close()
            #expect(try target.files() == ["runs.sqlite"])
            #expect(try rows(contents, target) == cells.flatMap { try rows(contents, $0) })
        }
        #expect(try rows("PRAGMA foreign_key_check", target).isEmpty)
        #expect(try rows("SELECT count(*) FROM questions", target) == [[.integer(2)]])
        #expect(try rows("SELECT count(*) FROM samples", target) == [[.integer(6)]])
        // The other way round comes to the same.
        let other = try Scratch()
        let store = try RunStore(path: other.database)
        for cell in cells.reversed() { _ = try store.merge(cell.database) }
        try store.close()
        #expect(try rows(contents, other) == rows(contents, target))
    }

    @Test func aCellThatHasGrownIsMergedAgain() throws {
        let (target, cell) = (try Scratch(), try cell("a"))
        func merge() throws -> MergeSummary {
            let store = try RunStore(path: target.database)
            defer { try? store.close() }
            return try store.merge(cell.database)
        }
        _ = try merge()
        let store = try RunStore(path: cell.database)
        try Sample.finish(
            try Sample.job("speed", model: "a"), in: store,
            events: [.metric(Sample.metric("pp8", 9))])
        try store.close()
        #expect(try merge() == MergeSummary(runs: 1, attempts: 1, known: 2))
        #expect(try rows(contents, target) == rows(contents, cell))
    }

    @Test func anAttemptThatStillRunsIsLeftForTheNextTime() throws {
        let (target, other) = (try Scratch(), try Scratch())
        let running = try RunStore(path: other.database)
        let run = try running.beginRun(Sample.run())
        let attempt = try running.beginAttempt(try Sample.job(), in: run)
        let store = try RunStore(path: target.database)
        #expect(
            try store.merge(other.database)
                == MergeSummary(runs: 1, attempts: 0, known: 0, unfinished: 1))
        try running.finish(attempt, outcome: .done)
        try running.endRun(run, status: "finished")
        try running.close()
        #expect(try store.merge(other.database) == MergeSummary(runs: 0, attempts: 1, known: 0))
        try store.close()
        #expect(try rows("SELECT status FROM runs", target) == [[.text("finished")]])
    }

    @Test func refusals() throws {
        let target = try Scratch()
        let store = try RunStore(path: target.database)
        #expect(
            message { try store.merge(target.database) }
                == "\(target.database): it is the database that the others are merged into. Name "
                + "the others only, or another one with --db FILE.")
        let other = try Scratch()
        other.write(Array("no database".utf8))
        #expect(message { try store.merge(other.database) }.contains("another kind of file"))
        #expect(message { try store.merge(other.folder + "/none") }.contains("no such database"))
        try store.close()
    }
}
