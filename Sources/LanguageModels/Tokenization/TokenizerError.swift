import Basics

/// Why a tokenizer cannot be built, or ids cannot be decoded.
///
/// The place is the metadata key at fault; who knows the file's name puts it in front.
package struct TokenizerError: Error, Hashable, Sendable, CustomStringConvertible {
    let problem: TokenizerProblem
    let source: TokenizerSource

    package var description: String { problem.sentence(in: source) }

    /// The same with the file's name.
    var withFile: CheckpointError { CheckpointError(file: source.file, description) }
}

/// What is wrong, without the place.
enum TokenizerProblem: Error, Hashable, Sendable {
    case unsupportedModel(String)
    case unknownPreTokenizer(String, known: [String])
    case emptyVocabulary
    case tooLarge(key: String, found: Int, limit: Int, unit: String)
    case tokenTooLong(token: Int, length: Int)
    case lengthMismatch(key: String, wanted: Int, found: Int)
    case unknownTokenType(token: Int, type: Int32)
    case scoreIsNotANumber(token: Int)
    case malformedMerge(index: Int, text: String)
    case mergeOfUnknownToken(index: Int, merge: String, token: String)
    case specialOutsideVocabulary(key: String, id: Int32, count: Int)
    case missingByteTokens([UInt8])
    case noFallback
    case idOutsideVocabulary(id: Int32, count: Int)
}

extension TokenizerProblem {
    /// The whole sentence, with the place in the words of the file's form.
    func sentence(in source: TokenizerSource) -> String {
        switch self {
        case .unsupportedModel(let name):
            "\(source.place("model")): wanted 'gpt2' (byte-level BPE) or 'llama' (SentencePiece BPE), "
                + "found \(quoted(name)), which is not supported."
        case .unknownPreTokenizer(let name, let known):
            "\(source.place("pre")): unknown pre-tokenizer \(quoted(name))."
                + (Suggestion.nearest(to: name, among: known).map { " Did you mean '\($0)'?" } ?? "")
                + " Known: \(known.joined(separator: ", "))."
        case .emptyVocabulary:
            "\(source.place("tokens")): the vocabulary is empty; this file cannot tokenize."
        case .tooLarge(let key, let found, let limit, let unit):
            "\(source.place(key)): wanted at most \(limit) \(unit), found \(found)."
        case .tokenTooLong(let token, let length):
            "\(source.place("tokens")): token \(token) has \(length) bytes, wanted at most "
                + "\(Vocabulary.longestToken)."
        case .lengthMismatch(let key, let wanted, let found):
            "\(source.place(key)): wanted \(wanted) values, one for each token, found \(found)."
        case .unknownTokenType(let token, let type):
            "\(source.place("token_type")): token \(token) has type \(type), wanted 1 to 6."
        case .scoreIsNotANumber(let token):
            "\(source.place("scores")): the score of token \(token) is not a number."
        case .malformedMerge(let index, let text):
            "\(source.place("merges")): merge \(index) is \(quoted(text)), wanted two tokens with a "
                + "space between."
        case .mergeOfUnknownToken(let index, let merge, let token):
            "\(source.place("merges")): merge \(index) (\(quoted(merge))) needs the token "
                + "\(quoted(token)), which the vocabulary does not have."
        case .specialOutsideVocabulary(let key, let id, let count):
            "\(source.place(key)): wanted an id below \(count), found \(id)."
        case .missingByteTokens(let bytes):
            "\(source.place("tokens")): a byte-level vocabulary needs a token for every printable "
                + "ASCII character, tab and newline; missing: "
                + bytes.map { "0x" + String($0, radix: 16) }.joined(separator: ", ") + "."
        case .noFallback:
            "\(source.place("tokens")): there are no byte tokens (<0x00> to <0xFF>) and no unknown "
                + "token, so most text could not be encoded."
        case .idOutsideVocabulary(let id, let count):
            "token id \(id): wanted 0 to \(count - 1), the size of this vocabulary."
        }
    }
}
