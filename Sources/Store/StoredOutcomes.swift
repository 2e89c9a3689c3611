import Experiments

/// Which questions an attempt was asked, and which it answered right.
package struct StoredOutcomes: Hashable, Sendable {
    /// Equal numbers stand for the same questions in the same order.
    package var questionSet: Int64
    /// `1` for right and `0` for wrong, in the set's order.
    package var outcomes: [UInt8]

    package init(questionSet: Int64, outcomes: [UInt8]) {
        self.questionSet = questionSet
        self.outcomes = outcomes
    }

    package static let right = UInt8(ascii: "1")
}

extension StoreSnapshot {
    /// Takes in the attempts of another reading of the same database.
    package mutating func add(_ other: StoreSnapshot) {
        let known = Set(attempts.map(\.id))
        attempts += other.attempts.filter { !known.contains($0.id) }
        outcomes.merge(other.outcomes) { $1 }
        questionSets.merge(other.questionSets) { $1 }
    }
}

extension ReadOnlyStore {
    /// Outcomes of the attempts that `selection` names, and the questions of their sets.
    func readOutcomes(_ selection: String) throws(StoreError)
        -> (outcomes: [Int64: StoredOutcomes], sets: [Int64: [Substring]])
    {
        let row = try database.prepare(
            """
            \(selection)
            SELECT o.attempt_id, o.question_set_id, o.outcomes
            FROM newest JOIN attempt_outcomes o ON o.attempt_id = newest.id
            """)
        var outcomes: [Int64: StoredOutcomes] = [:]
        var wanted: Set<Int64> = []
        while try row.step() {
            guard let attempt = row.integer(0), let set = row.integer(1) else { continue }
            outcomes[attempt] = StoredOutcomes(
                questionSet: set, outcomes: Array((row.text(2) ?? "").utf8))
            wanted.insert(set)
        }
        var sets: [Int64: [Substring]] = [:]
        for set in wanted.sorted() {
            let members = try database.value(
                "SELECT members FROM question_sets WHERE id = ?", [.integer(set)])
            guard case .text(let text)? = members else { continue }
            sets[set] = text.split(separator: "\n", omittingEmptySubsequences: false)
        }
        return (outcomes, sets)
    }
}
