/// One call of `Tokenizer.encode`: the tokens so far, and what has been learned on the way.
///
/// Words repeat, so their tokens are remembered: a table from a word's hash to the place of its
/// tokens in the output. A slot keeps its latest word; memory is bounded and nothing is shared
/// between calls.
struct TokenEncoder<Model: TokenizationModel> {
    private let model: Model
    private(set) var tokens: [Int32] = []
    private var merger = WordMerger()

    private struct Slot {
        var hash: UInt64 = 0
        /// The word's bytes in `words`.
        var word = 0..<0
        /// Its tokens in `tokens`.
        var tokens = 0..<0
    }
    private var slots: [Slot]
    private var words: [UInt8] = []

    private static var mostSlots: Int { 1 << 14 }
    /// Longer words are unlikely to come again.
    private static var longestRemembered: Int { 64 }
    private static var mostWordBytes: Int { 1 << 20 }

    init(_ model: Model, textLength: Int) {
        self.model = model
        // About one word in five bytes; a short text is not worth a large table.
        var count = 64
        while count < textLength / 4, count < Self.mostSlots { count *= 2 }
        slots = [Slot](repeating: Slot(), count: count)
        tokens.reserveCapacity(textLength / 4 + 2)
    }

    mutating func append(_ token: Int32) { tokens.append(token) }

    /// Encodes text between two added tokens.
    mutating func encode(_ text: UnsafeBufferPointer<UInt8>) {
        if let words = model.words(of: text) {
            for word in words { encodeWord(text, word.prefix(WordMerger.longestWord)) }
            return
        }
        var position = 0
        while position < text.count {
            let wordEnd = min(
                model.wordEnd(text, position, text.count), position + WordMerger.longestWord)
            encodeWord(text, position..<wordEnd)
            position = wordEnd
        }
    }

    @inline(__always)
    private mutating func encodeWord(_ text: UnsafeBufferPointer<UInt8>, _ word: Range<Int>) {
        guard word.count <= Self.longestRemembered else {
            return model.encode(text, word, with: &merger, into: &tokens)
        }
        let hash = ByteHash.of(text, word)
        let index = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        let slot = slots[index]
        if slot.hash == hash, isWord(slot.word, text, word) {
            for place in slot.tokens { tokens.append(tokens[place]) }
            return
        }
        let start = tokens.count
        model.encode(text, word, with: &merger, into: &tokens)
        if words.count > Self.mostWordBytes {
            words.removeAll(keepingCapacity: true)
            for index in slots.indices { slots[index] = Slot() }
        }
        let place = words.count
        words.append(contentsOf: text[word])
        slots[index] = Slot(
            hash: hash, word: place..<place + word.count, tokens: start..<tokens.count)
    }

    @inline(__always)
    private func isWord(
        _ stored: Range<Int>, _ text: UnsafeBufferPointer<UInt8>, _ word: Range<Int>
    ) -> Bool {
        guard stored.count == word.count else { return false }
        for offset in 0..<word.count
        where words[stored.lowerBound + offset] != text[word.lowerBound + offset] {
            return false
        }
        return true
    }
}
