extension Migrations {
    /// What a quantization changed, chunk by chunk of a text and question by question: the records
    /// of each job's newest done attempt.
    static let fidelityViews = """
        CREATE VIEW fidelity_chunks AS
        SELECT j.job_id AS job_id, x.record_index AS chunk,
            json_extract(x.value, '$.count') AS tokens,
            json_extract(x.value, '$.divergence.sum')
                / json_extract(x.value, '$.count') AS kl_divergence,
            1.0 * json_extract(x.value, '$.sameTop')
                / json_extract(x.value, '$.count') AS top1_agreement,
            json_extract(x.value, '$.loss.sum')
                / json_extract(x.value, '$.count') AS loss,
            json_extract(x.value, '$.referenceLoss.sum')
                / json_extract(x.value, '$.count') AS reference_loss,
            \(namingColumns)
        \(newestRecords(of: "fidelity_chunk"));

        CREATE VIEW fidelity_questions AS
        SELECT j.job_id AS job_id, x.record_index AS question_index,
            json_extract(x.value, '$.subject') AS subject,
            json_extract(x.value, '$.answer') AS answer,
            json_extract(x.value, '$.reference') AS reference,
            json_extract(x.value, '$.prediction') AS prediction,
            json_extract(x.value, '$.kl_divergence') AS kl_divergence,
            json_extract(x.value, '$.same_top') AS same_top,
            json_extract(x.value, '$.loss') AS loss,
            json_extract(x.value, '$.reference_loss') AS reference_loss,
            \(namingColumns)
        \(newestRecords(of: "fidelity_question"));
        """
}
