/// Cuts text into the words that are merged separately.
///
/// Each rule is a regular expression of the reference, written out by hand: one pass over the
/// bytes, no backtracking. What is not UTF-8 counts as a scalar that is neither letter, number nor
/// whitespace.
struct WordScanner: Sendable {
    enum Rule: Sendable, Hashable {
        /// The text as it is.
        case whole
        /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
        ///
        /// With `isolatingDigits`, digits are cut off one by one before that, and the expression
        /// sees the text between them only.
        case gpt2(isolatingDigits: Bool)
        /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,n}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
        case llama3(longestNumber: Int)

        /// For records.
        var name: String {
            switch self {
            case .whole: "whole text"
            case .gpt2(let isolatingDigits): isolatingDigits ? "gpt-2, single digits" : "gpt-2"
            case .llama3(let longest): "llama-3, numbers of \(longest)"
            }
        }
    }

    private let rule: Rule
    private let classes = CharacterClasses.reference

    init(_ rule: Rule) { self.rule = rule }

    /// Where the word that starts at `start` ends; `start` is before `end`, where the text ends.
    @inline(__always)
    func wordEnd(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int) -> Int {
        switch rule {
        case .whole: end
        case .gpt2(let isolatingDigits): gpt2(text, start, end, isolatingDigits)
        case .llama3(let longestNumber): llama3(text, start, end, longestNumber)
        }
    }

    // MARK: Rules

    private func gpt2(
        _ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int, _ isolatingDigits: Bool
    ) -> Int {
        let (first, length) = read(text, start, end)
        let next = start + length
        // A digit ends the text for the expression's purposes.
        let wall: CharacterClass = isolatingDigits ? .digit : []
        if !first.isDisjoint(with: wall) { return next }
        if text[start] == UInt8(ascii: "'"),
            let end = contraction(text, start, end, anyCase: false)
        {
            return end
        }
        if first.isDisjoint(with: .whitespace) {
            return runEnd(text, next, end, of: first.intersection(.named), wall)
        }
        if text[start] == UInt8(ascii: " "), next < end {
            let (second, secondLength) = read(text, next, end)
            if second.isDisjoint(with: wall), second.isDisjoint(with: .whitespace) {
                return runEnd(
                    text, next + secondLength, end, of: second.intersection(.named), wall)
            }
        }
        let run = whitespaceRun(text, start, end)
        if run.end < end, read(text, run.end, end).value.isDisjoint(with: wall) {
            return run.last > start ? run.last : run.end
        }
        return run.end
    }

    private func llama3(
        _ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int, _ longestNumber: Int
    ) -> Int {
        let (first, length) = read(text, start, end)
        let next = start + length
        if first.contains(.letter) { return runEnd(text, next, end, of: .letter, []) }
        if first.contains(.number) {
            return runEnd(text, next, end, of: .number, [], atMost: longestNumber - 1)
        }
        if text[start] == UInt8(ascii: "'"), let end = contraction(text, start, end, anyCase: true)
        {
            return end
        }
        let (second, secondLength): (CharacterClass, Int) =
            next < end ? read(text, next, end) : (.whitespace, 0)
        if second.contains(.letter), !first.contains(.newline) {
            return runEnd(text, next + secondLength, end, of: .letter, [])
        }
        if !first.contains(.whitespace) {
            return newlinesEnd(text, runEnd(text, next, end, of: [], []), end)
        }
        if text[start] == UInt8(ascii: " "), second.isDisjoint(with: .named) {
            return newlinesEnd(text, runEnd(text, next + secondLength, end, of: [], []), end)
        }
        let run = whitespaceRun(text, start, end)
        if let newline = run.afterNewline { return newline }
        return run.end < end && run.last > start ? run.last : run.end
    }

    // MARK: Parts

    @inline(__always)
    private func read(_ text: UnsafeBufferPointer<UInt8>, _ position: Int, _ end: Int)
        -> (value: CharacterClass, length: Int)
    {
        let byte = text[position]
        if byte < 0x80 { return (classes.ascii(byte), 1) }
        let (scalar, length) = UTF8Decoding.scalar(text, position, end)
        return (classes.of(scalar), length)
    }

    /// End of the scalars of one class ([] for "other"), which a member of `wall` ends too.
    @inline(__always)
    private func runEnd(
        _ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int, of wanted: CharacterClass,
        _ wall: CharacterClass, atMost limit: Int = .max
    ) -> Int {
        var position = start
        var left = limit
        while position < end, left > 0 {
            let (value, length) = read(text, position, end)
            guard value.intersection(.named) == wanted, value.isDisjoint(with: wall) else { break }
            position += length
            left -= 1
        }
        return position
    }

    /// The whitespace from `start` on: its end, where its last scalar starts, and where the last
    /// newline in it ends.
    private func whitespaceRun(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int)
        -> (end: Int, last: Int, afterNewline: Int?)
    {
        var position = start
        var last = start
        var afterNewline: Int?
        while position < end {
            let (value, length) = read(text, position, end)
            guard value.contains(.whitespace) else { break }
            last = position
            position += length
            if value.contains(.newline) { afterNewline = position }
        }
        return (position, last, afterNewline)
    }

    @inline(__always)
    private func newlinesEnd(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int) -> Int {
        var position = start
        while position < end, classes.ascii(text[position] & 0x7F).contains(.newline),
            text[position] < 0x80
        {
            position += 1
        }
        return position
    }

    /// End of `'s`, `'t`, `'re`, `'ve`, `'m`, `'ll` or `'d`, if one starts here.
    ///
    /// Without regard to case, U+017F (long s) is an `s` too, as full case folding has it; no other
    /// scalar folds to one of these letters.
    private func contraction(
        _ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int, anyCase: Bool
    ) -> Int? {
        func letter(_ offset: Int) -> UInt8 {
            guard start + offset < end else { return 0 }
            let byte = text[start + offset]
            return anyCase && (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
        }
        switch (letter(1), letter(2)) {
        case (UInt8(ascii: "s"), _), (UInt8(ascii: "t"), _), (UInt8(ascii: "m"), _),
            (UInt8(ascii: "d"), _):
            return start + 2
        case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")),
            (UInt8(ascii: "l"), UInt8(ascii: "l")):
            return start + 3
        case (0xC5, 0xBF): return anyCase ? start + 3 : nil
        default: return nil
        }
    }
}
