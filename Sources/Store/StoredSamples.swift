import Basics
import Experiments

extension ReadOnlyStore {
    /// The questions of an attempt and its answers, in order, one at a time.
    package func eachSample(
        of attempt: Int64, _ body: (EvaluatedSample) throws -> Void
    ) throws {
        let row = try database.prepare(
            """
            SELECT s.sample_index, q.subject, q.question, s.logprobs, s.prediction, s.answer,
                s.correct
            FROM attempt_samples s JOIN questions q ON q.id = s.question_id
            WHERE s.attempt_id = ? ORDER BY s.sample_index
            """, [.integer(attempt)])
        while try row.step() {
            let index = Int(row.integer(0) ?? 0)
            guard
                let scores = try? JSON.decode([Double].self, from: row.text(3) ?? "[]")
            else {
                throw StoreError.damagedValue(
                    file: database.file, what: "log-probabilities of sample \(index)",
                    reason: "they are not a list of numbers")
            }
            try body(
                EvaluatedSample(
                    index: index, subject: row.text(1) ?? "", question: row.text(2) ?? "",
                    logProbabilities: scores, prediction: row.text(4) ?? "",
                    answer: row.text(5) ?? "", isCorrect: row.integer(6) == 1))
        }
    }

    /// The views that queries use, by name.
    package func views() throws(StoreError) -> [String] {
        let row = try database.prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'view' ORDER BY name")
        var names: [String] = []
        while try row.step() { names.append(row.text(0) ?? "") }
        return names
    }

    /// All rows of a view, some at a time; an empty view gives one batch without rows.
    ///
    /// - Parameter view: one of `views`.
    package func eachBatch(
        of view: String, rows count: Int, _ body: (QueryResult) throws -> Void
    ) throws {
        let quoted = view.split(separator: "\"", omittingEmptySubsequences: false)
            .joined(separator: "\"\"")
        let row = try database.prepare("SELECT * FROM \"\(quoted)\"")
        var batch = QueryResult(columns: row.columnNames, rows: [])
        var isFirst = true
        while try row.step() {
            batch.rows.append(row.row)
            guard batch.rows.count == count else { continue }
            try body(batch)
            batch.rows.removeAll(keepingCapacity: true)
            isFirst = false
        }
        if isFirst || !batch.rows.isEmpty { try body(batch) }
    }
}
