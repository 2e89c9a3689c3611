import Basics
import Experiments
import Store

/// A thousand finished jobs with five thousand answers each, written by SQL.
///
/// Twenty models in ten quantizations, each with five tasks: what two years of nights would leave.
enum LargeDatabase {
    static func write(to path: String) throws {
        let store = try RunStore(path: path)
        try Quickstart.fill(store)
        try store.close()
        let database = try Database(path: path, named: path, access: .readWrite)
        defer { database.close() }
        try database.execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
        try database.execute(sql)
    }

    private static let sql = """
        BEGIN;
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20)
        INSERT INTO models (name, digest) SELECT 'model-' || i, printf('%064x', i) FROM n;
        WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999)
        INSERT INTO jobs (job_id, model_id, dataset_id, quantization, task, task_kind,
            task_settings, hardware, backend, hardware_settings, seed)
        SELECT printf('v1-large-%d', i), (SELECT id FROM models WHERE name = 'model-' || (i % 20 + 1)),
            (SELECT min(id) FROM datasets), 'q' || (i / 20 % 10), 'mmlu-' || (i / 200), 'mmlu',
            json_object('dataset', 'mini-mmlu', 'num_fewshot', i / 200, 'limit', NULL), 'cpu', 'cpu',
            '{"threads":2}', '1234' FROM n;
        INSERT INTO attempts (job_id, run_id, status, started_at, ended_at, digest)
        SELECT id, 1, 'done', '2026-03-01T10:00:00.000Z', '2026-03-01T10:01:00.000Z',
            printf('%064x', id)
        FROM jobs WHERE job_id LIKE 'v1-large-%';
        INSERT INTO questions (digest, subject, question) VALUES ('00', 'subject_1', 'Why?');
        CREATE TEMP TABLE large AS SELECT a.id AS id FROM attempts a JOIN jobs j ON j.id = a.job_id
        WHERE j.job_id LIKE 'v1-large-%';
        -- 57 subjects with their errors, and the sums: as the task mmlu reports them.
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 57),
            names(name) AS (
                SELECT 'acc/subject_' || i FROM n UNION ALL SELECT 'acc_stderr/subject_' || i FROM n
                UNION ALL VALUES ('acc'), ('acc_stderr'), ('acc_macro'), ('pp512'), ('tg128'),
                    ('ttft'), ('itl_p50'), ('weights_bytes'), ('peak_resident_bytes'),
                    ('load_seconds'))
        INSERT INTO attempt_metrics (attempt_id, name, value, unit, higher_is_better, n, stddev,
            ci_low, ci_high)
        SELECT large.id, name, 0.25 + (large.id * 7919 % 1000) / 2000.0,
            iif(name LIKE 'acc%', 'fraction', 'tokens/s'), 1, 5000, 0.4, 0.2, 0.8
        FROM large CROSS JOIN names;
        INSERT INTO attempt_facts (attempt_id, name, value)
        SELECT id, 'kernel_variant', '"avx2"' FROM large;
        WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 4999)
        INSERT INTO attempt_samples (attempt_id, sample_index, question_id, logprobs, prediction,
            answer, correct)
        SELECT large.id, n.i, (SELECT min(id) FROM questions), '[-1.5,-1.25,-2.0,-3.5]', 'A', 'B', 0
        FROM large CROSS JOIN n;
        COMMIT;
        """
}
