extension Migrations {
    /// Units of work of tasks whose results are neither questions with choices nor timings.
    ///
    /// One table for all kinds: a new task needs no new table, and what was finished before an
    /// interruption is moved to the next attempt in one way. Each kind has a view of its own that
    /// names its values.
    static let recordsSchema = """
        CREATE TABLE attempt_records (
            attempt_id INTEGER NOT NULL REFERENCES attempts (id),
            kind TEXT NOT NULL,
            record_index INTEGER NOT NULL CHECK (record_index >= 0),
            value TEXT NOT NULL CHECK (json_valid(value)),
            PRIMARY KEY (attempt_id, kind, record_index)
        ) STRICT, WITHOUT ROWID;
        """
}

// What the views of the kinds share.
extension Migrations {
    /// The columns that say what a record was measured on, as in the view `samples`.
    static let namingColumns = """
        m.name AS model, j.quantization AS quantization, j.task AS task,
            j.hardware AS hardware, h.label AS host, a.run_id AS run_id
        """

    /// The records `x` of one kind in each job's newest done attempt, with all that names them.
    static func newestRecords(of kind: String) -> String {
        """
        FROM jobs j
        JOIN models m ON m.id = j.model_id
        JOIN attempts a ON a.id = (
            SELECT max(newest.id) FROM attempts newest
            WHERE newest.job_id = j.id AND newest.status = 'done')
        JOIN runs r ON r.id = a.run_id
        JOIN hosts h ON h.id = r.host_id
        JOIN attempt_records x ON x.attempt_id = a.id AND x.kind = '\(kind)'
        """
    }
}
