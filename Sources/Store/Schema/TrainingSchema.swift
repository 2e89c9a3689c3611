extension Migrations {
    /// One row per update of an adapter, of each job's newest attempt that has any.
    static let trainingSchema = """
        CREATE VIEW training_steps AS
        SELECT j.job_id AS job_id, json_extract(x.value, '$.update') AS step,
            json_extract(x.value, '$.loss') AS loss, json_extract(x.value, '$.lr') AS lr,
            json_extract(x.value, '$.grad_norm') AS grad_norm,
            json_extract(x.value, '$.tokens') AS tokens,
            json_extract(x.value, '$.hits') AS hits,
            json_extract(x.value, '$.seconds') AS seconds,
            json_extract(x.value, '$.resident_bytes') AS resident_bytes,
            m.name AS model, j.quantization AS quantization, j.task AS task,
            j.hardware AS hardware, h.label AS host, a.run_id AS run_id, a.status AS status
        FROM jobs j
        JOIN models m ON m.id = j.model_id
        JOIN attempts a ON a.id = (
            SELECT max(newest.id) FROM attempts newest
            WHERE newest.job_id = j.id AND EXISTS (
                SELECT 1 FROM attempt_records r
                WHERE r.attempt_id = newest.id AND r.kind = 'training_step'))
        JOIN runs r ON r.id = a.run_id
        JOIN hosts h ON h.id = r.host_id
        JOIN attempt_records x ON x.attempt_id = a.id AND x.kind = 'training_step';
        """
}
