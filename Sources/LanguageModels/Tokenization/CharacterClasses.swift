/// The classes that the pre-tokenizers' regular expressions tell apart.
///
/// Swift's own properties are not used: they follow the Unicode version of the standard library
/// that happens to be linked, and a token must not depend on that. The tables hold what the
/// `tokenizers` library answers: `\p{L}` and `\p{N}` are Unicode 16.0 there (Oniguruma), while its
/// Digits step is Unicode 17.0 (Rust), 13 scalars more. Swift 6.3 knows Unicode 16.0 or 17.0,
/// depending on the platform's library; an older one classes up to some thousand scalars
/// otherwise (U+13460... Egyptian hieroglyphs, U+16100... Gurung Khema).
/// `\s` is stable: 25 scalars, the White_Space property.
struct CharacterClass: OptionSet, Sendable {
    let rawValue: UInt8

    static let letter = CharacterClass(rawValue: 1)
    static let number = CharacterClass(rawValue: 2)
    static let whitespace = CharacterClass(rawValue: 4)
    /// `\r` and `\n`, which are whitespace too.
    static let newline = CharacterClass(rawValue: 8)
    /// Cut off by the Digits step; every number is.
    static let digit = CharacterClass(rawValue: 16)
    /// `\w` of the expressions that look around single-word tokens.
    static let word = CharacterClass(rawValue: 32)

    /// Letters, numbers and whitespace; a scalar that is none of them is "other".
    static let named: CharacterClass = [.letter, .number, .whitespace]
}

/// Classes of all scalars, as pages of 256.
struct CharacterClasses: Sendable {
    /// Page 0 is the first 256 scalars, so `pages[byte]` is the class of an ASCII byte.
    private let pages: [CharacterClass]
    /// First index in `pages` for each 256 scalars.
    private let pageStart: [Int32]

    static let reference = CharacterClasses()

    private init() {
        var all = [CharacterClass](repeating: [], count: 0x110000)
        func mark(_ table: String, _ value: CharacterClass) {
            for range in HexadecimalTable.ranges(Substring(table).utf8) {
                for scalar in range { all[Int(scalar)].formUnion(value) }
            }
        }
        mark(CharacterClassTables.letters, .letter)
        mark(CharacterClassTables.numbers, [.number, .digit])
        mark(CharacterClassTables.numerics, .digit)
        mark(CharacterClassTables.whitespace, .whitespace)
        mark(CharacterClassTables.letters, .word)
        mark(CharacterClassTables.wordsBeyondLetters, .word)
        all[0x0A].formUnion(.newline)
        all[0x0D].formUnion(.newline)

        // Most blocks are of one class throughout (ideographs, unassigned): one page for each.
        var pages: [CharacterClass] = []
        var starts: [Int32] = []
        var uniform: [UInt8: Int32] = [:]
        for first in stride(from: 0, to: all.count, by: 256) {
            let block = all[first..<first + 256]
            let value = all[first]
            let isUniform = block.allSatisfy { $0 == value }
            if isUniform, let known = uniform[value.rawValue] {
                starts.append(known)
                continue
            }
            if isUniform { uniform[value.rawValue] = Int32(pages.count) }
            starts.append(Int32(pages.count))
            pages += block
        }
        self.pages = pages
        pageStart = starts
    }

    @inline(__always) func ascii(_ byte: UInt8) -> CharacterClass { pages[Int(byte)] }

    /// The class of a scalar; of anything above U+10FFFF (a byte that is no UTF-8), "other".
    @inline(__always) func of(_ scalar: UInt32) -> CharacterClass {
        guard scalar < 0x110000 else { return [] }
        return pages[Int(pageStart[Int(scalar >> 8)]) + Int(scalar & 0xFF)]
    }
}

/// Reads the generated tables.
enum HexadecimalTable {
    /// `41-5A AA`, separated by spaces, newlines or commas.
    static func ranges(_ text: Substring.UTF8View) -> [ClosedRange<UInt32>] {
        text.split { $0 == 0x20 || $0 == 0x0A || $0 == 0x2C }.map { item in
            let ends = item.split(separator: UInt8(ascii: "-")).map(number)
            return ends[0]...ends[ends.count - 1]
        }
    }

    static func number(_ digits: some Sequence<UInt8>) -> UInt32 {
        digits.reduce(0) { $0 << 4 | UInt32($1 < 0x3A ? $1 - 0x30 : $1 - 0x37) }
    }
}
