/// Proposes what followed the last tokens where they stood before.
///
/// The rule of transformers' prompt lookup: of the last two tokens, then of the last one alone,
/// the leftmost earlier occurrence, and the tokens after it up to the sequence's end.
package final class PromptLookup: Proposer {
    package let name = DraftFreeProposer.lookup.rawValue
    package let mustFollow = false
    private let stop: Set<Int32>
    private let longestMatch: Int
    private var continuation: ArraySlice<Int32> = []
    private var matched = 0
    private var given = 0

    /// Places in a proposal that are told apart as evidence; the last stands for all beyond.
    private static let places = 4
    package var evidenceKinds: Int { longestMatch * Self.places }

    /// - Parameters:
    ///   - stop: a proposal ends before such a token.
    ///   - longestMatch: tokens to look for at most; 2 in transformers.
    package init(stop: Set<Int32>, longestMatch: Int = 2) {
        precondition(longestMatch >= 1)
        self.stop = stop
        self.longestMatch = longestMatch
    }

    package func begin(after sequence: [Int32]) {
        (continuation, matched, given) = ([], 0, 0)
        for count in stride(from: min(longestMatch, sequence.count - 1), to: 0, by: -1) {
            if let start = Self.leftmost(sequence.suffix(count), in: sequence) {
                continuation = sequence[(start + count)...].prefix { !stop.contains($0) }
                matched = count
                return
            }
        }
    }

    package func next() -> ProposedToken? {
        guard let id = continuation.popFirst() else { return nil }
        defer { given += 1 }
        let evidence = (matched - 1) * Self.places + min(given, Self.places - 1)
        return ProposedToken(id: id, evidence: evidence)
    }

    /// Where the end of a sequence stands for the first time, followed by something.
    private static func leftmost(_ end: ArraySlice<Int32>, in sequence: [Int32]) -> Int? {
        (0..<sequence.count - end.count).first { start in
            sequence[start..<start + end.count].elementsEqual(end)
        }
    }
}
