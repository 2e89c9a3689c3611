import Basics
import Experiments

extension RunStore {
    /// Tables whose rows are units of work, each of an attempt.
    private static let tablesOfWork = ["attempt_samples", "attempt_records", "attempt_timings"]

    /// The rows are moved, not copied.
    ///
    /// So each unit of work is in the database once, however often a job is cut off. What an attempt before the last done one had finished is left to it.
    package func adoptUnfinishedWork(for attempt: AttemptKey) throws -> CompletedWork {
        try commitPending()
        let new = SQLValue.integer(attempt.rowID)
        let hasWork = Self.tablesOfWork.map {
            "EXISTS (SELECT 1 FROM \($0) work WHERE work.attempt_id = a.id)"
        }.joined(separator: " OR ")
        return try database.transaction { () throws(StoreError) in
            let previous = try database.integer(
                """
                SELECT max(a.id)
                FROM attempts a
                JOIN runs r ON r.id = a.run_id
                JOIN attempts new ON new.id = ?
                JOIN runs its_run ON its_run.id = new.run_id
                WHERE a.job_id = new.job_id AND a.id < new.id AND r.host_id = its_run.host_id
                    AND a.status IN ('interrupted', 'failed')
                    AND NOT EXISTS (
                        SELECT 1 FROM attempts done
                        WHERE done.job_id = a.job_id AND done.status = 'done' AND done.id > a.id)
                    -- One that was killed before it took anything over has nothing to give.
                    AND (\(hasWork))
                """, [new])
            guard let previous else { return .none }
            for table in Self.tablesOfWork {
                try database.run(
                    "UPDATE \(table) SET attempt_id = ? WHERE attempt_id = ?",
                    [new, .integer(previous)])
            }
            return CompletedWork(
                try timings(of: new) + records(of: new) + samples(of: new))
        }
    }

    private func timings(of attempt: SQLValue) throws(StoreError) -> [JobEvent] {
        let row = try database.prepare(
            """
            SELECT name, repetition, tokens, nanoseconds FROM attempt_timings
            WHERE attempt_id = ? ORDER BY name, repetition
            """, [attempt])
        var events: [JobEvent] = []
        while try row.step() {
            events.append(
                .timing(
                    TimingSample(
                        name: row.text(0) ?? "", repetition: Int(row.integer(1) ?? 0),
                        tokens: Int(row.integer(2) ?? 0),
                        nanoseconds: UInt64(row.integer(3) ?? 0))))
        }
        return events
    }

    private func records(of attempt: SQLValue) throws(StoreError) -> [JobEvent] {
        let row = try database.prepare(
            """
            SELECT kind, record_index, value FROM attempt_records
            WHERE attempt_id = ? ORDER BY kind, record_index
            """, [attempt])
        var events: [JobEvent] = []
        while try row.step() {
            let kind = row.text(0) ?? ""
            events.append(
                .record(
                    JobRecord(
                        kind: kind, index: Int(row.integer(1) ?? 0),
                        values: try decoded(row.text(2), what: "record '\(kind)'"))))
        }
        return events
    }

    private func samples(of attempt: SQLValue) throws(StoreError) -> [JobEvent] {
        let row = try database.prepare(
            """
            SELECT s.sample_index, q.subject, q.question, s.logprobs, s.prediction, s.answer,
                s.correct
            FROM attempt_samples s JOIN questions q ON q.id = s.question_id
            WHERE s.attempt_id = ? ORDER BY s.sample_index
            """, [attempt])
        var events: [JobEvent] = []
        while try row.step() {
            events.append(
                .sample(
                    EvaluatedSample(
                        index: Int(row.integer(0) ?? 0), subject: row.text(1) ?? "",
                        question: row.text(2) ?? "",
                        logProbabilities: try decoded(
                            row.text(3), what: "log-probabilities of a sample"),
                        prediction: row.text(4) ?? "", answer: row.text(5) ?? "",
                        isCorrect: row.integer(6) == 1)))
        }
        return events
    }

    private func decoded<Value: Decodable>(_ text: String?, what: String) throws(StoreError)
        -> Value
    {
        do { return try JSON.decode(Value.self, from: text ?? "null") } catch {
            throw StoreError.damagedValue(
                file: database.file, what: what, reason: "it does not have its form")
        }
    }
}
