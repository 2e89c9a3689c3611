/// How many tokens are drafted before the target verifies them.
package enum DraftLength: Hashable, Sendable, CustomStringConvertible {
    case fixed(Int)
    /// As many as pay off by what has been measured so far, and none where none do.
    case auto

    /// The longest draft.
    package static let most = 64

    package var description: String {
        switch self {
        case .fixed(let count): "\(count)"
        case .auto: "auto"
        }
    }
}

/// Chooses draft lengths while decoding, from measured acceptance and measured times.
///
/// A token more in a draft costs a step of the draft and a row more in the target's pass. It is
/// worth that when the time it saves, that of a token times the probability that it and all before
/// it are right, is more. Acceptance is counted by the proposer's evidence. Where drafting as a
/// whole does not beat plain steps it rests, for longer each time.
struct DraftPolicy {
    private let length: DraftLength
    private let mustFollow: Bool

    /// Seconds of plain steps, of draft steps, and of the target's passes by rows.
    private var plainStep = Average()
    private var draftStep = Average()
    private var passes = Line()
    /// Shares of right tokens, by evidence and of all.
    private var acceptance: [Share]
    private var anyAcceptance = Share()

    /// Seconds and tokens of the last cycles with drafts.
    private var recentSeconds = 0.0
    private var recentTokens = 0.0
    private var cyclesSinceRest = 0
    private var cyclesSincePlain = 0

    /// What is left to rest: tokens, or texts for a proposer that would have to catch up.
    private var restLeft = 0
    private var isRestingText = false
    private var restLength: Int

    /// Lengths, and what is asked of a draft, in `auto`.
    private static let longestAuto = 15
    private static let leastGain = 1.02
    private static let trialCycles = 5
    /// Drafts that lose so much time need no whole trial.
    private static let clearLoss = (cycles: 2, factor: 1.15)
    private static let forgetting = 0.93
    private static let plainEvery = 48
    private static let plainAtFirst = 2
    /// In tokens, or in texts for a proposer that has each to read first: a trial costs it more.
    private static func shortestRest(_ mustFollow: Bool) -> Int { mustFollow ? 4 : 16 }
    private static let longestRest = 512

    init(_ length: DraftLength, evidenceKinds: Int, mustFollow: Bool) {
        self.length = length
        self.mustFollow = mustFollow
        restLength = Self.shortestRest(mustFollow)
        acceptance = Array(repeating: Share(), count: evidenceKinds)
    }

    /// A new text begins.
    mutating func beginText() {
        for kind in acceptance.indices { acceptance[kind].forget(0.9) }
        isRestingText = mustFollow && restLeft > 0
        if isRestingText { restLeft -= 1 }
    }

    /// Whether the proposer should read along at the beginning of a text.
    var readsAlong: Bool { length != .auto || !isRestingText }

    /// The most tokens that the cycle which begins may draft.
    mutating func limit(room: Int) -> Int {
        guard case .fixed(let count) = length else { return min(autoLimit(), room) }
        return min(count, room)
    }

    private mutating func autoLimit() -> Int {
        if isRestingText { return 0 }
        if !mustFollow, restLeft > 0 {
            restLeft -= 1
            return 0
        }
        if plainStep.count < Self.plainAtFirst || cyclesSincePlain >= Self.plainEvery { return 0 }
        return Self.longestAuto
    }

    /// Whether a token more is worth drafting after `proposals`.
    func wantsAnother(after proposals: [ProposedToken]) -> Bool {
        guard length == .auto else { return true }
        if proposals.isEmpty && isOnTrial { return true }
        let gain = probability(of: proposals) * anyAcceptance.mean * tokenSeconds
        return gain > draftStep.mean + passes.slope(otherwise: plainStep.mean)
    }

    /// Whether a token that has been drafted is worth verifying.
    func keeps(_ proposal: ProposedToken, after proposals: [ProposedToken]) -> Bool {
        guard length == .auto else { return true }
        if proposals.isEmpty && isOnTrial { return true }
        let gain =
            probability(of: proposals) * acceptance[proposal.evidence].mean * tokenSeconds
        return gain > passes.slope(otherwise: plainStep.mean)
    }

    /// Too little is known for a verdict.
    private var isOnTrial: Bool { cyclesSinceRest < Self.trialCycles }

    private func probability(of proposals: [ProposedToken]) -> Double {
        proposals.reduce(1) { $0 * acceptance[$1.evidence].mean }
    }

    /// What a token takes now.
    private var tokenSeconds: Double {
        recentTokens > 0 ? min(recentSeconds / recentTokens, plainStep.mean) : plainStep.mean
    }

    mutating func noteDraftStep(seconds: Double) { draftStep.add(seconds) }

    /// Learns from a finished cycle.
    mutating func note(_ cycle: SpeculativeCycle, proposals: [ProposedToken]) {
        guard length == .auto else { return }
        let seconds = Double(cycle.verifyNanoseconds) / 1e9
        passes.add(Double(cycle.drafted + 1), seconds)
        if cycle.drafted == 0 {
            plainStep.add(seconds)
            cyclesSincePlain = 0
        }
        for (place, proposal) in proposals.prefix(cycle.accepted + 1).enumerated() {
            acceptance[proposal.evidence].add(place < cycle.accepted)
            anyAcceptance.add(place < cycle.accepted)
        }
        // A cycle that chose not to draft, or found nothing to propose, is a plain step.
        let isDrafting = restLeft == 0 && !isRestingText && plainStep.count >= Self.plainAtFirst
        guard isDrafting else { return }
        cyclesSincePlain += cycle.drafted > 0 ? 1 : 0
        guard cycle.drafted > 0 || cycle.draftNanoseconds > 0 else { return }
        recentSeconds = recentSeconds * Self.forgetting + Double(cycle.nanoseconds) / 1e9
        recentTokens = recentTokens * Self.forgetting + Double(cycle.tokens)
        cyclesSinceRest += cycle.drafted > 0 ? 1 : 0
        let isClear = recentSeconds > recentTokens * plainStep.mean * Self.clearLoss.factor
        if cyclesSinceRest >= (isClear ? Self.clearLoss.cycles : Self.trialCycles) { judge() }
    }

    /// Rests when the last cycles were no faster than plain steps.
    private mutating func judge() {
        if recentSeconds * Self.leastGain <= recentTokens * plainStep.mean {
            restLength = Self.shortestRest(mustFollow)
            return
        }
        restLeft = restLength
        isRestingText = mustFollow
        restLength = min(2 * restLength, Self.longestRest)
        (recentSeconds, recentTokens, cyclesSinceRest) = (0, 0, 0)
    }
}

/// A mean that follows its values, the older the less.
private struct Average {
    private(set) var count = 0
    private(set) var mean = 0.0

    mutating func add(_ value: Double) {
        count += 1
        // A pass during which the system did something else says nothing about the next.
        let bounded = count > 3 ? min(value, 3 * mean) : value
        mean += (bounded - mean) * max(1 / Double(count), 0.05)
    }
}

/// A share of successes that follows them; a few tokens' worth of confidence at first.
private struct Share {
    private static let prior = (right: 1.4, all: 2.0)
    private var right = 0.0
    private var all = 0.0

    var mean: Double { (right + Self.prior.right) / (all + Self.prior.all) }

    mutating func add(_ isRight: Bool) {
        forget(0.99)
        right += isRight ? 1 : 0
        all += 1
    }

    mutating func forget(_ factor: Double) {
        right *= factor
        all *= factor
    }
}

/// A straight line through weighted points, the older the lighter.
private struct Line {
    private var (n, x, y, xx, xy) = (0.0, 0.0, 0.0, 0.0, 0.0)

    mutating func add(_ newX: Double, _ value: Double) {
        let newY = n > 3 ? min(value, 3 * y / n) : value
        let f = 0.98
        n = n * f + 1
        x = x * f + newX
        y = y * f + newY
        xx = xx * f + newX * newX
        xy = xy * f + newX * newY
    }

    /// Seconds of a row more; a small part of a plain step where only one count was seen.
    func slope(otherwise step: Double) -> Double {
        let spread = n * xx - x * x
        guard spread > 1e-6 * n * n else { return 0.06 * step }
        return max(0, (n * xy - x * y) / spread)
    }
}
