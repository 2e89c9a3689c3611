/// A token whose text is found before anything is cut into words.
struct AddedToken: Sendable, Hashable {
    let id: Int32
    let text: [UInt8]
    /// Recognised only where special tokens are, and left away in decoded text.
    var isSpecial = false
    /// Takes the whitespace before it, or after it, with it.
    var stripsLeft = false
    var stripsRight = false
    /// Not found inside a longer word.
    var isSingleWord = false
    /// Found in the normalized text, in its own normalized form; else in the text as it came.
    var isNormalized = false
}

/// Finds added tokens in text as the `tokenizers` library does.
struct AddedTokens: Sendable {
    private var matcher = SpecialTokenMatcher()
    private var tokens: [AddedToken] = []

    /// Of equal texts the first stays.
    mutating func insert(_ token: AddedToken, as text: some Sequence<UInt8>) {
        matcher.insert(text, token: Int32(tokens.count))
        tokens.append(token)
    }

    /// Gives the parts of `text[range]` in order: ranges of text, and tokens.
    @inline(__always)
    func forEachPart(
        of text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, parseSpecial: Bool,
        text plain: (Range<Int>) -> Void, token: (Int32) -> Void
    ) {
        // What a token strips behind it, the search still sees: as the library, which looks on
        // behind the token's own text.
        var searched = range.lowerBound
        var done = range.lowerBound
        while let match = matcher.firstMatch(text, searched, range.upperBound) {
            searched = match.range.upperBound
            let found = tokens[Int(match.token)]
            if found.isSpecial, !parseSpecial { continue }
            if found.isSingleWord, isInsideWord(text, match.range, range) { continue }
            var (start, end) = (match.range.lowerBound, match.range.upperBound)
            if found.stripsLeft {
                while start > done, let before = whitespaceStart(text, before: start, from: done) {
                    start = before
                }
            }
            if found.stripsRight {
                while end < range.upperBound, let next = whitespaceEnd(text, end, range.upperBound)
                {
                    end = next
                }
            }
            if done < start { plain(done..<start) }
            token(found.id)
            done = end
        }
        if done < range.upperBound { plain(done..<range.upperBound) }
    }

    private func isInsideWord(
        _ text: UnsafeBufferPointer<UInt8>, _ token: Range<Int>, _ range: Range<Int>
    ) -> Bool {
        if token.lowerBound > range.lowerBound,
            let start = UTF8Decoding.scalarStart(text, before: token.lowerBound, range.lowerBound),
            isWordCharacter(UTF8Decoding.scalar(text, start, token.lowerBound).value)
        {
            return true
        }
        return token.upperBound < range.upperBound
            && isWordCharacter(
                UTF8Decoding.scalar(text, token.upperBound, range.upperBound).value)
    }

    private func isWordCharacter(_ scalar: UInt32) -> Bool {
        CharacterClasses.reference.of(scalar).contains(.word)
    }

    private func whitespaceStart(
        _ text: UnsafeBufferPointer<UInt8>, before end: Int, from start: Int
    ) -> Int? {
        guard let place = UTF8Decoding.scalarStart(text, before: end, start) else { return nil }
        return isWhitespace(UTF8Decoding.scalar(text, place, end).value) ? place : nil
    }

    private func whitespaceEnd(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int) -> Int?
    {
        let (scalar, length) = UTF8Decoding.scalar(text, start, end)
        return isWhitespace(scalar) ? start + length : nil
    }

    private func isWhitespace(_ scalar: UInt32) -> Bool {
        CharacterClasses.reference.of(scalar).contains(.whitespace)
    }
}
