extension Migrations {
    /// Tables of the first release.
    ///
    /// Long form: one metric, fact, timing or sample a row.
    ///
    /// Times are UTC in ISO 8601. No table holds an absolute path, a user or a host name. The
    /// views at the end are what queries should use; the tables may change, the views will not.
    static let initialSchema = """
        CREATE TABLE hosts (
            id INTEGER PRIMARY KEY,
            -- Random, made when the program was first used there.
            installation TEXT NOT NULL,
            -- Processor, cores and a few digits that tell equal machines apart.
            label TEXT NOT NULL UNIQUE,
            processor TEXT NOT NULL,
            cores INTEGER NOT NULL CHECK (cores > 0),
            architecture TEXT NOT NULL,
            UNIQUE (installation, processor, cores, architecture)
        ) STRICT;

        -- One call of `billion run`, with what may change on a host from one to the next.
        CREATE TABLE runs (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            host_id INTEGER NOT NULL REFERENCES hosts (id),
            experiment TEXT NOT NULL,
            manifest_digest TEXT NOT NULL,
            status TEXT NOT NULL
                CHECK (status IN ('running', 'finished', 'failed', 'interrupted')),
            started_at TEXT NOT NULL,
            ended_at TEXT,
            memory_bytes INTEGER NOT NULL,
            operating_system TEXT NOT NULL,
            libraries TEXT NOT NULL CHECK (json_valid(libraries)),
            build_configuration TEXT NOT NULL,
            source_commit TEXT,
            version TEXT NOT NULL
        ) STRICT;

        CREATE TABLE models (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL,
            digest TEXT NOT NULL,
            UNIQUE (name, digest)
        ) STRICT;

        CREATE TABLE datasets (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL,
            digest TEXT NOT NULL,
            UNIQUE (name, digest)
        ) STRICT;

        -- What was to be measured; job_id stands for everything that can change the result.
        CREATE TABLE jobs (
            id INTEGER PRIMARY KEY,
            job_id TEXT NOT NULL UNIQUE,
            model_id INTEGER NOT NULL REFERENCES models (id),
            dataset_id INTEGER REFERENCES datasets (id),
            quantization TEXT NOT NULL,
            task TEXT NOT NULL,
            task_kind TEXT NOT NULL,
            task_settings TEXT NOT NULL CHECK (json_valid(task_settings)),
            hardware TEXT NOT NULL,
            backend TEXT NOT NULL,
            hardware_settings TEXT NOT NULL CHECK (json_valid(hardware_settings)),
            -- Text, for a seed may be larger than SQLite's integers.
            seed TEXT NOT NULL
        ) STRICT;

        -- One try at one job in one run; a job measured again has a second attempt.
        CREATE TABLE attempts (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            job_id INTEGER NOT NULL REFERENCES jobs (id),
            run_id INTEGER NOT NULL REFERENCES runs (id),
            status TEXT NOT NULL
                CHECK (status IN ('running', 'done', 'failed', 'skipped', 'interrupted')),
            reason TEXT,
            started_at TEXT NOT NULL,
            ended_at TEXT,
            -- SHA-256 over job id, metrics and samples.
            digest TEXT,
            CHECK ((status = 'done') = (digest IS NOT NULL))
        ) STRICT;
        CREATE INDEX attempts_by_job ON attempts (job_id, status, id);
        CREATE INDEX attempts_by_run ON attempts (run_id);

        CREATE TABLE attempt_facts (
            attempt_id INTEGER NOT NULL REFERENCES attempts (id),
            name TEXT NOT NULL,
            value TEXT NOT NULL CHECK (json_valid(value)),
            PRIMARY KEY (attempt_id, name)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE attempt_metrics (
            attempt_id INTEGER NOT NULL REFERENCES attempts (id),
            name TEXT NOT NULL,
            value REAL NOT NULL CHECK (abs(value) < 9e999),
            unit TEXT NOT NULL,
            higher_is_better INTEGER CHECK (higher_is_better IN (0, 1)),
            n INTEGER CHECK (n >= 0),
            stddev REAL CHECK (stddev >= 0 AND stddev < 9e999),
            ci_low REAL,
            ci_high REAL,
            PRIMARY KEY (attempt_id, name)
        ) STRICT, WITHOUT ROWID;

        -- Raw timings, of which the speed metrics are averages.
        CREATE TABLE attempt_timings (
            attempt_id INTEGER NOT NULL REFERENCES attempts (id),
            name TEXT NOT NULL,
            repetition INTEGER NOT NULL CHECK (repetition >= 0),
            tokens INTEGER NOT NULL CHECK (tokens >= 0),
            nanoseconds INTEGER NOT NULL CHECK (nanoseconds >= 0),
            PRIMARY KEY (attempt_id, name, repetition)
        ) STRICT, WITHOUT ROWID;

        -- A question is kept once, however many models have answered it.
        CREATE TABLE questions (
            id INTEGER PRIMARY KEY,
            digest TEXT NOT NULL UNIQUE,
            subject TEXT NOT NULL,
            question TEXT NOT NULL
        ) STRICT;

        CREATE TABLE attempt_samples (
            attempt_id INTEGER NOT NULL REFERENCES attempts (id),
            sample_index INTEGER NOT NULL CHECK (sample_index >= 0),
            question_id INTEGER NOT NULL REFERENCES questions (id),
            logprobs TEXT NOT NULL CHECK (json_valid(logprobs)),
            prediction TEXT NOT NULL,
            answer TEXT NOT NULL,
            correct INTEGER NOT NULL CHECK (correct IN (0, 1)),
            PRIMARY KEY (attempt_id, sample_index)
        ) STRICT, WITHOUT ROWID;

        -- Every attempt that ended by itself: one row per metric of a done one, and one row
        -- without a metric for each that failed or was skipped.
        CREATE VIEW results AS
        SELECT a.run_id AS run_id, j.job_id AS job_id, h.label AS host, m.name AS model,
            j.quantization AS quantization, j.task AS task, j.hardware AS hardware,
            x.name AS metric, x.value AS value, x.unit AS unit,
            x.higher_is_better AS higher_is_better, x.n AS n, x.stddev AS stddev,
            x.ci_low AS ci_low, x.ci_high AS ci_high, a.status AS status
        FROM attempts a
        JOIN jobs j ON j.id = a.job_id
        JOIN models m ON m.id = j.model_id
        JOIN runs r ON r.id = a.run_id
        JOIN hosts h ON h.id = r.host_id
        LEFT JOIN attempt_metrics x ON x.attempt_id = a.id AND a.status = 'done'
        WHERE a.status IN ('done', 'failed', 'skipped');

        -- The samples of each job's newest done attempt: (job_id, sample_index) is unique.
        CREATE VIEW samples AS
        SELECT j.job_id AS job_id, s.sample_index AS sample_index, q.subject AS subject,
            q.question AS question, s.logprobs AS logprobs, s.prediction AS prediction,
            s.answer AS answer, s.correct AS correct, m.name AS model,
            j.quantization AS quantization, j.task AS task, j.hardware AS hardware,
            h.label AS host, a.run_id AS run_id
        FROM jobs j
        JOIN models m ON m.id = j.model_id
        JOIN attempts a ON a.id = (
            SELECT max(newest.id) FROM attempts newest
            WHERE newest.job_id = j.id AND newest.status = 'done')
        JOIN runs r ON r.id = a.run_id
        JOIN hosts h ON h.id = r.host_id
        JOIN attempt_samples s ON s.attempt_id = a.id
        JOIN questions q ON q.id = s.question_id;

        -- One line per host, model, quantization and hardware; each figure from the newest
        -- done attempt that has it (sizes from a memory task where there is one).
        -- `dataset` is what acc and its companions were measured on; pp and tg are the newest
        -- prompt and generation speeds whatever their length.
        CREATE VIEW leaderboard AS
        WITH measured AS (
            SELECT r.host_id, h.label AS host, m.name AS model, j.quantization, j.hardware,
                d.name AS dataset, x.name AS metric, x.value, x.n, x.ci_low, x.ci_high,
                CASE WHEN x.name GLOB 'pp[0-9]*' AND x.name NOT GLOB '*[^0-9p]*' THEN 'pp'
                    WHEN x.name GLOB 'tg[0-9]*' AND x.name NOT GLOB '*[^0-9tg]*' THEN 'tg'
                    ELSE x.name END AS family,
                x.unit = 'bytes' AND j.task_kind <> 'memory' AS is_second_choice,
                a.id AS attempt_id
            FROM attempts a
            JOIN jobs j ON j.id = a.job_id
            JOIN models m ON m.id = j.model_id
            JOIN runs r ON r.id = a.run_id
            JOIN hosts h ON h.id = r.host_id
            JOIN attempt_metrics x ON x.attempt_id = a.id
            LEFT JOIN datasets d ON d.id = j.dataset_id
            WHERE a.status = 'done' AND x.name NOT GLOB '*/*'
        ), ranked AS (
            SELECT *,
                row_number() OVER (
                    PARTITION BY host_id, model, quantization, hardware, metric
                    ORDER BY is_second_choice, attempt_id DESC) AS place,
                row_number() OVER (
                    PARTITION BY host_id, model, quantization, hardware, family
                    ORDER BY is_second_choice, attempt_id DESC, length(metric) DESC,
                        metric DESC) AS family_place
            FROM measured
        )
        SELECT host, model, quantization, hardware,
            max(CASE WHEN metric = 'acc' AND place = 1 THEN dataset END) AS dataset,
            max(CASE WHEN metric = 'acc' AND place = 1 THEN value END) AS acc,
            max(CASE WHEN metric = 'acc_macro' AND place = 1 THEN value END) AS acc_macro,
            max(CASE WHEN metric = 'acc' AND place = 1 THEN ci_low END) AS acc_ci_low,
            max(CASE WHEN metric = 'acc' AND place = 1 THEN ci_high END) AS acc_ci_high,
            max(CASE WHEN metric = 'acc' AND place = 1 THEN n END) AS n_questions,
            max(CASE WHEN family = 'pp' AND family_place = 1 THEN value END) AS pp,
            max(CASE WHEN family = 'tg' AND family_place = 1 THEN value END) AS tg,
            max(CASE WHEN metric = 'pp512' AND place = 1 THEN value END) AS pp512,
            max(CASE WHEN metric = 'tg128' AND place = 1 THEN value END) AS tg128,
            max(CASE WHEN metric = 'ttft' AND place = 1 THEN value END) AS ttft,
            max(CASE WHEN metric = 'itl_p50' AND place = 1 THEN value END) AS itl_p50,
            max(CASE WHEN metric = 'itl_p95' AND place = 1 THEN value END) AS itl_p95,
            max(CASE WHEN metric = 'peak_resident_bytes' AND place = 1 THEN value END)
                AS peak_resident_bytes,
            max(CASE WHEN metric = 'weights_bytes' AND place = 1 THEN value END)
                AS weights_bytes,
            max(CASE WHEN metric = 'kv_bytes_per_token' AND place = 1 THEN value END)
                AS kv_bytes_per_token,
            max(CASE WHEN metric = 'load_seconds' AND place = 1 THEN value END)
                AS load_seconds
        FROM ranked
        GROUP BY host_id, host, model, quantization, hardware;
        """
}
