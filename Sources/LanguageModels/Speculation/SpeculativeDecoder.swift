import Tensors

/// One pass of the target after the prompt's, with what was drafted for it.
package struct SpeculativeCycle: Hashable, Sendable {
    package var drafted: Int
    /// Drafted tokens that the target has taken; the first ones of the draft.
    package var accepted: Int
    /// What came out: the accepted ones and one of the target's own, fewer where the text ends.
    package var tokens: Int
    /// Times of the draft and of the target's pass, and of all together.
    package var draftNanoseconds: UInt64
    package var verifyNanoseconds: UInt64
    package var nanoseconds: UInt64

    /// Whether the target has refused a token, and not taken all there were.
    package var endsByRejection: Bool { accepted < drafted }
}

/// What a decoder has done so far.
package struct SpeculationCounts: Hashable, Sendable {
    package var drafted = 0
    package var accepted = 0
    /// Passes of the target after those of the prompts.
    package var cycles = 0

    package init() {}
}

/// One token that the target stands for.
package struct VerifiedToken: Hashable, Sendable {
    package let id: Int32
    /// The target's logit of it.
    package let logit: Float
    /// Natural, of the target's own distribution; nil where it was not asked for.
    package let logProbability: Double?
}

/// Decodes with a target model that verifies in one pass what a proposer has drafted.
///
/// Greedy output is, token for token, that of plain decoding: a pass of several rows gives the
/// logits of as many single steps, to the bit (`Backend.attend`, `CPUBackend.multiply`). Sampled
/// output has the target's distribution (`AcceptanceRule`).
package final class SpeculativeDecoder {
    package let session: DecodingSession
    package let proposer: any Proposer
    package private(set) var counts = SpeculationCounts()
    /// What reading the last prompt took, of the target and of the proposer.
    package private(set) var promptNanoseconds: (target: UInt64, proposer: UInt64) = (0, 0)

    private var rule: AcceptanceRule
    private var policy: DraftPolicy
    private let wantsLogProbabilities: Bool
    private let clock = ContinuousClock()

    package convenience init(
        session: DecodingSession, proposer: any Proposer, length: DraftLength,
        sampling: SamplingOptions, logProbabilities: Bool = false
    ) {
        self.init(
            session: session, proposer: proposer, length: length,
            logProbabilities: logProbabilities,
            rule: AcceptanceRule(
                vocabulary: session.model.shape.vocabulary, sampling: sampling))
    }

    /// - Parameter rule: for tests, which break it.
    init(
        session: DecodingSession, proposer: any Proposer, length: DraftLength,
        logProbabilities: Bool = false, rule: AcceptanceRule
    ) {
        if case .fixed(let count) = length {
            precondition((0...DraftLength.most).contains(count), "a draft has 0...64 tokens")
        }
        self.session = session
        self.proposer = proposer
        self.rule = rule
        policy = DraftPolicy(
            length, evidenceKinds: proposer.evidenceKinds, mustFollow: proposer.mustFollow)
        wantsLogProbabilities = logProbabilities
    }

    /// Generates at most `limit` tokens after `prompt`, which must not be empty.
    ///
    /// Ends after a token of `stop`, which is handed over too, when `visit` returns false, or when
    /// the session is full: just where `TokenGenerator` ends without a draft.
    ///
    /// - Parameter observe: called once a cycle, after its tokens.
    package func generate(
        after prompt: [Int32], limit: Int, stop: Set<Int32>,
        observe: (SpeculativeCycle) -> Void = { _ in },
        visit: (VerifiedToken) throws -> Bool
    ) rethrows {
        precondition(!prompt.isEmpty, "a prompt has at least one token")
        guard limit > 0, prompt.count <= session.capacity else { return }
        var sequence = prompt
        var left = limit
        var tokens = read(prompt)
        var cycle: SpeculativeCycle?
        while true {
            var taken = 0
            var goesOn = true
            for token in tokens where goesOn {
                sequence.append(token.id)
                left -= 1
                taken += 1
                goesOn = try visit(token) && !stop.contains(token.id) && left > 0
            }
            if var cycle {
                cycle.tokens = taken
                observe(cycle)
            }
            let free = session.capacity - session.tokens.count
            guard goesOn, free > 0 else { return }
            (tokens, cycle) = advance(after: sequence, room: min(left, free) - 1)
        }
    }

    /// One cycle: a draft of at most `room` tokens, and the target's pass over it.
    private func advance(after sequence: [Int32], room: Int)
        -> ([VerifiedToken], SpeculativeCycle)
    {
        let start = clock.now
        let proposals = draft(after: sequence, room: room)
        let drafted = clock.now
        let (tokens, accepted) = verify(sequence[sequence.count - 1], proposals)
        let verified = clock.now
        var cycle = SpeculativeCycle(
            drafted: proposals.count, accepted: accepted, tokens: tokens.count,
            draftNanoseconds: (drafted - start).nanoseconds,
            verifyNanoseconds: (verified - drafted).nanoseconds,
            nanoseconds: (verified - start).nanoseconds)
        counts.drafted += proposals.count
        counts.accepted += accepted
        counts.cycles += 1
        policy.note(cycle, proposals: proposals)
        cycle.nanoseconds = (clock.now - start).nanoseconds
        return (tokens, cycle)
    }

    private func draft(after sequence: [Int32], room: Int) -> [ProposedToken] {
        let most = policy.limit(room: room)
        guard most > 0, policy.wantsAnother(after: []) else { return [] }
        proposer.begin(after: sequence)
        var proposals: [ProposedToken] = []
        while proposals.count < most, policy.wantsAnother(after: proposals) {
            let start = clock.now
            guard let proposal = proposer.next() else { break }
            policy.noteDraftStep(seconds: (clock.now - start).seconds)
            guard policy.keeps(proposal, after: proposals) else { break }
            proposals.append(proposal)
        }
        return proposals
    }

    /// The prompt's pass: what the target makes of it, and the proposer's first look at it.
    private func read(_ prompt: [Int32]) -> [VerifiedToken] {
        let start = clock.now
        session.truncate(to: session.reusablePrefix(of: prompt, keepingLast: 1))
        let pending = Array(prompt.dropFirst(session.tokens.count))
        var tokens: [VerifiedToken] = []
        session.append(pending, outputs: pending.count - 1..<pending.count) { _, logits in
            tokens.append(token(rule.choose(logits), logits))
        }
        let read = clock.now
        policy.beginText()
        if policy.readsAlong { proposer.begin(after: prompt) }
        promptNanoseconds = ((read - start).nanoseconds, (clock.now - read).nanoseconds)
        return tokens
    }

    /// One pass over the last token and what was drafted after it; the cache keeps what stands.
    private func verify(_ last: Int32, _ proposals: [ProposedToken])
        -> (tokens: [VerifiedToken], accepted: Int)
    {
        let kept = session.tokens.count + 1
        var tokens: [VerifiedToken] = []
        var accepted = 0
        session.append([last] + proposals.map(\.id), outputs: 0..<proposals.count + 1) {
            row, logits in
            // Rows after a rejection continue what does not stand.
            guard row == accepted else { return }
            guard row < proposals.count else {
                tokens.append(token(rule.choose(logits), logits))
                return
            }
            let verdict = rule.judge(proposals[row], logits)
            tokens.append(token(verdict.token, logits))
            if verdict.isAccepted { accepted += 1 }
        }
        session.truncate(to: kept + accepted)
        return (tokens, accepted)
    }

    private func token(_ id: Int32, _ logits: UnsafeBufferPointer<Float>) -> VerifiedToken {
        VerifiedToken(
            id: id, logit: logits[Int(id)],
            logProbability: wantsLogProbabilities ? LogSoftmax(logits)[Int(id)] : nil)
    }
}

extension Duration {
    /// Whole nanoseconds of a time that has passed.
    package var nanoseconds: UInt64 {
        UInt64(components.seconds) * 1_000_000_000 + UInt64(components.attoseconds / 1_000_000_000)
    }
}
