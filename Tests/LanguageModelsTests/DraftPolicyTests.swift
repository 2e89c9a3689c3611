import Basics
import Testing

@testable import LanguageModels

/// Draft lengths chosen on the way, against a world whose costs and chances are known.
@Suite struct DraftPolicyTests {
    /// A step of the target takes a second; a draft's token is right with a chance that its
    /// evidence tells.
    struct World: Sendable {
        var draftStep: Double
        var rowMore: Double
        var chances: [Double]
        var mustFollow = true
        /// Seconds more of a text's first draft, for what the proposer has not read of it.
        var catchingUp = 0.0

        func pass(_ rows: Int) -> Double { 1 + rowMore * Double(rows - 1) }

        /// Seconds per token with drafts of `count`, the best that no adapting can give.
        func secondsPerToken(drafting count: Int) -> Double {
            let a = chances.reduce(0, +) / Double(chances.count)
            let tokens = (0...count).reduce(0.0) { sum, place in
                sum + (0..<place).reduce(1.0) { product, _ in product * a }
            }
            return (Double(count) * draftStep + pass(count + 1)) / tokens
        }
    }

    /// Seconds per token over some texts.
    private func simulate(
        _ world: World, texts: Int = 20, tokens: Int = 128, seed: UInt64 = 1
    ) -> Double {
        var generator = SeededGenerator(seed: seed)
        var policy = DraftPolicy(
            .auto, evidenceKinds: world.chances.count, mustFollow: world.mustFollow)
        var seconds = 0.0
        var made = 0
        for _ in 0..<texts {
            policy.beginText()
            var left = tokens
            var behind = world.catchingUp
            while left > 0 {
                var proposals: [ProposedToken] = []
                var drafting = 0.0
                let most = policy.limit(room: left - 1)
                if most > 0, policy.wantsAnother(after: []) {
                    while proposals.count < most, policy.wantsAnother(after: proposals) {
                        let evidence = Int(
                            generator.next(upperBound: UInt64(world.chances.count)))
                        drafting += world.draftStep + behind
                        behind = 0
                        policy.noteDraftStep(seconds: world.draftStep)
                        let proposal = ProposedToken(id: 0, evidence: evidence)
                        guard policy.keeps(proposal, after: proposals) else { break }
                        proposals.append(proposal)
                    }
                }
                let accepted = proposals.prefix { proposal in
                    generator.nextUnitInterval() < world.chances[proposal.evidence]
                }.count
                let verifying = world.pass(proposals.count + 1)
                func nanoseconds(_ value: Double) -> UInt64 { UInt64(value * 1e9) }
                policy.note(
                    SpeculativeCycle(
                        drafted: proposals.count, accepted: accepted,
                        tokens: min(accepted + 1, left), draftNanoseconds: nanoseconds(drafting),
                        verifyNanoseconds: nanoseconds(verifying),
                        nanoseconds: nanoseconds(drafting + verifying)), proposals: proposals)
                seconds += drafting + verifying
                made += min(accepted + 1, left)
                left -= accepted + 1
            }
        }
        return seconds / Double(made)
    }

    /// Where drafting cannot pay, next to nothing is lost by finding out.
    @Test(arguments: [
        World(draftStep: 0.9, rowMore: 0.05, chances: [0.7]),
        World(draftStep: 0.8, rowMore: 0.1, chances: [0.8], catchingUp: 3),
        World(draftStep: 0.5, rowMore: 0.4, chances: [0.3, 0.9]),
        World(draftStep: 0.2, rowMore: 0.9, chances: [0.8]),
        World(draftStep: 0.3, rowMore: 0.05, chances: [0.02]),
        World(draftStep: 0, rowMore: 0.5, chances: [0.1, 0.3], mustFollow: false),
        World(draftStep: 0, rowMore: 1, chances: [0.9], mustFollow: false),
    ])
    func itRestsWhereNothingIsWon(world: World) {
        #expect(simulate(world) < 1 / 0.97)
        // A group of ten prompts is enough.
        #expect(simulate(world, texts: 10, seed: 4) < 1 / 0.97)
    }

    /// Where it pays, the choice is about as good as the best fixed length or better.
    @Test(arguments: [
        World(draftStep: 0.2, rowMore: 0.05, chances: [0.8]),
        World(draftStep: 0.1, rowMore: 0.02, chances: [0.95]),
        World(draftStep: 0.2, rowMore: 0.05, chances: [0.8], catchingUp: 0.5),
        World(draftStep: 0.25, rowMore: 0.1, chances: [0.3, 0.98]),
        World(draftStep: 0.2, rowMore: 0.05, chances: [0.1, 0.5, 0.99, 0.99]),
        World(draftStep: 0, rowMore: 0.05, chances: [0.4, 0.9], mustFollow: false),
    ])
    func itFindsALengthThatPays(world: World) {
        let best = (0...15).map { world.secondsPerToken(drafting: $0) }.min() ?? 1
        #expect(best < 0.9)
        #expect(simulate(world) < best * 1.1, "best fixed \(best)")
    }

    @Test func aFixedLengthIsKept() {
        var policy = DraftPolicy(.fixed(4), evidenceKinds: 1, mustFollow: true)
        #expect(policy.limit(room: 9) == 4 && policy.limit(room: 3) == 3)
        #expect(policy.wantsAnother(after: [ProposedToken(id: 1)]))
        #expect(policy.keeps(ProposedToken(id: 1), after: []))
    }
}
