/// Byte-level BPE (GPT-2, Llama-3, SmolLM2, ...): every byte is a symbol, merges are listed.
struct ByteLevelModel: TokenizationModel {
    private let vocabulary: Vocabulary
    private let preTokenizer: PreTokenizer
    private let scanner: WordScanner
    private let merges: MergeTable
    /// The token of each byte; -1 where the vocabulary has none.
    private let byteTokens: [Int32]

    /// - Parameter unknownID: for bytes without a token; without it they are dropped.
    init(
        _ vocabulary: Vocabulary, _ preTokenizer: PreTokenizer, _ description: TokenizerDescription,
        unknownID: Int32?
    ) throws(TokenizerProblem) {
        self.vocabulary = vocabulary
        self.preTokenizer = preTokenizer
        scanner = WordScanner(preTokenizer.rule)
        var tokens: [Int32] = []
        for spelling in ByteAlphabet.spellings { tokens.append(vocabulary.id(spelling) ?? -1) }
        byteTokens = tokens.map { $0 < 0 ? unknownID ?? -1 : $0 }
        // Real vocabularies lack bytes that their training text did not have (SmolLM2 has no
        // token for 0x04); those are dropped, as the reference does.
        let needed = [0x09, 0x0A] + Array(UInt8(0x20)...0x7E)
        let missing = needed.filter { tokens[Int($0)] < 0 }
        guard missing.isEmpty else { throw .missingByteTokens(missing) }
        self.merges = try MergeTable(description, vocabulary)
    }

    func prepared(_ text: UnsafeBufferPointer<UInt8>, isFirst: Bool) -> [UInt8]? {
        guard preTokenizer.addsPrefixSpace, text.first != UInt8(ascii: " ") else { return nil }
        return [UInt8(ascii: " ")] + text
    }

    func words(of text: UnsafeBufferPointer<UInt8>) -> [Range<Int>]? {
        preTokenizer.steps.isEmpty ? nil : preTokenizer.steps.words(of: text)
    }

    @inline(__always)
    func wordEnd(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int) -> Int {
        scanner.wordEnd(text, start, end)
    }

    func encode(
        _ text: UnsafeBufferPointer<UInt8>, _ word: Range<Int>, with merger: inout WordMerger,
        into tokens: inout [Int32]
    ) {
        if preTokenizer.ignoresMerges, let id = wholeToken(text, word) {
            tokens.append(id)
            return
        }
        merger.removeAll()
        for position in word {
            let symbol = byteTokens[Int(text[position])]
            if symbol >= 0 { merger.append(symbol) }
        }
        merger.merge(merges)
        tokens.append(contentsOf: merger.symbols)
    }

    private func wholeToken(_ text: UnsafeBufferPointer<UInt8>, _ word: Range<Int>) -> Int32? {
        // Every byte is at most two in the alphabet.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 2 * word.count) { spelled in
            var count = 0
            for position in word {
                for byte in ByteAlphabet.spellings[Int(text[position])] {
                    spelled[count] = byte
                    count += 1
                }
            }
            return vocabulary.id(UnsafeBufferPointer(spelled), 0..<count)
        }
    }

    func bytes(of id: Int32) -> [UInt8] {
        let text = vocabulary.texts[Int(id)]
        switch vocabulary.kind(id) {
        case .normal, .byte: return ByteAlphabet.decoded(text)
        case .unused: return []
        case .control, .userDefined, .unknown: return Array(text)
        }
    }
}
