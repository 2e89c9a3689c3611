import Basics

/// One generated token.
package struct GeneratedToken: Hashable, Sendable {
    package let id: Int32
    /// Natural log-probability under the model's own distribution (temperature 1, nothing cut).
    package let logProbability: Double
}

/// Continues a prompt token by token.
package struct TokenGenerator {
    private let session: DecodingSession
    private var sampler: Sampler
    /// Does the work where there is a draft.
    private let decoder: SpeculativeDecoder?

    package init(session: DecodingSession, sampling: SamplingOptions) {
        self.session = session
        sampler = Sampler(sampling)
        decoder = nil
    }

    /// With a proposer, which changes the speed alone: greedy output stays the same, and what is
    /// drawn has the same distribution.
    package init(
        session: DecodingSession, sampling: SamplingOptions, proposer: any Proposer,
        length: DraftLength
    ) {
        self.session = session
        sampler = Sampler(sampling)
        decoder = SpeculativeDecoder(
            session: session, proposer: proposer, length: length, sampling: sampling,
            logProbabilities: true)
    }

    /// What was drafted and accepted so far; nil without a proposer.
    package var speculation: SpeculationCounts? { decoder?.counts }

    /// Generates at most `limit` tokens after `prompt`, which must not be empty.
    ///
    /// Ends after a token of `stop`, which is handed over too, when `visit` returns false, or
    /// when the session is full.
    package mutating func generate(
        after prompt: [Int32], limit: Int, stop: Set<Int32>,
        visit: (GeneratedToken) throws -> Bool
    ) rethrows {
        precondition(!prompt.isEmpty, "a prompt has at least one token")
        if let decoder {
            return try decoder.generate(after: prompt, limit: limit, stop: stop) { token in
                try visit(
                    GeneratedToken(id: token.id, logProbability: token.logProbability ?? .nan))
            }
        }
        session.truncate(to: session.reusablePrefix(of: prompt, keepingLast: 1))
        var pending = Array(prompt.dropFirst(session.tokens.count))
        for _ in 0..<limit {
            if session.tokens.count + pending.count > session.capacity { return }
            let next = choose(after: pending)
            guard try visit(next), !stop.contains(next.id) else { return }
            pending = [next.id]
        }
    }

    private mutating func choose(after pending: [Int32]) -> GeneratedToken {
        var chosen: GeneratedToken?
        var sampler = sampler
        session.append(pending, outputs: pending.count - 1..<pending.count) { _, logits in
            let id = sampler.choose(logits)
            let logProbability = LogSoftmax(logits)[Int(id)]
            chosen = GeneratedToken(id: id, logProbability: logProbability)
        }
        self.sampler = sampler
        guard let chosen else { preconditionFailure("one output was asked for") }
        return chosen
    }
}

extension DecodingSession {
    /// How many cached tokens are a prefix of `wanted`, when its last `keepingLast` tokens must
    /// be fed (again) for their logits.
    package func reusablePrefix(of wanted: [Int32], keepingLast: Int) -> Int {
        var count = 0
        let limit = min(tokens.count, wanted.count - keepingLast)
        while count < limit, tokens[count] == wanted[count] { count += 1 }
        return count
    }
}
