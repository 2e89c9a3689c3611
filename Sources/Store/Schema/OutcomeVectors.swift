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

/// How the samples of attempts become one row each.
enum OutcomeVectors {
    /// The questions of an attempt in order; a question's row is its name.
    ///
    /// The ordered subquery is read in its order by SQLite, which the tests check.
    private static let members = """
        (SELECT group_concat(question_id, char(10)) FROM (
            SELECT s.question_id FROM attempt_samples s WHERE s.attempt_id = a.id
            ORDER BY s.sample_index))
        """

    static func addSets(of condition: String) -> String {
        """
        INSERT INTO question_sets (members)
        SELECT DISTINCT \(members) FROM attempts a
        WHERE \(condition)
            AND EXISTS (SELECT 1 FROM attempt_samples s WHERE s.attempt_id = a.id)
        ON CONFLICT (members) DO NOTHING
        """
    }

    static func addOutcomes(of condition: String) -> String {
        """
        INSERT INTO attempt_outcomes (attempt_id, question_set_id, outcomes)
        SELECT a.id, q.id,
            (SELECT group_concat(correct, '') FROM (
                SELECT s.correct FROM attempt_samples s WHERE s.attempt_id = a.id
                ORDER BY s.sample_index))
        FROM attempts a JOIN question_sets q ON q.members = \(members)
        WHERE \(condition)
        """
    }
}
