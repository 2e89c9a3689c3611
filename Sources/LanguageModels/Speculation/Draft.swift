import Tensors

/// What guesses for a target model: another model, or the text itself.
package enum Draft {
    case model(LanguageModel, name: String)
    case free(DraftFreeProposer)

    /// A proposer for one sequence of a target.
    ///
    /// Throws when the two models' tokens do not agree.
    ///
    /// - Parameter capacity: positions of the target's session.
    package func makeProposer(
        for target: LanguageModel, named name: String, capacity: Int, computation: Computation,
        sampling: SamplingOptions
    ) throws -> any Proposer {
        switch self {
        case .free(let kind): return kind.make(stop: try target.tokenizer().endOfGeneration)
        case .model(let model, let draftName):
            try Tokenizer.checkAgreement(
                draft: (draftName, model.tokenizer()), target: (name, target.tokenizer()))
            // Beyond its own context a draft is silent, and the target goes on alone.
            let session = try model.makeDraftSession(capacity: capacity, computation: computation)
            return DraftModel(
                session: session, targetVocabulary: target.shape.vocabulary, sampling: sampling)
        }
    }
}
