extension Migrations {
    /// Programs that models wrote, and what came of them.
    static let generationsSchema = """
        -- The samples of each job's newest done attempt: (job_id, problem, sample) is unique.
        CREATE VIEW generations AS
        SELECT j.job_id AS job_id, json_extract(x.value, '$.problem') AS problem,
            json_extract(x.value, '$.sample') AS sample,
            json_extract(x.value, '$.prompt') AS prompt,
            json_extract(x.value, '$.completion') AS completion,
            json_extract(x.value, '$.passed') AS passed,
            json_extract(x.value, '$.verdict') AS verdict,
            json_extract(x.value, '$.error') AS error,
            json_extract(x.value, '$.tokens') AS tokens,
            json_extract(x.value, '$.generation_seconds') AS generation_seconds,
            json_extract(x.value, '$.test_seconds') AS test_seconds,
            \(namingColumns)
        \(newestRecords(of: "generation"));
        """
}
