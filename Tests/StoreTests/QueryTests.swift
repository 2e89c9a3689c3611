import Basics
import Experiments
import Store
import Testing

@Suite struct QueryTests {
    private func reader(_ scratch: Scratch) throws -> ReadOnlyStore {
        let store = try RunStore(path: scratch.database)
        try Sample.finish(
            try Sample.job(), in: store, events: [.metric(Sample.metric("acc", 0.5))])
        try store.close()
        return try ReadOnlyStore(path: scratch.database)
    }

    @Test func givesColumnsAndTypedValues() throws {
        let scratch = try Scratch()
        let result = try reader(scratch).query(
            "SELECT 1 AS a, 2.5 AS b, 'c' AS c, NULL AS d, x'00ff' AS e, 'a' || char(0) || 'b' AS f"
        )
        #expect(result.columns == ["a", "b", "c", "d", "e", "f"])
        #expect(
            result.rows == [
                [
                    .integer(1), .real(2.5), .text("c"), .null, .blob([0, 255]), .text("a\0b"),
                ]
            ])
    }

    @Test(arguments: [
        "SELECT 1", "SELECT 1;", " -- first\n SELECT 1 ; -- last\n", "/* a */ SELECT 1; /* b */",
        "WITH x AS (SELECT 1) SELECT * FROM x", "VALUES (1)",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1) SELECT i FROM n",
        "SELECT count(*) FROM results", "SELECT json_array_length('[1]')",
        "SELECT 1 FROM pragma_user_version", "SELECT value FROM json_each('[1]')",
        "SELECT row_number() OVER ()",
    ])
    func runsOneReadingStatement(sql: String) throws {
        let scratch = try Scratch()
        #expect(try reader(scratch).query(sql).rows == [[.integer(1)]])
    }

    @Test(arguments: [
        "PRAGMA table_info(jobs)", "PRAGMA quick_check", "PRAGMA user_version",
        "EXPLAIN QUERY PLAN SELECT * FROM results", "PRAGMA table_list",
    ])
    func tellsAboutTheDatabase(sql: String) throws {
        let scratch = try Scratch()
        #expect(try !reader(scratch).query(sql).rows.isEmpty)
    }

    @Test(arguments: [
        "DELETE FROM runs", "UPDATE jobs SET task = 'x'", "INSERT INTO models VALUES (9, 'a', 'b')",
        "DROP TABLE attempts", "CREATE TABLE x (a)", "CREATE TEMP TABLE x (a)", "VACUUM",
        "VACUUM INTO '/tmp/billion-copy.sqlite'", "ATTACH '/tmp/billion-other.sqlite' AS o",
        "DETACH main", "BEGIN", "COMMIT", "SAVEPOINT a", "PRAGMA journal_mode = WAL",
        "PRAGMA query_only = OFF", "PRAGMA user_version = 5", "PRAGMA writable_schema = 1",
        "PRAGMA journal_mode(wal)", "PRAGMA wal_checkpoint", "PRAGMA temp_store_directory = '/'",
        "REINDEX", "DROP VIEW results", "EXPLAIN UPDATE jobs SET task = 1", "ANALYZE",
        "ALTER TABLE jobs RENAME TO x", "SELECT load_extension('x')",
        "WITH x AS (SELECT 1) DELETE FROM runs", "EXPLAIN DELETE FROM runs",
    ])
    func refusesToChangeAnything(sql: String) throws {
        let scratch = try Scratch()
        let reader = try reader(scratch)
        let before = scratch.bytes()
        #expect(
            message { try reader.query(sql) }
                == "query: only one SELECT (or WITH … SELECT, VALUES, EXPLAIN, or a PRAGMA that "
                + "sets nothing) is run here; this statement would change something. "
                + "Nothing was changed.")
        #expect(scratch.bytes() == before)
        // The connection is as usable as before.
        #expect(try reader.snapshot().attempts.count == 1)
        #expect(try scratch.files() == ["runs.sqlite"])
    }

    private static let columnsOfResults =
        "\nThe columns of results: run_id, job_id, host, model, quantization, task, hardware, metric, "
        + "value, unit, higher_is_better, n, stddev, ci_low, ci_high, status, cause, noisy, "
        + "experiment."

    @Test(arguments: [
        ("", "query: expected a statement, found none. For example: SELECT * FROM leaderboard"),
        (
            " ; -- x",
            "query: expected a statement, found none. For example: SELECT * FROM leaderboard"
        ),
        (
            "SELECT 1; SELECT 2",
            "query: expected one statement, found several. Run them one by one."
        ),
        (
            "SELECT 1; DELETE FROM runs",
            "query: expected one statement, found several. Run them one by one."
        ),
        ("SELEC 1", "query: near \"SELEC\": syntax error."),
        ("SELECT * FROM result", "query: no such table: result. Did you mean 'results'?"),
        (
            "SELECT * FROM zebra",
            "query: no such table: zebra. The views are results, samples and leaderboard."
        ),
        (
            "SELECT quantisation FROM results",
            "query: no such column: quantisation. Did you mean 'quantization'?" + columnsOfResults
        ),
        (
            "SELECT r.host, s.pass_at_1 FROM results r JOIN samples s USING (job_id)",
            "query: no such column: s.pass_at_1. It is a column of leaderboard." + columnsOfResults
                + "\nThe columns of samples: job_id, sample_index, subject, question, logprobs, "
                + "prediction, answer, correct, model, quantization, task, hardware, host, run_id, "
                + "experiment."
        ),
        ("WITH x AS (SELECT 1 AS a) SELECT b FROM x", "query: no such column: b."),
    ])
    func explainsMistakes(sql: String, expected: String) throws {
        let scratch = try Scratch()
        let reader = try reader(scratch)
        #expect(message { try reader.query(sql) } == expected)
    }
}
