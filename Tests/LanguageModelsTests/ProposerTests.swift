import Basics
import TestSupport
import Testing

@testable import LanguageModels

/// What the proposers without a model find in a text.
@Suite struct ProposerTests {
    private func proposal(_ proposer: any Proposer, after sequence: [Int32], limit: Int)
        -> [Int32]
    {
        proposer.begin(after: sequence)
        var found: [Int32] = []
        while found.count < limit, let token = proposer.next() {
            #expect((0..<proposer.evidenceKinds).contains(token.evidence))
            #expect(token.distribution.isEmpty)
            found.append(token.id)
        }
        return found
    }

    struct Recorded: Decodable {
        struct Case: Decodable {
            var sequence: [Int32]
            var count: Int
            var ngram: Int
            var eos: Int32
            var proposed: [Int32]
        }

        var transformers: String
        var cases: [Case]
    }

    @Test func lookupProposesWhatTransformersDoes() throws {
        let recorded = try Fixtures.json(Recorded.self, "speculation/prompt-lookup.json")
        #expect(recorded.cases.count >= 200)
        #expect(recorded.cases.count { $0.proposed.isEmpty } > 10)
        for item in recorded.cases {
            let lookup = PromptLookup(stop: [item.eos], longestMatch: item.ngram)
            #expect(
                proposal(lookup, after: item.sequence, limit: item.count) == item.proposed,
                "\(item.sequence)")
        }
    }

    /// The definition, counted anew for every token.
    private func definition(_ sequence: [Int32], limit: Int) -> [Int32] {
        let least = [(2, 66), (2, 50), (1, 50), (1, 50)]
        var text = sequence
        var found: [Int32] = []
        search: while found.count < limit {
            for length in [4, 3, 2, 1] where length <= text.count {
                let end = Array(text.suffix(length))
                var counts: [Int32: Int] = [:]
                for start in 0..<max(sequence.count - length, 0)
                where Array(sequence[start..<start + length]) == end {
                    counts[sequence[start + length], default: 0] += 1
                }
                let total = counts.values.reduce(0, +)
                let (count, share) = least[length - 1]
                let most = counts.values.max() ?? 0
                guard total >= max(count, 1), 100 * most >= share * total else { continue }
                let next = counts.filter { $0.value == most }.keys.min() ?? 0
                text.append(next)
                found.append(next)
                continue search
            }
            break
        }
        return found
    }

    /// One proposer follows a text that grows, is cut and is replaced.
    @Test func ngramsAreTheDefinition() {
        var generator = SeededGenerator(seed: 9)
        let proposer = NGramProposer()
        var sequence: [Int32] = [0]
        var foundAny = 0
        for round in 0..<300 {
            let found = proposal(proposer, after: sequence, limit: 6)
            #expect(found == definition(sequence, limit: 6), "\(sequence)")
            foundAny += found.isEmpty ? 0 : 1
            if round % 40 == 39 {
                sequence.removeLast(Int(generator.next(upperBound: UInt64(sequence.count))))
            }
            for _ in 0...Int(generator.next(upperBound: UInt64(3))) {
                sequence.append(Int32(generator.next(upperBound: UInt64(4))))
            }
        }
        #expect(foundAny > 100)
    }

    @Test(arguments: DraftFreeProposer.allCases)
    func shortTextsGiveNothing(kind: DraftFreeProposer) {
        #expect(proposal(kind.make(stop: []), after: [], limit: 3) == [])
        #expect(proposal(kind.make(stop: []), after: [1], limit: 3) == [])
        #expect(proposal(kind.make(stop: []), after: [1, 2, 3], limit: 3) == [])
    }
}
