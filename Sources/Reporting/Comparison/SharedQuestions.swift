import Store

extension StoreSnapshot {
    /// How two attempts did on the questions that both were asked; nil where they share none.
    ///
    /// Attempts at the same set are compared place by place, others by the questions' names, a
    /// question that occurs several times as often as both have it.
    package func pairedOutcomes(_ a: StoredAttempt, _ b: StoredAttempt) -> PairedOutcomes? {
        guard let one = outcomes[a.id], let other = outcomes[b.id] else { return nil }
        var paired = PairedOutcomes()
        if one.questionSet == other.questionSet {
            for (right, otherRight) in zip(one.outcomes, other.outcomes) {
                paired.add(a: right == StoredOutcomes.right, b: otherRight == StoredOutcomes.right)
            }
        } else if let names = questionSets[one.questionSet],
            let otherNames = questionSets[other.questionSet]
        {
            var places: [Substring: [Int]] = [:]
            for (place, name) in otherNames.enumerated().reversed() {
                places[name, default: []].append(place)
            }
            for (name, right) in zip(names, one.outcomes) {
                guard let place = places[name]?.popLast(), other.outcomes.indices.contains(place)
                else { continue }
                paired.add(
                    a: right == StoredOutcomes.right,
                    b: other.outcomes[place] == StoredOutcomes.right)
            }
        }
        return paired.count > 0 ? paired : nil
    }
}
