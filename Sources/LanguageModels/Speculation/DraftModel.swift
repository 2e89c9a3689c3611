import Tensors

/// A small model that guesses for a large one with the same tokens.
package final class DraftModel: Proposer {
    package let name = "model"
    package let mustFollow = true
    /// Ids below which both models have.
    private let vocabulary: Int
    private let session: DecodingSession
    private var sampler: Sampler
    /// Tokens that its cache lacks; empty when there is no room for them.
    private var pending: [Int32] = []

    /// A token is the likelier to be right, the further its logit is above the second.
    private static let margins: [Float] = [0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 4, 5, 7]
    package var evidenceKinds: Int { Self.margins.count + 1 }

    /// - Parameters:
    ///   - session: of the draft; when it is full, nothing more is proposed.
    ///   - targetVocabulary: ids of the target, which may have some fewer or more.
    ///   - sampling: as for the target; draws are its own.
    package init(session: DecodingSession, targetVocabulary: Int, sampling: SamplingOptions) {
        self.session = session
        vocabulary = min(session.model.shape.vocabulary, targetVocabulary)
        var own = sampling
        own.seed ^= 0x5bd1_e995_7f4a_7c63
        sampler = Sampler(own)
    }

    package func begin(after sequence: [Int32]) {
        pending = []
        guard !sequence.isEmpty, sequence.count <= session.capacity else { return }
        // A token that only the target has stands as any other: a guess needs no exact context.
        let limit = Int32(session.model.shape.vocabulary)
        let known =
            sequence.contains { $0 >= limit } ? sequence.map { $0 < limit ? $0 : 0 } : sequence
        session.truncate(to: session.reusablePrefix(of: known, keepingLast: 1))
        pending = Array(known.dropFirst(session.tokens.count))
        // After a proposal that was accepted as a whole, its last token goes with the next one in
        // one pass. More than that is a prompt, or what was decoded without proposals.
        if pending.count > 2 {
            session.append(pending.dropLast())
            pending = [pending[pending.count - 1]]
        }
    }

    package func next() -> ProposedToken? {
        guard !pending.isEmpty, session.tokens.count + pending.count <= session.capacity else {
            return nil
        }
        var proposed: ProposedToken?
        var sampler = sampler
        session.append(pending, outputs: pending.count - 1..<pending.count) { _, logits in
            let shared = UnsafeBufferPointer(rebasing: logits.prefix(vocabulary))
            proposed = Self.propose(shared, &sampler)
        }
        self.sampler = sampler
        pending = proposed.map { [$0.id] } ?? []
        return proposed
    }

    private static func propose(_ logits: UnsafeBufferPointer<Float>, _ sampler: inout Sampler)
        -> ProposedToken
    {
        let (best, margin) = Extremes.largest(logits)
        let evidence = margins.firstIndex { margin < $0 } ?? margins.count
        if sampler.options.temperature == 0 {
            return ProposedToken(id: Int32(best), evidence: evidence)
        }
        let distribution = sampler.distribution(logits)
        return ProposedToken(
            id: sampler.draw(from: distribution), distribution: distribution, evidence: evidence)
    }
}
