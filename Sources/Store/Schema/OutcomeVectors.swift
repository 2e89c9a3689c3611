extension Migrations {
    /// Answers of a finished attempt in one row, so that a report compares any two attempts
    /// without reading their samples.
    ///
    /// `members` names the questions of a set in order, one a line; `outcomes` has a `1` for each
    /// right answer and a `0` for each wrong one, in that order. Attempts at the same questions
    /// share a set.
    static let outcomeVectors = """
        CREATE TABLE question_sets (
            id INTEGER PRIMARY KEY,
            members TEXT NOT NULL UNIQUE
        ) STRICT;

        CREATE TABLE attempt_outcomes (
            attempt_id INTEGER PRIMARY KEY REFERENCES attempts (id),
            question_set_id INTEGER NOT NULL REFERENCES question_sets (id),
            outcomes TEXT NOT NULL
        ) STRICT;

        \(OutcomeVectors.addSets(of: "a.status = 'done'"));
        \(OutcomeVectors.addOutcomes(of: "a.status = 'done'"));
        """
}

/// How the answers of attempts become one row each.
///
/// A question's name is its row, a problem's of code its own name. Of several programs for one
/// problem the first counts, for they are no independent answers.
enum OutcomeVectors {
    static func addSets(of condition: String) -> String {
        """
        INSERT INTO question_sets (members)
        SELECT DISTINCT \(joined(\.name, by: "char(10)")) AS members FROM attempts a
        WHERE \(condition) AND members IS NOT NULL
        ON CONFLICT (members) DO NOTHING
        """
    }

    static func addOutcomes(of condition: String) -> String {
        """
        INSERT INTO attempt_outcomes (attempt_id, question_set_id, outcomes)
        SELECT a.id, q.id, \(joined(\.outcome, by: "''"))
        FROM attempts a JOIN question_sets q ON q.members = \(joined(\.name, by: "char(10)"))
        WHERE \(condition)
        """
    }

    /// Where answers are kept.
    private struct Source {
        let name: String
        let outcome: String
        let rows: String
    }

    private static let sources = [
        Source(
            name: "s.question_id", outcome: "s.correct",
            rows: "attempt_samples s WHERE s.attempt_id = a.id ORDER BY s.sample_index"),
        Source(
            name: "json_extract(g.value, '$.problem')",
            outcome: "iif(json_extract(g.value, '$.passed'), 1, 0)",
            rows: """
                attempt_records g WHERE g.attempt_id = a.id AND g.kind = 'generation'
                    AND json_extract(g.value, '$.sample') = 0 ORDER BY g.record_index
                """),
    ]

    /// One text of an attempt's answers in order, from the first source that has some.
    ///
    /// SQLite reads the ordered subquery in its order, which the tests check.
    private static func joined(_ field: KeyPath<Source, String>, by separator: String) -> String {
        let texts = sources.map { source in
            """
            (SELECT group_concat(field, \(separator)) FROM (
                SELECT \(source[keyPath: field]) AS field FROM \(source.rows)))
            """
        }
        return "coalesce(\(texts.joined(separator: ", ")))"
    }
}
