import Basics
import Testing

@testable import LanguageModels

struct TokenizerMergingTests {
    /// The definition: again and again the first pair of the lowest rank.
    private func merged(_ symbols: [Int32], _ table: MergeTable) -> [Int32] {
        var symbols = symbols
        while true {
            let merges = symbols.indices.dropLast().map { table.find(symbols[$0], symbols[$0 + 1]) }
            guard let best = merges.filter({ $0 != MergeTable.none }).map(MergeTable.rank).min(),
                let place = merges.firstIndex(where: {
                    $0 != MergeTable.none && MergeTable.rank($0) == best
                })
            else { return symbols }
            symbols[place] = MergeTable.id(merges[place])
            symbols.remove(at: place + 1)
        }
    }

    @Test("short and long words by definition", arguments: [2, 5, 20, 39, 40, 41, 42, 100, 300])
    func equalsDefinition(length: Int) {
        var generator = SeededGenerator(seed: UInt64(length))
        var merger = WordMerger()
        for round in 0..<20 {
            // Three letters, every new token is two older ones; ranks repeat in odd rounds.
            var table = MergeTable(capacity: 60)
            for id in Int32(3)..<60 {
                let left = Int32.random(in: 0..<id, using: &generator)
                let right = Int32.random(in: 0..<id, using: &generator)
                table.insert(left, right, rank: UInt32(round % 2 == 0 ? id : id / 8), id: id)
            }
            let word = (0..<length).map { _ in Int32.random(in: -1..<3, using: &generator) }
            merger.removeAll()
            for symbol in word { merger.append(symbol) }
            merger.merge(table)
            #expect(merger.symbols == merged(word, table))
        }
    }

    @Test("a megabyte of one letter takes no more than a moment", .timeLimit(.minutes(15)))
    func longWord() throws {
        #if DEBUG
            let length = 1 << 16
        #else
            let length = 1 << 20
        #endif
        let description = TokenizerFixtures.tiny(
            extra: ["aa", "aaaa"], merges: ["a a", "aa aa"])
        let tokenizer = try Tokenizer(description)
        let ids = tokenizer.encode([UInt8](repeating: 0x61, count: length))
        #expect(ids == [Int32](repeating: 257, count: length / 4))
        let spaces = tokenizer.encode([UInt8](repeating: 0x20, count: length))
        #expect(spaces.count == length)
    }

    @Test("a text with more words than the encoder remembers")
    func manyWords() throws {
        let (_, description) = try TokenizerFixtures.byteLevel("gpt-2")
        let tokenizer = try Tokenizer(description)
        var generator = SeededGenerator(seed: 11)
        var words: [String] = []
        for _ in 0..<3000 {
            words.append(" \(UInt64.random(in: 0..<5000, using: &generator))and the token")
        }
        let apart = words.flatMap { tokenizer.encode($0) }
        #expect(tokenizer.encode(words.joined()) == apart)
    }
}
