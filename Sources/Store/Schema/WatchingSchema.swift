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

        -- As before, with whether the job's timings were disturbed for as long as it was tried.
        DROP VIEW results;
        CREATE VIEW results AS
        SELECT a.run_id AS run_id, j.job_id AS job_id, h.label AS host, m.name AS model,
            j.quantization AS quantization, j.task AS task, j.hardware AS hardware,
            x.name AS metric, x.value AS value, x.unit AS unit,
            x.higher_is_better AS higher_is_better, x.n AS n, x.stddev AS stddev,
            x.ci_low AS ci_low, x.ci_high AS ci_high, a.status AS status, a.cause AS cause,
            EXISTS (SELECT 1 FROM attempt_facts f
                WHERE f.attempt_id = a.id AND f.name = 'noisy') AS noisy
        FROM attempts a
        JOIN jobs j ON j.id = a.job_id
        JOIN models m ON m.id = j.model_id
        JOIN runs r ON r.id = a.run_id
        JOIN hosts h ON h.id = r.host_id
        LEFT JOIN attempt_metrics x ON x.attempt_id = a.id AND a.status = 'done'
        WHERE a.status IN ('done', 'failed', 'skipped');

        -- What went on besides each timed repetition, every try of it.
        CREATE VIEW timing_conditions AS
        SELECT a.run_id AS run_id, j.job_id AS job_id, m.name AS model,
            j.quantization AS quantization, j.task AS task, j.hardware AS hardware,
            x.value ->> '$.name' AS metric, x.value ->> '$.repetition' AS repetition,
            x.value ->> '$.try' AS try, x.value ->> '$.kept' AS kept,
            x.value ->> '$.disturbance' AS disturbance,
            x.value ->> '$.calibration_before_ns' AS calibration_before_ns,
            x.value ->> '$.calibration_after_ns' AS calibration_after_ns,
            x.value ->> '$.foreign_share' AS foreign_share,
            x.value ->> '$.steal_share' AS steal_share, x.value ->> '$.load' AS load,
            x.value ->> '$.frequency_hz' AS frequency_hz,
            x.value ->> '$.temperature_c' AS temperature_c,
            x.value ->> '$.suspended_seconds' AS suspended_seconds
        FROM attempt_records x
        JOIN attempts a ON a.id = x.attempt_id
        JOIN jobs j ON j.id = a.job_id
        JOIN models m ON m.id = j.model_id
        WHERE x.kind = 'timing_condition';
        """
}
