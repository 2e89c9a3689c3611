extension Migrations {
    /// The views that questions begin with, with the experiment that a row was measured for, and in
    /// the leaderboard what models write.
    static let experimentViews = """
        DROP VIEW results;
        CREATE VIEW results AS
        SELECT a.run_id AS run_id, j.job_id AS job_id, h.label AS host, m.name AS model,
            j.quantization AS quantization, j.task AS task, j.hardware AS hardware,
            x.name AS metric, x.value AS value, x.unit AS unit,
            x.higher_is_better AS higher_is_better, x.n AS n, x.stddev AS stddev,
            x.ci_low AS ci_low, x.ci_high AS ci_high, a.status AS status, a.cause AS cause,
            EXISTS (SELECT 1 FROM attempt_facts f
                WHERE f.attempt_id = a.id AND f.name = 'noisy') AS noisy,
            r.experiment AS experiment
        FROM attempts a
        JOIN jobs j ON j.id = a.job_id
        JOIN models m ON m.id = j.model_id
        JOIN runs r ON r.id = a.run_id
        JOIN hosts h ON h.id = r.host_id
        LEFT JOIN attempt_metrics x ON x.attempt_id = a.id AND a.status = 'done'
        WHERE a.status IN ('done', 'failed', 'skipped');

        DROP VIEW samples;
        -- The samples of each job's newest done attempt: (job_id, sample_index) is unique.
        CREATE VIEW samples AS
        SELECT j.job_id AS job_id, s.sample_index AS sample_index, q.subject AS subject,
            q.question AS question, s.logprobs AS logprobs, s.prediction AS prediction,
            s.answer AS answer, s.correct AS correct, m.name AS model,
            j.quantization AS quantization, j.task AS task, j.hardware AS hardware,
            h.label AS host, a.run_id AS run_id, r.experiment AS experiment
        FROM jobs j
        JOIN models m ON m.id = j.model_id
        JOIN attempts a ON a.id = (
            SELECT max(newest.id) FROM attempts newest
            WHERE newest.job_id = j.id AND newest.status = 'done')
        JOIN runs r ON r.id = a.run_id
        JOIN hosts h ON h.id = r.host_id
        JOIN attempt_samples s ON s.attempt_id = a.id
        JOIN questions q ON q.id = s.question_id;

        DROP VIEW leaderboard;
        -- One line per host, model, quantization and hardware; each figure from the newest
        -- done attempt that has it (sizes from a memory task where there is one).
        -- `dataset` is what acc and its companions were measured on; pp and tg are the newest
        -- prompt and generation speeds whatever their length; `experiment` is that of the newest
        -- of the figures in the line.
        CREATE VIEW leaderboard AS
        WITH measured AS (
            SELECT r.host_id, h.label AS host, m.name AS model, j.quantization, j.hardware,
                d.name AS dataset, x.name AS metric, x.value, x.n, x.ci_low, x.ci_high,
                CASE WHEN x.name GLOB 'pp[0-9]*' AND x.name NOT GLOB '*[^0-9p]*' THEN 'pp'
                    WHEN x.name GLOB 'tg[0-9]*' AND x.name NOT GLOB '*[^0-9tg]*' THEN 'tg'
                    ELSE x.name END AS family,
                x.unit = 'bytes' AND j.task_kind <> 'memory' AS is_second_choice,
                a.id AS attempt_id, r.experiment
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
                        metric DESC) AS family_place,
                row_number() OVER (
                    PARTITION BY host_id, model, quantization, hardware
                    ORDER BY family IN ('acc', 'pass@1', 'pp', 'tg', 'ttft', 'itl_p50', 'itl_p95',
                        'peak_resident_bytes', 'weights_bytes', 'kv_bytes_per_token',
                        'load_seconds') DESC, attempt_id DESC) AS row_place
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
                AS load_seconds,
            max(CASE WHEN row_place = 1 THEN experiment END) AS experiment,
            max(CASE WHEN metric = 'pass@1' AND place = 1 THEN value END) AS pass_at_1,
            max(CASE WHEN metric = 'pass@1' AND place = 1 THEN ci_low END) AS pass_at_1_ci_low,
            max(CASE WHEN metric = 'pass@1' AND place = 1 THEN ci_high END)
                AS pass_at_1_ci_high,
            max(CASE WHEN metric = 'pass@1' AND place = 1 THEN n END) AS n_problems,
            max(CASE WHEN metric = 'pass@1' AND place = 1 THEN dataset END) AS code_dataset
        FROM ranked
        GROUP BY host_id, host, model, quantization, hardware;
        """
}
