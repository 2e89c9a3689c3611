extension Migrations {
    /// Decoding with a draft: what each prompt and each pass of the target was, and the ratios that
    /// follow from the counts.
    static let speculativeSchema = """
        -- The passes of the target in each job's newest done attempt.
        CREATE VIEW speculative_cycles AS
        SELECT j.job_id AS job_id, x.record_index AS cycle,
            x.value ->> '$.prompt' AS prompt_index, x.value ->> '$.drafted' AS drafted,
            x.value ->> '$.accepted' AS accepted, x.value ->> '$.tokens' AS tokens,
            (x.value ->> '$.draft_ns') / 1e9 AS draft_seconds,
            (x.value ->> '$.verify_ns') / 1e9 AS verify_seconds,
            (x.value ->> '$.rest_ns') / 1e9 AS rest_seconds
        FROM jobs j
        JOIN attempts a ON a.id = (
            SELECT max(newest.id) FROM attempts newest
            WHERE newest.job_id = j.id AND newest.status = 'done')
        JOIN attempt_records x ON x.attempt_id = a.id AND x.kind = 'speculative_cycle';

        -- One line per prompt and repetition. The first token comes from the prompt's pass: rates
        -- count those after it.
        CREATE VIEW speculative_prompts AS
        SELECT j.job_id AS job_id, m.name AS model, j.quantization AS quantization,
            j.task AS task, j.hardware AS hardware, h.label AS host,
            x.record_index AS prompt_index, x.value ->> '$.prompt' AS prompt,
            x.value ->> '$.category' AS category, x.value ->> '$.repetition' AS repetition,
            x.value ->> '$.prompt_tokens' AS prompt_tokens, x.value ->> '$.tokens' AS tokens,
            x.value ->> '$.plain_tokens' AS plain_tokens,
            (x.value ->> '$.plain_prompt_ns') / 1e9 AS plain_prompt_seconds,
            (x.value ->> '$.plain_ns') / 1e9 AS plain_seconds,
            (x.value ->> '$.target_prompt_ns') / 1e9 AS target_prompt_seconds,
            (x.value ->> '$.draft_prompt_ns') / 1e9 AS draft_prompt_seconds,
            (x.value ->> '$.speculative_ns') / 1e9 AS speculative_seconds,
            x.value ->> '$.drafted' AS drafted, x.value ->> '$.accepted' AS accepted,
            x.value ->> '$.cycles' AS cycles, x.value ->> '$.rejections' AS rejections,
            -- Accepted of all that were drafted, as llama.cpp counts.
            1.0 * (x.value ->> '$.accepted') / nullif(x.value ->> '$.drafted', 0) AS acceptance,
            1.0 * (x.value ->> '$.accepted') / nullif(x.value ->> '$.cycles', 0)
                AS accepted_per_cycle,
            1.0 * ((x.value ->> '$.accepted') + (x.value ->> '$.cycles'))
                / nullif(x.value ->> '$.cycles', 0) AS tokens_per_pass,
            -- Of the tokens that the target came to: the estimate of a token's chance.
            1.0 * (x.value ->> '$.accepted')
                / nullif((x.value ->> '$.accepted') + (x.value ->> '$.rejections'), 0)
                AS token_acceptance,
            1.0 * (x.value ->> '$.plain_ns') * ((x.value ->> '$.tokens') - 1)
                / nullif((x.value ->> '$.plain_tokens') - 1, 0)
                / nullif(x.value ->> '$.speculative_ns', 0) AS speedup
        \(newestRecords(of: "speculative_prompt"));

        -- One line per job and category: ratios of sums over its prompts, and the variance of the
        -- speed-up when prompts are the sample (its interval is t times the root of it).
        CREATE VIEW speculative_results AS
        WITH scaled AS (
            SELECT *, plain_seconds * (tokens - 1) / nullif(plain_tokens - 1, 0) AS plain
            FROM speculative_prompts WHERE tokens > 1
        ), sums AS (
            SELECT job_id, model, quantization, task, hardware, host, category,
                count(*) AS prompts, sum(tokens) AS tokens, sum(drafted) AS drafted,
                sum(accepted) AS accepted, sum(cycles) AS cycles,
                sum(rejections) AS rejections, sum(plain) AS plain,
                sum(speculative_seconds) AS speculative, sum(plain * plain) AS pp,
                sum(plain * speculative_seconds) AS ps,
                sum(speculative_seconds * speculative_seconds) AS ss
            FROM scaled
            GROUP BY job_id, model, quantization, task, hardware, host, category
        )
        SELECT job_id, model, quantization, task, hardware, host, category, prompts, tokens,
            drafted, accepted, cycles, rejections,
            1.0 * accepted / nullif(drafted, 0) AS acceptance,
            1.0 * accepted / nullif(cycles, 0) AS accepted_per_cycle,
            1.0 * (accepted + cycles) / nullif(cycles, 0) AS tokens_per_pass,
            1.0 * accepted / nullif(accepted + rejections, 0) AS token_acceptance,
            plain / speculative AS speedup,
            (pp - 2 * (plain / speculative) * ps
                + (plain / speculative) * (plain / speculative) * ss)
                * prompts / nullif(prompts - 1, 0) / (speculative * speculative)
                AS speedup_variance
        FROM sums;
        """
}
