import Experiments
import Store
import Testing

@Suite struct SchemaTests {
    private func freshDatabase(_ scratch: Scratch) throws -> Database {
        try RunStore(path: scratch.database).close()
        let database = try scratch.connect()
        try database.execute("PRAGMA foreign_keys = ON")
        return database
    }

    @Test func everyTableIsStrict() throws {
        let scratch = try Scratch()
        let tables = try freshDatabase(scratch).prepare(
            "SELECT name, strict FROM pragma_table_list WHERE type = 'table' AND schema = 'main'")
        var count = 0
        while try tables.step() {
            let name = tables.text(0) ?? ""
            guard !name.hasPrefix("sqlite_") else { continue }
            #expect(tables.integer(1) == 1, "\(name) is not strict")
            count += 1
        }
        #expect(count >= 13)
    }

    @Test(arguments: [
        (
            "results",
            "run_id job_id host model quantization task hardware metric value unit "
                + "higher_is_better n stddev ci_low ci_high status cause noisy experiment"
        ),
        (
            "samples",
            "job_id sample_index subject question logprobs prediction answer correct model "
                + "quantization task hardware host run_id experiment"
        ),
        (
            "fidelity_chunks",
            "job_id chunk tokens kl_divergence top1_agreement loss reference_loss model "
                + "quantization task hardware host run_id"
        ),
        (
            "fidelity_questions",
            "job_id question_index subject answer reference prediction kl_divergence same_top loss "
                + "reference_loss model quantization task hardware host run_id"
        ),
        (
            "generations",
            "job_id problem sample prompt completion passed verdict error tokens "
                + "generation_seconds test_seconds model quantization task hardware host run_id"
        ),
        (
            "timing_conditions",
            "run_id job_id model quantization task hardware metric repetition try kept "
                + "disturbance calibration_before_ns calibration_after_ns foreign_share "
                + "steal_share load frequency_hz temperature_c suspended_seconds"
        ),
        (
            "lora_answers",
            "job_id record_index question reference base_answer adapted_answer base_in_format "
                + "adapted_in_format tokens base_loss adapted_loss response_tokens "
                + "base_response_loss adapted_response_loss model quantization task hardware host "
                + "run_id"
        ),
        (
            "speculative_cycles",
            "job_id cycle prompt_index drafted accepted tokens draft_seconds verify_seconds "
                + "rest_seconds"
        ),
        (
            "speculative_prompts",
            "job_id model quantization task hardware host prompt_index prompt category "
                + "repetition prompt_tokens tokens plain_tokens plain_prompt_seconds "
                + "plain_seconds target_prompt_seconds draft_prompt_seconds "
                + "speculative_seconds drafted accepted cycles rejections acceptance "
                + "accepted_per_cycle tokens_per_pass token_acceptance speedup"
        ),
        (
            "speculative_results",
            "job_id model quantization task hardware host category prompts tokens drafted "
                + "accepted cycles rejections acceptance accepted_per_cycle tokens_per_pass "
                + "token_acceptance speedup speedup_variance"
        ),
        (
            "leaderboard",
            "host model quantization hardware dataset acc acc_macro acc_ci_low acc_ci_high "
                + "n_questions pp tg pp512 tg128 ttft itl_p50 itl_p95 peak_resident_bytes "
                + "weights_bytes kv_bytes_per_token load_seconds experiment pass_at_1 "
                + "pass_at_1_ci_low pass_at_1_ci_high n_problems code_dataset"
        ),
    ])
    func viewsHaveExactlyTheseColumns(view: String, columns: String) throws {
        let scratch = try Scratch()
        let statement = try freshDatabase(scratch).prepare("SELECT * FROM \(view)")
        #expect(statement.columnNames.joined(separator: " ") == columns)
    }

    @Test(arguments: [
        ("a text for a number", "INSERT INTO hosts VALUES (1, 'i', 'l', 'p', 'two', 'x86_64')"),
        ("no cores", "INSERT INTO hosts VALUES (1, 'i', 'l', 'p', 0, 'x86_64')"),
        (
            "a run on no host",
            "INSERT INTO runs VALUES (1, 5, 'e', 'd', 'running', 't', NULL, 1, 'o', '{}', 'b', NULL, 'v')"
        ),
        (
            "an unknown status",
            "INSERT INTO runs VALUES (1, 1, 'e', 'd', 'paused', 't', NULL, 1, 'o', '{}', 'b', NULL, 'v')"
        ),
        (
            "an infinite metric",
            "INSERT INTO attempt_metrics VALUES (1, 'x', 9e999, 's', 1, 1, 1, 1, 1)"
        ),
        ("facts that are not JSON", "INSERT INTO attempt_facts VALUES (1, 'x', 'not json')"),
        (
            "a done attempt without a digest",
            "INSERT INTO attempts VALUES (1, 1, 1, 'done', NULL, 't', 't', NULL)"
        ),
    ])
    func refusesBadRows(name: String, sql: String) throws {
        let scratch = try Scratch()
        let database = try freshDatabase(scratch)
        #expect(throws: StoreError.self, "\(name)") { try database.execute(sql) }
    }

    /// A thousand done jobs must not make the views slow: no full scan of metrics per row.
    @Test func newestAttemptIsFoundByIndex() throws {
        let scratch = try Scratch()
        let plan = try freshDatabase(scratch).prepare(
            "EXPLAIN QUERY PLAN SELECT * FROM samples WHERE job_id = 'v1-x'")
        var text = ""
        while try plan.step() { text += (plan.text(3) ?? "") + "\n" }
        #expect(text.contains("attempts_by_job"))
        #expect(!text.contains("SCAN"), "\(text)")
    }
}
