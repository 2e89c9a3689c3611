extension Migrations {
    /// Programs that models wrote, and what came of them.
    static let generationsSchema = """
        -- The samples of each job's newest done attempt: (job_id, problem, sample) is unique.
        CREATE VIEW generations AS
        SELECT j.job_id AS job_id, json_extract(s.value, '$.problem') AS problem,
            json_extract(s.value, '$.sample') AS sample,
            json_extract(s.value, '$.prompt') AS prompt,
            json_extract(s.value, '$.completion') AS completion,
            json_extract(s.value, '$.passed') AS passed,
            json_extract(s.value, '$.verdict') AS verdict,
            json_extract(s.value, '$.error') AS error,
            json_extract(s.value, '$.tokens') AS tokens,
            json_extract(s.value, '$.generation_seconds') AS generation_seconds,
            json_extract(s.value, '$.test_seconds') AS test_seconds, m.name AS model,
            j.quantization AS quantization, j.task AS task, j.hardware AS hardware,
            h.label AS host, a.run_id AS run_id
        FROM jobs j
        JOIN models m ON m.id = j.model_id
        JOIN attempts a ON a.id = (
            SELECT max(newest.id) FROM attempts newest
            WHERE newest.job_id = j.id AND newest.status = 'done')
        JOIN runs r ON r.id = a.run_id
        JOIN hosts h ON h.id = r.host_id
        JOIN attempt_records s ON s.attempt_id = a.id AND s.kind = 'generation';
        """
}
