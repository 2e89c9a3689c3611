/// A token that may come next, for a target model to verify.
package struct ProposedToken: Sendable {
    package var id: Int32
    /// What the token was drawn from; empty when it was not drawn, but had probability 1.
    package var distribution: [TokenProbability]
    /// Why it was proposed, from 0 below the proposer's `evidenceKinds`: tokens with the same
    /// evidence turn out to be right about equally often.
    package var evidence: Int

    package init(id: Int32, distribution: [TokenProbability] = [], evidence: Int = 0) {
        self.id = id
        self.distribution = distribution
        self.evidence = evidence
    }
}

/// Guesses how a sequence goes on, one token after the other.
///
/// A guess changes how fast a target model decodes and never what. Not for use from several
/// threads at once.
package protocol Proposer: AnyObject {
    /// How it is called in records.
    var name: String { get }
    var evidenceKinds: Int { get }
    /// Whether it has work to do for tokens that it did not propose, as a model has.
    var mustFollow: Bool { get }

    /// Begins a proposal after `sequence`: the prompt and all tokens so far, which need not
    /// continue the sequence of the call before.
    func begin(after sequence: [Int32])
    /// The next token of the proposal, after those before it; nil when there is nothing to go by.
    func next() -> ProposedToken?
}

/// Proposers that need no model of their own.
///
/// One line and one file each.
package enum DraftFreeProposer: String, CaseIterable, Sendable {
    case lookup
    case ngram

    /// - Parameter stop: tokens that are not worth proposing, for nothing follows them.
    package func make(stop: Set<Int32>) -> any Proposer {
        switch self {
        case .lookup: PromptLookup(stop: stop)
        case .ngram: NGramProposer()
        }
    }
}
