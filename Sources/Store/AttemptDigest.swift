import Basics

/// The fingerprint of what an attempt found: SHA-256 over its job id, metrics, samples and
/// records.
///
/// Computed from the rows in the order of their keys and from no row number, so it is the same
/// however the file is laid out, and can be computed again from any copy. Every field is written
/// with its length, so no two different contents give the same text.
enum AttemptDigest {
    static func compute(_ attempt: Int64, in database: Database) throws(StoreError) -> String {
        var hash = SHA256()
        let job = try database.value(
            "SELECT j.job_id FROM attempts a JOIN jobs j ON j.id = a.job_id WHERE a.id = ?",
            [.integer(attempt)])
        hash.update("billion-llm attempt 1\n" + line("job", [job ?? .null]))
        let metrics = try database.prepare(
            """
            SELECT name, value, unit, higher_is_better, n, stddev, ci_low, ci_high
            FROM attempt_metrics WHERE attempt_id = ? ORDER BY name
            """, [.integer(attempt)])
        while try metrics.step() { hash.update(line("metric", metrics.row)) }
        let samples = try database.prepare(
            """
            SELECT s.sample_index, q.digest, s.logprobs, s.prediction, s.answer, s.correct
            FROM attempt_samples s JOIN questions q ON q.id = s.question_id
            WHERE s.attempt_id = ? ORDER BY s.sample_index
            """, [.integer(attempt)])
        while try samples.step() { hash.update(line("sample", samples.row)) }
        let records = try database.prepare(
            """
            SELECT kind, record_index, value
            FROM attempt_records WHERE attempt_id = ? ORDER BY kind, record_index
            """, [.integer(attempt)])
        while try records.step() { hash.update(line("record", records.row)) }
        return hash.hexDigest()
    }

    /// What tells questions apart: the text and the subject it belongs to.
    static func question(subject: String, text: String) -> String {
        SHA256.hex(line("question", [.text(subject), .text(text)]))
    }

    private static func line(_ kind: String, _ values: [SQLValue]) -> String {
        var text = kind
        for value in values {
            let field: String? =
                switch value {
                case .null: nil
                case .integer(let number): "\(number)"
                case .real(let number): "\(number)"
                case .text(let string): string
                case .blob(let bytes): "\(bytes)"
                }
            text += field.map { " \($0.utf8.count):\($0)" } ?? " -"
        }
        return text + "\n"
    }
}
