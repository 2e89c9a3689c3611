/// What turns one word into tokens: the part in which the kinds of tokenizer differ.
protocol TokenizationModel: Sendable {
    /// The text that is cut into words, from the normalized text between two added tokens.
    ///
    /// nil when it is the same. `isFirst` says that nothing stands before it.
    func prepared(_ text: UnsafeBufferPointer<UInt8>, isFirst: Bool) -> [UInt8]?

    /// The words of a text, for models whose words are cut in more than one step; else nil.
    func words(of text: UnsafeBufferPointer<UInt8>) -> [Range<Int>]?

    /// Where the word that starts at `start` ends.
    func wordEnd(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int) -> Int

    /// Appends the tokens of one word.
    func encode(
        _ text: UnsafeBufferPointer<UInt8>, _ word: Range<Int>, with merger: inout WordMerger,
        into tokens: inout [Int32])

    /// The bytes that a token stands for.
    func bytes(of id: Int32) -> [UInt8]
}

extension TokenizationModel {
    func words(of text: UnsafeBufferPointer<UInt8>) -> [Range<Int>]? { nil }
}
