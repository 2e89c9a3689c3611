/// Why the tokens of two models cannot be exchanged, in one sentence.
package struct TokenizerDisagreement: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
}

extension Tokenizer {
    /// Vocabularies may differ in so many ids at their end: padding rows, mostly.
    private static let sizeTolerance = 128
    /// Texts of the ids below may differ: special tokens, which families spell differently.
    private static let firstCompared = 5

    /// Throws unless a draft's ids mean the same to a target, by llama.cpp's conditions.
    ///
    /// The same kind of vocabulary, the same beginning and end of text where they are added, sizes
    /// that differ by 128 at most, and the same text for every id from 5 up to the smaller size.
    package static func checkAgreement(
        draft: (name: String, tokenizer: Tokenizer), target: (name: String, tokenizer: Tokenizer)
    ) throws(TokenizerDisagreement) {
        let (d, t) = (draft.tokenizer, target.tokenizer)
        func disagree(_ what: String) -> TokenizerDisagreement {
            TokenizerDisagreement(
                description: "\(draft.name) cannot draft for \(target.name): \(what). Choose a "
                    + "draft of the target's own family, or the target itself in a smaller "
                    + "quantization.")
        }
        guard d.kindName == t.kindName else {
            throw disagree("its tokenizer is \(d.kindName), the target's \(t.kindName)")
        }
        guard d.addsBOS == t.addsBOS, !d.addsBOS || d.bosID == t.bosID else {
            throw disagree("its texts begin with \(d.beginning), the target's with \(t.beginning)")
        }
        guard d.addsEOS == t.addsEOS, !d.addsEOS || d.eosID == t.eosID else {
            throw disagree("its texts end with \(d.ending), the target's with \(t.ending)")
        }
        // Before the sizes: of two vocabularies the first difference says more than the counts.
        let common = min(d.vocabularySize, t.vocabularySize)
        if let id = (firstCompared..<max(common, firstCompared)).first(where: {
            d.vocabulary.texts[$0] != t.vocabulary.texts[$0]
        }) {
            throw disagree(
                "token \(id) is \(d.quotedText(id)) in the draft and \(t.quotedText(id)) in the "
                    + "target")
        }
        guard abs(d.vocabularySize - t.vocabularySize) <= sizeTolerance else {
            throw disagree(
                "it has \(d.vocabularySize) tokens and the target \(t.vocabularySize); token "
                    + "\(common) is the first that only one of them has, and \(sizeTolerance) "
                    + "such tokens are allowed")
        }
    }

    private var kindName: String {
        switch model {
        case .byteLevel: "byte-level BPE"
        case .sentencePiece: "SentencePiece BPE"
        }
    }

    private var beginning: String {
        addsBOS ? "token \(bosID.map { "\($0)" } ?? "none")" : "no special token"
    }

    private var ending: String {
        addsEOS ? "token \(eosID.map { "\($0)" } ?? "none")" : "no special token"
    }

    private func quotedText(_ id: Int) -> String {
        quoted(vocabulary.texts.text(id))
    }
}
