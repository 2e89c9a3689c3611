import Basics
import LanguageModels
import Tensors

/// `--draft` and what goes with it: what guesses ahead of the model, and how far.
struct DraftOptions {
    let name: String
    let quantization: String
    let length: DraftLength

    static let options: [CommandSpecification.Option] = [
        .init(
            "draft", "D", "guess ahead with a small MODEL, or from the text: lookup, ngram"),
        .init("draft-quantization", "FORMAT", "of a draft MODEL (default as-stored)"),
        .init("draft-k", "K|auto", "tokens to guess at a time (default auto: what pays off)"),
    ]

    /// nil without `--draft`.
    init?(_ arguments: Arguments) throws {
        guard let name = arguments.string("draft") else {
            for option in ["draft-k", "draft-quantization"] where arguments.has(option) {
                throw UsageError("--\(option) needs a draft: --draft D.")
            }
            return nil
        }
        self.name = name
        quantization = try arguments.choice(
            "draft-quantization", of: Quantizations.names, default: Quantizations.asStored)
        length =
            try arguments.string("draft-k") ?? "auto" == "auto"
            ? .auto : .fixed(arguments.integer("draft-k", in: 1...DraftLength.most, default: 1))
        if freeProposer != nil, arguments.has("draft-quantization") {
            throw UsageError("--draft \(name) is no model and has no quantization.")
        }
    }

    private var freeProposer: DraftFreeProposer? { DraftFreeProposer(rawValue: name) }

    /// - Parameter backend: the target's, whose threads the two then share.
    func load(on backend: any Backend) throws -> Draft {
        if let freeProposer { return .free(freeProposer) }
        let path = try ModelAccess.standard().path(of: name, quantization: quantization)
        return .model(try LanguageModel(path: path, backend: backend), name: name)
    }
}
