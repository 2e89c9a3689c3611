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
