import Testing

@testable import LanguageModels

/// Which pairs of tokenizers may work together, and what is said of the others.
@Suite struct TokenizerAgreementTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        var draft: TokenizerDescription
        var target: TokenizerDescription
        /// nil where they may.
        let complaint: String?

        var testDescription: String { name }

        init(
            _ name: String, _ complaint: String?,
            _ change: (_ draft: inout TokenizerDescription, _ target: inout TokenizerDescription)
                -> Void
        ) {
            self.name = name
            self.complaint = complaint
            draft = TokenizerFixtures.tiny(extra: ["ab", "cd"])
            target = draft
            change(&draft, &target)
        }
    }

    private static func swapped(_ tokens: ByteStrings, _ a: Int, _ b: Int) -> ByteStrings {
        var texts = tokens.map { Array($0) }
        texts.swapAt(a, b)
        return ByteStrings(texts)
    }

    private static func longer(_ tokens: ByteStrings, by count: Int) -> ByteStrings {
        ByteStrings(tokens.map { Array($0) } + (0..<count).map { Array("pad\($0)".utf8) })
    }

    static let cases = [
        Case("the same", nil) { _, _ in },
        Case("beginnings that nobody adds", nil) { draft, target in
            (draft.bosID, target.bosID) = (1, 2)
            (draft.addBOS, target.addBOS) = (false, false)
        },
        Case("128 more", nil) { draft, _ in draft.tokens = longer(draft.tokens, by: 128) },
        Case("128 fewer", nil) { _, target in target.tokens = longer(target.tokens, by: 128) },
        Case("another text below 5", nil) { draft, _ in
            draft.tokens = swapped(draft.tokens, 3, 4)
        },
        Case(
            "another text",
            "token 256 is 'ab' in the draft and 'cd' in the target"
        ) { draft, target in target.tokens = swapped(target.tokens, 256, 257) },
        Case(
            "129 more",
            "it has 387 tokens and the target 258; token 258 is the first that only one "
                + "of them has, and 128 such tokens are allowed"
        ) { draft, _ in draft.tokens = longer(draft.tokens, by: 129) },
        Case("another beginning", "its texts begin with token 1, the target's with token 2") {
            draft, target in
            (draft.bosID, draft.addBOS) = (1, true)
            (target.bosID, target.addBOS) = (2, true)
        },
        Case("no beginning", "its texts begin with no special token, the target's with token 2") {
            _, target in
            (target.bosID, target.addBOS) = (2, true)
        },
        Case("an end", "its texts end with token 9, the target's with no special token") {
            draft, _ in
            (draft.eosID, draft.addEOS) = (9, true)
        },
    ]

    @Test(arguments: cases)
    func conditionsAreThoseOfLlama(item: Case) throws {
        let (draft, target) = (try Tokenizer(item.draft), try Tokenizer(item.target))
        var found: String?
        do throws(TokenizerDisagreement) {
            try Tokenizer.checkAgreement(draft: ("small", draft), target: ("large", target))
        } catch {
            found = error.description
        }
        let wanted = item.complaint.map {
            "small cannot draft for large: \($0). Choose a draft of the target's own family, or the "
                + "target itself in a smaller quantization."
        }
        #expect(found == wanted)
    }

    @Test func kindsMustAgree() throws {
        let bytes = try Tokenizer(TokenizerFixtures.tiny())
        let pieces = try Tokenizer(TokenizerFixtures.sentencePiece().1)
        #expect(throws: TokenizerDisagreement.self) {
            try Tokenizer.checkAgreement(draft: ("a", pieces), target: ("b", bytes))
        }
    }
}
