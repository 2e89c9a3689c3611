extension Migrations {
    /// What a model and the same one with a trained adapter make of held-out instructions.
    static let loraAnswersSchema = """
        -- The records of each job's newest done attempt: (job_id, record_index) is unique.
        CREATE VIEW lora_answers AS
        SELECT j.job_id AS job_id, x.record_index AS record_index,
            json_extract(x.value, '$.question') AS question,
            json_extract(x.value, '$.reference') AS reference,
            json_extract(x.value, '$.base_answer') AS base_answer,
            json_extract(x.value, '$.adapted_answer') AS adapted_answer,
            json_extract(x.value, '$.base_in_format') AS base_in_format,
            json_extract(x.value, '$.adapted_in_format') AS adapted_in_format,
            json_extract(x.value, '$.tokens') AS tokens,
            json_extract(x.value, '$.base_loss') AS base_loss,
            json_extract(x.value, '$.adapted_loss') AS adapted_loss,
            json_extract(x.value, '$.response_tokens') AS response_tokens,
            json_extract(x.value, '$.base_response_loss') AS base_response_loss,
            json_extract(x.value, '$.adapted_response_loss') AS adapted_response_loss,
            \(namingColumns)
        \(newestRecords(of: "lora_answer"));
        """
}
