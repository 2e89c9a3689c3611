extension Migrations {
    /// What several runs at a time, and whoever watches them, need to know of each other.
    static let watchingSchema = """
        -- What ended the job's process, where it was not its own word: 'timed out', 'crashed', ...
        ALTER TABLE attempts ADD COLUMN cause TEXT;

        -- Random: by it a run is the same in two files. NULL in runs of earlier versions.
        ALTER TABLE runs ADD COLUMN run_key TEXT;
        CREATE UNIQUE INDEX runs_by_key ON runs (run_key);

        -- One row while a run goes on, written every few seconds; none afterwards.
        CREATE TABLE run_heartbeats (
            run_id INTEGER PRIMARY KEY REFERENCES runs (id),
            beat_at TEXT NOT NULL,
            boot_id TEXT,
            process_id INTEGER NOT NULL,
            job_id TEXT NOT NULL,
            job_title TEXT NOT NULL,
            job_number INTEGER NOT NULL,
            job_total INTEGER NOT NULL,
            phase TEXT NOT NULL,
            completed INTEGER NOT NULL,
            total INTEGER NOT NULL
        ) STRICT;

        -- Jobs of runs that go on which somebody wants no more.
        CREATE TABLE cancellations (
            run_id INTEGER NOT NULL REFERENCES runs (id),
            job_id TEXT NOT NULL,
            PRIMARY KEY (run_id, job_id)
        ) STRICT, WITHOUT ROWID;
        """
}
