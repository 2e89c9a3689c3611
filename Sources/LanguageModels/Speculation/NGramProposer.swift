/// Proposes what has followed the last tokens most often so far.
///
/// The rule and the limits of llama.cpp's `lookup` for its cache of the context: the last four
/// tokens, then three, two and one are looked up; the first that has been followed often enough by
/// one token gives it, and so on after that.
package final class NGramProposer: Proposer {
    package let name = DraftFreeProposer.ngram.rawValue
    package let mustFollow = false
    package let evidenceKinds = NGramProposer.longest

    private static let longest = 4
    /// By length, from 1: how often the tokens must have been followed, and in how many of 100
    /// cases by the same token.
    private static let leastCount = [2, 2, 1, 1]
    private static let leastShare = [66, 50, 50, 50]

    /// Tokens in order, the last one last; -1 before a shorter run.
    private typealias Run = SIMD4<Int32>
    /// How often each token has followed a run.
    private var followers: [Run: [Int32: Int]] = [:]
    /// The sequence that is counted.
    private var counted: [Int32] = []
    /// The last tokens, own proposals included.
    private var tail: [Int32] = []

    package init() {}

    package func begin(after sequence: [Int32]) {
        if !sequence.starts(with: counted) {
            followers = [:]
            counted = []
        }
        for place in counted.count..<sequence.count { count(place, of: sequence) }
        counted = sequence
        tail = sequence.suffix(Self.longest)
    }

    private func count(_ place: Int, of sequence: [Int32]) {
        for length in 1...Self.longest where length <= place {
            let run = Self.run(sequence[place - length..<place])
            followers[run, default: [:]][sequence[place], default: 0] += 1
        }
    }

    package func next() -> ProposedToken? {
        for length in stride(from: min(Self.longest, tail.count), to: 0, by: -1) {
            guard let counts = followers[Self.run(tail.suffix(length))] else { continue }
            let total = counts.values.reduce(0, +)
            // The lowest id on ties, so that runs repeat.
            let best = counts.max { ($0.value, -$0.key) < ($1.value, -$1.key) }
            guard let best, total >= Self.leastCount[length - 1],
                100 * best.value >= Self.leastShare[length - 1] * total
            else { continue }
            tail = (tail + [best.key]).suffix(Self.longest)
            return ProposedToken(id: best.key, evidence: length - 1)
        }
        return nil
    }

    private static func run(_ tokens: ArraySlice<Int32>) -> Run {
        var run = Run(repeating: -1)
        for (place, token) in tokens.reversed().enumerated() { run[longest - 1 - place] = token }
        return run
    }
}
