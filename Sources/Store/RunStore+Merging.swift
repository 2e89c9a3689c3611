import Basics

/// How much a merge has brought.
package struct MergeSummary: Hashable, Sendable {
    package var runs = 0
    package var attempts = 0
    /// Attempts that were there already.
    package var known = 0
    /// Attempts that still run.
    package var unfinished = 0

    package init(runs: Int = 0, attempts: Int = 0, known: Int = 0, unfinished: Int = 0) {
        self.runs = runs
        self.attempts = attempts
        self.known = known
        self.unfinished = unfinished
    }
}

extension RunStore {
    /// Takes over what another database holds and this one does not.
    ///
    /// Doing it again changes nothing: runs are told apart by their keys (those of earlier versions
    /// by host, time and manifest), attempts by run, job and time. Attempts that still run are
    /// left for the next time.
    ///
    /// A file of an older schema is brought up to date in a copy; the other file stays as it is.
    ///
    /// - Throws: when the file is not a database of runs; then nothing was changed.
    package func merge(_ path: String) throws -> MergeSummary {
        let source = try StoreFile(existing: path)
        guard source.identity != file.identity else {
            throw StoreError.mergedIntoItself(file: path)
        }
        let copy = "\(file.path).merging-\(UInt32.random(in: 0 ... .max))"
        let other = try ReadOnlyStore(path: path)
        defer { other.close() }
        defer { try? FileSystem.remove(copy) }
        try other.write(to: copy)
        try commitPending()
        try database.run("ATTACH DATABASE ? AS source", [.text(copy)])
        defer { try? database.execute("DETACH DATABASE source") }
        return try database.transaction { () throws(StoreError) in
            try database.execute(Self.mapSQL)
            var summary = MergeSummary()
            summary.runs = try count("new_runs")
            summary.attempts = try count("attempt_map WHERE is_new")
            summary.known = try count("attempt_map WHERE NOT is_new")
            summary.unfinished = try count("source.attempts WHERE status = 'running'")
            for table in try tablesOfAttempts() { try copyRows(of: table) }
            let isNew = """
                a.status = 'done' AND a.id IN (SELECT target FROM attempt_map WHERE is_new)
                """
            try database.execute(OutcomeVectors.addSets(of: isNew))
            try database.execute(OutcomeVectors.addOutcomes(of: isNew))
            try database.execute(Self.forgetSQL)
            return summary
        }
    }

    private func count(_ rows: String) throws(StoreError) -> Int {
        let statement = try database.prepare("SELECT count(*) FROM \(rows)")
        return try statement.step() ? Int(statement.integer(0) ?? 0) : 0
    }

    /// Made anew from what was copied, for their rows name questions by this file's numbers.
    private static let derivedTables: Set<String> = ["attempt_outcomes"]

    /// Tables that keep what attempts have found: the column `attempt_id` says so.
    private func tablesOfAttempts() throws(StoreError) -> [String] {
        let row = try database.prepare(
            """
            SELECT s.name FROM main.sqlite_schema s
            JOIN pragma_table_info(s.name) c ON c.name = 'attempt_id'
            WHERE s.type = 'table' AND s.name GLOB 'attempt_*' ORDER BY s.name
            """)
        var names: [String] = []
        while try row.step() { names.append(row.text(0) ?? "") }
        return names.filter { !Self.derivedTables.contains($0) }
    }

    private func copyRows(of table: String) throws(StoreError) {
        let row = try database.prepare(
            "SELECT name FROM pragma_table_info(?, 'main')", [.text(table)])
        var columns: [String] = []
        while try row.step() { columns.append(row.text(0) ?? "") }
        let values = columns.map { column in
            switch column {
            case "attempt_id": "m.target"
            case "question_id": "(SELECT target FROM question_map q WHERE q.source = x.question_id)"
            default: "x.\(column)"
            }
        }
        try database.execute(
            """
            INSERT INTO main.\(table) (\(columns.joined(separator: ", ")))
            SELECT \(values.joined(separator: ", "))
            FROM source.\(table) x JOIN attempt_map m ON m.source = x.attempt_id WHERE m.is_new
            """)
    }

    /// Rows that are the same in both files under other numbers, and new ones where they are not.
    private static let mapSQL = """
        CREATE TEMP TABLE host_map AS
        SELECT s.id AS source, s.label AS label, s.installation, s.processor, s.cores,
            s.architecture FROM source.hosts s;
        INSERT INTO main.hosts (installation, processor, cores, architecture, label)
        SELECT installation, processor, cores, architecture,
            CASE WHEN label IN (SELECT label FROM main.hosts)
                THEN label || ' ' || installation ELSE label END
        FROM host_map WHERE true
        ON CONFLICT (installation, processor, cores, architecture) DO NOTHING;

        INSERT INTO main.models (name, digest) SELECT name, digest FROM source.models WHERE true
        ON CONFLICT DO NOTHING;
        INSERT INTO main.datasets (name, digest) SELECT name, digest FROM source.datasets
        WHERE true ON CONFLICT DO NOTHING;
        INSERT INTO main.questions (digest, subject, question)
        SELECT digest, subject, question FROM source.questions WHERE true
        ON CONFLICT (digest) DO NOTHING;
        CREATE TEMP TABLE question_map AS
        SELECT s.id AS source, t.id AS target
        FROM source.questions s JOIN main.questions t ON t.digest = s.digest;
        CREATE UNIQUE INDEX temp.question_map_source ON question_map (source);

        INSERT INTO main.jobs (job_id, model_id, dataset_id, quantization, task, task_kind,
            task_settings, hardware, backend, hardware_settings, seed)
        SELECT s.job_id, tm.id, td.id, s.quantization, s.task, s.task_kind, s.task_settings,
            s.hardware, s.backend, s.hardware_settings, s.seed
        FROM source.jobs s
        JOIN source.models sm ON sm.id = s.model_id
        JOIN main.models tm ON tm.name = sm.name AND tm.digest = sm.digest
        LEFT JOIN source.datasets sd ON sd.id = s.dataset_id
        LEFT JOIN main.datasets td ON td.name = sd.name AND td.digest = sd.digest
        WHERE true ORDER BY s.id ON CONFLICT (job_id) DO NOTHING;

        CREATE TEMP TABLE run_source AS
        SELECT r.*, t.id AS target_host,
            coalesce(r.run_key, 'old ' || t.id || ' ' || r.started_at || ' ' || r.manifest_digest)
                AS merge_key
        FROM source.runs r
        JOIN source.hosts s ON s.id = r.host_id
        JOIN main.hosts t ON t.installation = s.installation AND t.processor = s.processor
            AND t.cores = s.cores AND t.architecture = s.architecture;
        CREATE TEMP TABLE run_target AS
        SELECT id, coalesce(run_key, 'old ' || host_id || ' ' || started_at || ' '
            || manifest_digest) AS merge_key FROM main.runs;
        CREATE TEMP TABLE new_runs AS
        SELECT id FROM run_source WHERE merge_key NOT IN (SELECT merge_key FROM run_target);
        INSERT INTO main.runs (host_id, experiment, manifest_digest, status, started_at, ended_at,
            memory_bytes, operating_system, libraries, build_configuration, source_commit, version,
            run_key)
        SELECT target_host, experiment, manifest_digest,
            iif(status = 'running', 'interrupted', status), started_at, ended_at, memory_bytes,
            operating_system, libraries, build_configuration, source_commit, version, run_key
        FROM run_source WHERE id IN (SELECT id FROM new_runs) ORDER BY id;
        DROP TABLE temp.run_target;
        CREATE TEMP TABLE run_map AS
        SELECT s.id AS source, max(t.id) AS target, s.status AS status, s.ended_at AS ended_at
        FROM run_source s
        JOIN main.runs t ON s.merge_key = coalesce(t.run_key,
            'old ' || t.host_id || ' ' || t.started_at || ' ' || t.manifest_digest)
        GROUP BY s.id;
        UPDATE main.runs SET status = m.status, ended_at = m.ended_at
        FROM run_map m WHERE m.target = runs.id AND m.status <> 'running'
            AND (runs.status, runs.ended_at) IS NOT (m.status, m.ended_at)
            AND runs.status <> 'running';

        CREATE TEMP TABLE attempt_source AS
        SELECT a.id AS source, j.id AS job_id, m.target AS run_id, a.status, a.reason, a.started_at,
            a.ended_at, a.digest, a.cause
        FROM source.attempts a
        JOIN source.jobs sj ON sj.id = a.job_id
        JOIN main.jobs j ON j.job_id = sj.job_id
        JOIN run_map m ON m.source = a.run_id
        WHERE a.status <> 'running';
        CREATE TEMP TABLE attempt_old AS
        SELECT s.source FROM attempt_source s JOIN main.attempts t
            ON t.run_id = s.run_id AND t.job_id = s.job_id AND t.started_at = s.started_at;
        INSERT INTO main.attempts (job_id, run_id, status, reason, started_at, ended_at, digest,
            cause)
        SELECT job_id, run_id, status, reason, started_at, ended_at, digest, cause
        FROM attempt_source WHERE source NOT IN (SELECT source FROM attempt_old) ORDER BY source;
        CREATE TEMP TABLE attempt_map AS
        SELECT s.source AS source, max(t.id) AS target,
            s.source NOT IN (SELECT source FROM attempt_old) AS is_new
        FROM attempt_source s JOIN main.attempts t
            ON t.run_id = s.run_id AND t.job_id = s.job_id AND t.started_at = s.started_at
        GROUP BY s.source;
        CREATE UNIQUE INDEX temp.attempt_map_source ON attempt_map (source);
        """

    private static let forgetSQL = """
        DROP TABLE temp.host_map; DROP TABLE temp.question_map; DROP TABLE temp.run_source;
        DROP TABLE temp.new_runs; DROP TABLE temp.run_map; DROP TABLE temp.attempt_source;
        DROP TABLE temp.attempt_old; DROP TABLE temp.attempt_map;
        """
}
