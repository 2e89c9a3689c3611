import Basics

/// Why a tokenizer cannot be built, or ids cannot be decoded.
///
/// The place is the metadata key at fault; who knows the file's name puts it in front.
package enum TokenizerError: Error, Hashable, Sendable {
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

extension TokenizerError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unsupportedModel(let name):
            "tokenizer.ggml.model: wanted 'gpt2' (byte-level BPE) or 'llama' (SentencePiece BPE), "
                + "found \(quoted(name)), which is not supported."
        case .unknownPreTokenizer(let name, let known):
            "tokenizer.ggml.pre: unknown pre-tokenizer \(quoted(name))."
                + (Suggestion.nearest(to: name, among: known).map { " Did you mean '\($0)'?" } ?? "")
                + " Known: \(known.joined(separator: ", "))."
        case .emptyVocabulary:
            "tokenizer.ggml.tokens: the vocabulary is empty; this file cannot tokenize."
        case .tooLarge(let key, let found, let limit, let unit):
            "tokenizer.ggml.\(key): wanted at most \(limit) \(unit), found \(found)."
        case .tokenTooLong(let token, let length):
            "tokenizer.ggml.tokens: token \(token) has \(length) bytes, wanted at most "
                + "\(Vocabulary.longestToken)."
        case .lengthMismatch(let key, let wanted, let found):
            "tokenizer.ggml.\(key): wanted \(wanted) values, one for each token, found \(found)."
        case .unknownTokenType(let token, let type):
            "tokenizer.ggml.token_type: token \(token) has type \(type), wanted 1 to 6."
        case .scoreIsNotANumber(let token):
            "tokenizer.ggml.scores: the score of token \(token) is not a number."
        case .malformedMerge(let index, let text):
            "tokenizer.ggml.merges: merge \(index) is \(quoted(text)), wanted two tokens with a "
                + "space between."
        case .mergeOfUnknownToken(let index, let merge, let token):
            "tokenizer.ggml.merges: merge \(index) (\(quoted(merge))) needs the token "
                + "\(quoted(token)), which the vocabulary does not have."
        case .specialOutsideVocabulary(let key, let id, let count):
            "tokenizer.ggml.\(key): wanted an id below \(count), found \(id)."
        case .missingByteTokens(let bytes):
            "tokenizer.ggml.tokens: a byte-level vocabulary needs a token for every printable "
                + "ASCII character, tab and newline; missing: "
                + bytes.map { "0x" + String($0, radix: 16) }.joined(separator: ", ") + "."
        case .noFallback:
            "tokenizer.ggml.tokens: there are no byte tokens (<0x00> to <0xFF>) and no unknown "
                + "token, so most text could not be encoded."
        case .idOutsideVocabulary(let id, let count):
            "token id \(id): wanted 0 to \(count - 1), the size of this vocabulary."
        }
    }
}
