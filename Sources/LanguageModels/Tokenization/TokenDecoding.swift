extension Tokenizer {
    /// Whether an id is one of the vocabulary's.
    package func contains(_ id: Int32) -> Bool { vocabulary.contains(id) }

    /// Throws for the first id that is not of this vocabulary.
    package func validate(_ ids: [Int32]) throws(TokenizerError) {
        for id in ids where !contains(id) {
            throw TokenizerError(
                problem: .idOutsideVocabulary(id: id, count: vocabularySize), source: source)
        }
    }

    /// Whether an id is a control token (or the unknown token), which is no text.
    package func isSpecial(_ id: Int32) -> Bool {
        guard contains(id) else { return false }
        return vocabulary.kind(id) == .control || vocabulary.kind(id) == .unknown
    }

    /// The id of a token with exactly this text, as the file spells it.
    package func id(of text: String) -> Int32? { vocabulary.id(text.utf8) }

    /// The bytes that an id stands for; none for unused ids and for those outside the vocabulary.
    ///
    /// A token may hold a part of a character only.
    package func bytes(of id: Int32) -> [UInt8] {
        guard contains(id) else { return [] }
        return switch model {
        case .byteLevel(let model): model.bytes(of: id)
        case .sentencePiece(let model): model.bytes(of: id)
        }
    }

    /// The text that an id stands for, with U+FFFD for incomplete characters.
    package func text(of id: Int32) -> String { String(decoding: bytes(of: id), as: UTF8.self) }

    /// The bytes that ids stand for.
    ///
    /// SentencePiece models lose the space that encoding put first. Ids outside the vocabulary give
    /// nothing; `validate` tells.
    package func decode(_ ids: some Sequence<Int32>, skipSpecial: Bool = true) -> [UInt8] {
        var result: [UInt8] = []
        for id in ids where !(skipSpecial && isSpecial(id)) {
            result.append(contentsOf: bytes(of: id))
        }
        if stripsLeadingSpace, result.first == UInt8(ascii: " ") { result.removeFirst() }
        return result
    }

    /// `decode` as text, with U+FFFD for what is not UTF-8.
    package func decodeText(_ ids: some Sequence<Int32>, skipSpecial: Bool = true) -> String {
        String(decoding: decode(ids, skipSpecial: skipSpecial), as: UTF8.self)
    }
}

/// Turns ids into text one at a time, holding back characters that are not complete yet.
///
///     var decoder = TokenTextDecoder(tokenizer)
///     for id in ids { print(decoder.append(id), terminator: "") }
///     print(decoder.finish())
package struct TokenTextDecoder: Sendable {
    private let tokenizer: Tokenizer
    private let skipSpecial: Bool
    private var stripsSpace: Bool
    private var held: [UInt8] = []

    /// - Parameter continuing: the ids follow others, so that a first space is kept.
    package init(_ tokenizer: Tokenizer, skipSpecial: Bool = true, continuing: Bool = false) {
        self.tokenizer = tokenizer
        self.skipSpecial = skipSpecial
        stripsSpace = tokenizer.stripsLeadingSpace && !continuing
    }

    /// The text that is complete with this id.
    package mutating func append(_ id: Int32) -> String {
        if skipSpecial, tokenizer.isSpecial(id) { return "" }
        var bytes = tokenizer.bytes(of: id)
        if stripsSpace, let first = bytes.first {
            if first == UInt8(ascii: " ") { bytes.removeFirst() }
            stripsSpace = false
        }
        held += bytes
        let whole = held.count - UTF8Decoding.incompleteSuffix(held)
        defer { held.removeFirst(whole) }
        return String(decoding: held[..<whole], as: UTF8.self)
    }

    /// What is left: U+FFFD when the ids ended inside a character.
    package mutating func finish() -> String {
        defer { held.removeAll() }
        return String(decoding: held, as: UTF8.self)
    }
}
