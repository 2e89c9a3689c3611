import LanguageModels

/// The text of a sample that is being generated, up to where it ends.
struct SampleText {
    private var decoder: TokenTextDecoder
    private var stops: StopStrings
    private var bytes: [UInt8] = []
    private(set) var tokenCount = 0

    /// - Parameter ends: texts that end it and are no part of it, whatever tokens they come in.
    init(_ tokenizer: Tokenizer, decoding: HumanEvalSettings.Decoding, ends: [String]) {
        decoder = TokenTextDecoder(tokenizer, continuing: decoding == .corrected)
        stops = StopStrings(ends)
    }

    /// Takes the next token; false when nothing more belongs to the text.
    mutating func append(_ token: Int32) -> Bool {
        tokenCount += 1
        bytes += stops.append(decoder.append(token).utf8)
        return !stops.isStopped
    }

    /// The whole text, when no token follows.
    mutating func finish() -> String {
        bytes += stops.append(decoder.finish().utf8)
        bytes += stops.finish()
        return String(decoding: bytes, as: UTF8.self)
    }
}
