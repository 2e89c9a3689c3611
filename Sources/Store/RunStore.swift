import Basics
import Experiments

/// The database while results are written to it; several processes may do so at a time.
///
///     let store = try RunStore(path: "runs.sqlite")
///     let run = try store.beginRun(facts)
///     let attempt = try store.beginAttempt(job, in: run)
///     try store.record(.metric(metric), for: attempt)
///     try store.finish(attempt, outcome: .done)
///     try store.endRun(run, status: "finished")
///     try store.close()  // leaves the one file and nothing beside it
package final class RunStore: JobStore {
    let database: Database
    let file: StoreFile
    private(set) var lock: DatabaseLock?
    let now: () -> String
    let redaction: Redaction
    private var isOpen = true

    /// Attempts begun here and not finished.
    private var running: Set<Int64> = []
    /// Events of the unit of work that is not committed yet.
    private var unit: [(event: JobEvent, attempt: SQLValue)] = []

    init(database: Database, file: StoreFile, lock: DatabaseLock, now: @escaping () -> String) {
        self.database = database
        self.file = file
        self.lock = lock
        self.now = now
        redaction = Redaction.ofThisMachine()
    }

    deinit { try? close(patience: .zero) }

    // MARK: JobStore

    package func finishedJobs(installation: String) throws -> Set<JobID> {
        try database.finishedJobs(installation: installation)
    }

    package func beginRun(_ run: RunFacts) throws -> RunKey {
        try commitPending()
        let libraries = try encoded(
            .object(run.host.libraries.mapValues { .string(redaction.scrub($0)) }),
            what: "library versions")
        return try database.transaction { () throws(StoreError) in
            let host = try hostRow(run)
            try database.run(
                """
                INSERT INTO runs (host_id, experiment, manifest_digest, status, started_at,
                    memory_bytes, operating_system, libraries, build_configuration,
                    source_commit, version, run_key)
                VALUES (?, ?, ?, 'running', ?, ?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    .integer(host), .text(Redaction.name(run.experiment)),
                    .text(run.manifestDigest), .text(now()), .integer(run.host.memoryBytes),
                    .text(redaction.scrub(run.host.operatingSystem)), .text(libraries),
                    .text(run.buildConfiguration), .orNull(run.commit), .text(run.version),
                    .text(Self.randomKey()),
                ])
            let key = RunKey(rowID: database.lastInsertRowID)
            // Before the row can be seen, or it would be taken for a dead one.
            _ = try lock?.acquire(.run(key.rowID), .exclusive, patience: .zero)
            return key
        }
    }

    package func endRun(_ run: RunKey, status: String) throws {
        guard ["finished", "failed", "interrupted"].contains(status) else {
            throw StoreError.invalidStatus(status)
        }
        try commitPending()
        try database.transaction { () throws(StoreError) in
            try database.run(
                "UPDATE runs SET status = ?, ended_at = ? WHERE id = ?",
                [.text(status), .text(now()), .integer(run.rowID)])
            try database.run(
                "DELETE FROM run_heartbeats WHERE run_id = ?", [.integer(run.rowID)])
            try database.run("DELETE FROM cancellations WHERE run_id = ?", [.integer(run.rowID)])
        }
        lock?.release(.run(run.rowID))
    }

    private static func randomKey() -> String {
        (0..<2).map { _ in
            let digits = String(UInt64.random(in: 0 ... .max), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    package func beginAttempt(_ job: Job, in run: RunKey) throws -> AttemptKey {
        try commitPending()
        let attempt = try database.transaction { () throws(StoreError) in
            let jobRow = try upsert(job)
            if let objection = try isTaken(jobRow, by: run) { throw objection }
            try database.run(
                """
                INSERT INTO attempts (job_id, run_id, status, started_at)
                VALUES (?, ?, 'running', ?)
                """, [.integer(jobRow), .integer(run.rowID), .text(now())])
            return AttemptKey(rowID: database.lastInsertRowID)
        }
        running.insert(attempt.rowID)
        return attempt
    }

    package func record(_ event: JobEvent, for attempt: AttemptKey) throws {
        guard running.contains(attempt.rowID) else {
            throw StoreError.attemptNotRunning(attempt: attempt.rowID)
        }
        switch event {
        case .progress:
            try commitPending()
        case .alive:
            // Others may want to write before this unit of work is whole.
            if database.isInTransaction { database.rollBack() }
        case .fact, .timing, .sample, .record, .metric:
            try beginPending()
            let row = SQLValue.integer(attempt.rowID)
            try store(event, for: row)
            unit.append((event, row))
        }
    }

    package func finish(_ attempt: AttemptKey, outcome: AttemptOutcome) throws {
        guard running.contains(attempt.rowID) else {
            throw StoreError.attemptNotRunning(attempt: attempt.rowID)
        }
        let (status, reason, cause): (String, String?, String?) =
            switch outcome {
            case .done: ("done", nil, nil)
            case .failed(let reason): ("failed", redaction.scrub(reason), nil)
            case .ended(let cause, let reason):
                ("failed", redaction.scrub(reason), cause.rawValue)
            case .skipped(let reason): ("skipped", redaction.scrub(reason), nil)
            case .interrupted: ("interrupted", nil, nil)
            }
        // The rest of the events, the digest over all of them and the status: one transaction.
        // Of a job that was cut off, half a unit of work is not kept.
        if outcome != .done { rollBackPending() }
        try beginPending()
        do {
            let digest =
                outcome == .done
                ? try AttemptDigest.compute(attempt.rowID, in: database) : nil
            try database.run(
                """
                UPDATE attempts SET status = ?, reason = ?, cause = ?, ended_at = ?, digest = ?
                WHERE id = ?
                """,
                [
                    .text(status), .orNull(reason), .orNull(cause), .text(now()), .orNull(digest),
                    .integer(attempt.rowID),
                ])
            if outcome == .done {
                let one = "a.id = \(attempt.rowID)"
                try database.run(OutcomeVectors.addSets(of: one))
                try database.run(OutcomeVectors.addOutcomes(of: one))
            }
            try commitPending()
        } catch {
            rollBackPending()
            throw error
        }
        running.remove(attempt.rowID)
    }

    // MARK: Closing

    /// Writes the log back and leaves one file.
    ///
    /// Units of work that are not whole are dropped.
    ///
    /// While somebody else writes the log stays theirs. While somebody reads it cannot be taken
    /// away; after `patience` it is left, complete and harmless, for the next writer to tidy up.
    package func close(patience: Duration = .seconds(3)) throws {
        guard isOpen else { return }
        isOpen = false
        defer {
            database.close()
            OpenWriters.remove(file.identity)
            lock = nil
        }
        rollBackPending()
        database.setPatience(.seconds(5))
        // Nobody may come while it is found out whether somebody is there.
        guard try lock?.acquire(.setup, .exclusive, patience: .seconds(10)) == true,
            lock?.isTaken(.allWriters) == false
        else { return }
        _ = try database.value("PRAGMA wal_checkpoint(TRUNCATE)")
        try file.leaveLog(of: database, patience: patience)
    }

    // MARK: Units of work

    private func beginPending() throws(StoreError) {
        guard !database.isInTransaction else { return }
        try database.execute("BEGIN IMMEDIATE")
        // What was taken back for others to write.
        for (event, attempt) in unit { try store(event, for: attempt) }
    }

    func commitPending() throws(StoreError) {
        if !unit.isEmpty { try beginPending() }
        if database.isInTransaction { try database.execute("COMMIT") }
        unit = []
    }

    private func rollBackPending() {
        if database.isInTransaction { database.rollBack() }
        unit = []
    }
}

// MARK: Rows

extension RunStore {
    private func store(_ event: JobEvent, for attempt: SQLValue) throws(StoreError) {
        switch event {
        case .progress, .alive: break
        case .fact(let name, let value):
            let text = try encoded(redaction.scrub(value), what: "fact '\(name)'")
            try database.run(
                "INSERT OR REPLACE INTO attempt_facts (attempt_id, name, value) VALUES (?, ?, ?)",
                [attempt, .text(name), .text(text)])
        case .metric(let metric): try store(metric, for: attempt)
        case .timing(let timing):
            let what = "timing '\(timing.name)' repetition \(timing.repetition)"
            guard let nanoseconds = Int64(exactly: timing.nanoseconds) else {
                throw StoreError.outOfRange(what: what, value: "\(timing.nanoseconds) ns")
            }
            try insertOnce(
                """
                INSERT INTO attempt_timings (attempt_id, name, repetition, tokens, nanoseconds)
                VALUES (?, ?, ?, ?, ?)
                """,
                [
                    attempt, .text(timing.name), .integer(Int64(timing.repetition)),
                    .integer(Int64(timing.tokens)), .integer(nanoseconds),
                ], what: what)
        case .sample(let sample): try store(sample, for: attempt)
        case .record(let record): try store(record, for: attempt)
        }
    }

    private func store(_ metric: Metric, for attempt: SQLValue) throws(StoreError) {
        let what = "metric '\(metric.name)'"
        let numbers: [(String, Double?)] = [
            (what, metric.value), ("\(what), standard deviation", metric.standardDeviation),
            ("\(what), lower end of its interval", metric.confidenceLow),
            ("\(what), upper end of its interval", metric.confidenceHigh),
        ]
        for case (let what, let number?) in numbers where !number.isFinite {
            throw StoreError.notFinite(what: what, value: "\(number)")
        }
        try insertOnce(
            """
            INSERT INTO attempt_metrics (attempt_id, name, value, unit, higher_is_better, n,
                stddev, ci_low, ci_high)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                attempt, .text(metric.name), .real(metric.value), .text(metric.unit),
                .orNull(metric.higherIsBetter), .orNull(metric.count),
                .orNull(metric.standardDeviation), .orNull(metric.confidenceLow),
                .orNull(metric.confidenceHigh),
            ], what: what)
    }

    private func store(_ sample: EvaluatedSample, for attempt: SQLValue) throws(StoreError) {
        let what = "sample \(sample.index)"
        for number in sample.logProbabilities where !number.isFinite {
            throw StoreError.notFinite(what: "\(what), log-probability", value: "\(number)")
        }
        let digest = AttemptDigest.question(subject: sample.subject, text: sample.question)
        try database.run(
            """
            INSERT INTO questions (digest, subject, question) VALUES (?, ?, ?)
            ON CONFLICT (digest) DO NOTHING
            """, [.text(digest), .text(sample.subject), .text(sample.question)])
        let question = try database.integer(
            "SELECT id FROM questions WHERE digest = ?", [.text(digest)])
        let logProbabilities = sample.logProbabilities.map(\.description).joined(separator: ",")
        try insertOnce(
            """
            INSERT INTO attempt_samples (attempt_id, sample_index, question_id, logprobs,
                prediction, answer, correct)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            [
                attempt, .integer(Int64(sample.index)), question.map { .integer($0) } ?? .null,
                .text("[\(logProbabilities)]"), .text(sample.prediction), .text(sample.answer),
                .integer(sample.isCorrect ? 1 : 0),
            ], what: what)
    }

    private func store(_ record: JobRecord, for attempt: SQLValue) throws(StoreError) {
        let what = "record '\(record.kind)' \(record.index)"
        let text = try encoded(redaction.scrub(.object(record.values)), what: what)
        try insertOnce(
            """
            INSERT INTO attempt_records (attempt_id, kind, record_index, value)
            VALUES (?, ?, ?, ?)
            """,
            [attempt, .text(record.kind), .integer(Int64(record.index)), .text(text)], what: what)
    }

    /// The job's row, made at first sight.
    ///
    /// Names do not belong to a job's identity; the newest manifest's names are kept, so that its
    /// owner finds the results under them.
    private func upsert(_ job: Job) throws(StoreError) -> Int64 {
        let cell = job.cell
        let model = try named("models", Redaction.name(cell.model), digest: job.modelDigest)
        var dataset: Int64?
        if let digest = job.datasetDigest {
            var name = cell.task
            if case .string(let given) = cell.taskSettings["dataset"] { name = given }
            dataset = try named("datasets", Redaction.name(name), digest: digest)
        }
        let taskSettings = try encoded(
            redaction.scrub(.object(cell.taskSettings)), what: "settings of \(cell.title)")
        let hardwareSettings = try encoded(
            redaction.scrub(.object(cell.hardwareSettings)), what: "hardware of \(cell.title)")
        try database.run(
            """
            INSERT INTO jobs (job_id, model_id, dataset_id, quantization, task, task_kind,
                task_settings, hardware, backend, hardware_settings, seed)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (job_id) DO UPDATE SET model_id = excluded.model_id,
                dataset_id = excluded.dataset_id, task = excluded.task,
                hardware = excluded.hardware
            """,
            [
                .text(job.id.text), .integer(model), dataset.map { .integer($0) } ?? .null,
                .text(cell.quantization), .text(Redaction.name(cell.task)),
                .text(cell.taskKind), .text(taskSettings), .text(Redaction.name(cell.hardware)),
                .text(cell.backend), .text(hardwareSettings), .text(String(cell.seed)),
            ])
        return try database.integer("SELECT id FROM jobs WHERE job_id = ?", [.text(job.id.text)])
            ?? 0
    }

    /// - Parameter table: `models` or `datasets`.
    private func named(_ table: String, _ name: String, digest: String) throws(StoreError)
        -> Int64
    {
        try database.run(
            "INSERT INTO \(table) (name, digest) VALUES (?, ?) ON CONFLICT DO NOTHING",
            [.text(name), .text(digest)])
        return try database.integer(
            "SELECT id FROM \(table) WHERE name = ? AND digest = ?", [.text(name), .text(digest)])
            ?? 0
    }

    private func hostRow(_ run: RunFacts) throws(StoreError) -> Int64 {
        let host = run.host
        let processor = redaction.scrub(host.processor)
        let identity: [SQLValue] = [
            .text(run.installation), .text(processor), .integer(Int64(host.cores)),
            .text(host.architecture),
        ]
        let select = """
            SELECT id FROM hosts
            WHERE installation = ? AND processor = ? AND cores = ? AND architecture = ?
            """
        if let known = try database.integer(select, identity) { return known }
        var label = ""
        for digits in [4, 8, 16, 64] {
            label = HostLabel.label(
                processor: processor, cores: host.cores, installation: run.installation,
                digits: digits)
            let isTaken = try database.value("SELECT 1 FROM hosts WHERE label = ?", [.text(label)])
            if isTaken == nil { break }
        }
        try database.run(
            """
            INSERT INTO hosts (installation, processor, cores, architecture, label)
            VALUES (?, ?, ?, ?, ?)
            """, identity + [.text(label)])
        return database.lastInsertRowID
    }

    private func encoded(_ value: JSONValue, what: String) throws(StoreError) -> String {
        do { return try JSON.text(value) } catch {
            throw StoreError.notEncodable(what: what, reason: "a number in it is not finite")
        }
    }

    /// Runs an insertion whose key must be new; a second one of the same key says what it was.
    private func insertOnce(_ sql: String, _ values: [SQLValue], what: String)
        throws(StoreError)
    {
        do throws(StoreError) {
            try database.run(sql, values)
        } catch {
            if case .sqlite(_, let code, _, _) = error, [1555, 2067].contains(code) {
                throw StoreError.reportedTwice(what: what)
            }
            throw error
        }
    }
}
