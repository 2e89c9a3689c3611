/// Unicode's normalization form C, as the reference has it.
///
/// The tables are what the `tokenizers` library does, Unicode 9.0, and not Swift's own, which no
/// public interface gives outside Foundation. Normalization is stable for assigned characters, so
/// the two differ only for combining marks and composites added after 9.0 (98 marks, U+07FD
/// and U+0C3C among them, and U+11938), which stay where they are here.
struct CanonicalComposition: Sendable {
    static let reference = CanonicalComposition()

    private struct Entry {
        var combiningClass: UInt8 = 0
        /// 0 when there is none; a decomposition to one scalar has no second.
        var first: UInt32 = 0
        var second: UInt32 = 0
        /// NFC may change text with this scalar in it.
        var isSuspect = false
    }

    /// Entry 0 is that of all scalars not named in the tables.
    private var entries = [Entry()]
    private var pages = [UInt16](repeating: 0, count: 256)
    private var pageStart = [Int32](repeating: 0, count: 0x1100)
    private var composites: [UInt64: UInt32] = [:]

    private init() {
        for item in NormalizationTables.decompositions.utf8.split(whereSeparator: { $0 <= 0x20 }) {
            let excluded = item.first == UInt8(ascii: "!")
            let sides = item.dropFirst(excluded ? 1 : 0).split(separator: UInt8(ascii: "="))
            let scalar = HexadecimalTable.number(sides[0])
            let parts = sides[1].split(separator: UInt8(ascii: "+")).map(HexadecimalTable.number)
            let second = parts.count > 1 ? parts[1] : 0
            change(scalar) {
                ($0.first, $0.second) = (parts[0], second)
                $0.isSuspect = excluded || second == 0
            }
            if second != 0, !excluded {
                composites[UInt64(parts[0]) << 32 | UInt64(second)] = scalar
                change(second) { $0.isSuspect = true }
            }
        }
        for item in NormalizationTables.combiningClasses.utf8.split(whereSeparator: { $0 <= 0x20 })
        {
            let sides = item.split(separator: UInt8(ascii: ":"))
            let value = sides[0].reduce(0) { $0 * 10 + ($1 - UInt8(ascii: "0")) }
            for range in HexadecimalTable.ranges(sides[1]) {
                for scalar in range {
                    change(scalar) {
                        $0.combiningClass = value
                        $0.isSuspect = true
                    }
                }
            }
        }
    }

    private mutating func change(_ scalar: UInt32, _ body: (inout Entry) -> Void) {
        let page = Int(scalar >> 8)
        if pageStart[page] == 0 {
            pageStart[page] = Int32(pages.count)
            pages += [UInt16](repeating: 0, count: 256)
        }
        let place = Int(pageStart[page]) + Int(scalar & 0xFF)
        if pages[place] == 0 {
            pages[place] = UInt16(entries.count)
            entries.append(Entry())
        }
        body(&entries[Int(pages[place])])
    }

    private func entry(_ scalar: UInt32) -> Entry {
        guard scalar < 0x110000 else { return entries[0] }
        return entries[Int(pages[Int(pageStart[Int(scalar >> 8)]) + Int(scalar & 0xFF)])]
    }
}

// MARK: - Composing

extension CanonicalComposition {
    /// The composed text, or nil when the text is composed already.
    func composed(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        guard isSuspect(text) else { return nil }
        var scalars: [UInt32] = []
        scalars.reserveCapacity(text.count)
        var position = 0
        while position < text.count {
            let (scalar, length) = UTF8Decoding.scalar(text, position, text.count)
            decompose(scalar, into: &scalars)
            position += length
        }
        reorder(&scalars)
        compose(&scalars)
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        for scalar in scalars { UTF8Decoding.append(scalar, to: &result) }
        return result
    }

    private func isSuspect(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        var position = 0
        while position < text.count {
            // Nothing below U+0300 is.
            if text[position] < 0xCC {
                position += 1
                continue
            }
            let (scalar, length) = UTF8Decoding.scalar(text, position, text.count)
            if Hangul.isVowelOrTail(scalar) || entry(scalar).isSuspect { return true }
            position += length
        }
        return false
    }

    private func decompose(_ scalar: UInt32, into scalars: inout [UInt32]) {
        if scalar < 0xC0 {
            scalars.append(scalar)
        } else if Hangul.syllables.contains(scalar) {
            Hangul.decompose(scalar, into: &scalars)
        } else {
            let entry = entry(scalar)
            if entry.first == 0 { return scalars.append(scalar) }
            decompose(entry.first, into: &scalars)
            if entry.second != 0 { decompose(entry.second, into: &scalars) }
        }
    }

    /// Sorts every run of combining marks by class, equal classes in their order.
    private func reorder(_ scalars: inout [UInt32]) {
        var start = 0
        while start < scalars.count {
            guard entry(scalars[start]).combiningClass > 0 else {
                start += 1
                continue
            }
            var end = start
            var run: [(key: UInt64, scalar: UInt32)] = []
            while end < scalars.count, case let value = entry(scalars[end]).combiningClass,
                value > 0
            {
                run.append((UInt64(value) << 32 | UInt64(end - start), scalars[end]))
                end += 1
            }
            if run.count > 1 {
                run.sort { $0.key < $1.key }
                for (offset, item) in run.enumerated() { scalars[start + offset] = item.scalar }
            }
            start = end
        }
    }

    /// Joins each mark with the starter before it, unless a mark of its class or a higher one
    /// stands between.
    private func compose(_ scalars: inout [UInt32]) {
        var kept = 0
        var starter = -1
        var lastClass: UInt8 = 0
        for scalar in scalars {
            let value = entry(scalar).combiningClass
            let isAdjacent = starter == kept - 1
            if starter >= 0, isAdjacent || (lastClass < value && lastClass > 0),
                let composite = composite(scalars[starter], scalar)
            {
                scalars[starter] = composite
                continue
            }
            if value == 0 { starter = kept }
            lastClass = value
            scalars[kept] = scalar
            kept += 1
        }
        scalars.removeLast(scalars.count - kept)
    }

    private func composite(_ first: UInt32, _ second: UInt32) -> UInt32? {
        Hangul.composite(first, second) ?? composites[UInt64(first) << 32 | UInt64(second)]
    }
}

/// Hangul syllables are composed by arithmetic.
private enum Hangul {
    static let syllables: Range<UInt32> = 0xAC00..<0xD7A4
    private static let leads: Range<UInt32> = 0x1100..<0x1113
    private static let vowels: Range<UInt32> = 0x1161..<0x1176
    /// U+11A7 means "no tail".
    private static let tails: Range<UInt32> = 0x11A8..<0x11C3

    static func isVowelOrTail(_ scalar: UInt32) -> Bool {
        vowels.contains(scalar) || tails.contains(scalar)
    }

    static func decompose(_ syllable: UInt32, into scalars: inout [UInt32]) {
        let index = syllable - syllables.lowerBound
        scalars.append(leads.lowerBound + index / 588)
        scalars.append(vowels.lowerBound + index % 588 / 28)
        if index % 28 > 0 { scalars.append(tails.lowerBound - 1 + index % 28) }
    }

    static func composite(_ first: UInt32, _ second: UInt32) -> UInt32? {
        if leads.contains(first), vowels.contains(second) {
            let pair = (first - leads.lowerBound) * 21 + (second - vowels.lowerBound)
            return syllables.lowerBound + pair * 28
        }
        if syllables.contains(first), (first - syllables.lowerBound) % 28 == 0,
            tails.contains(second)
        {
            return first + (second - tails.lowerBound + 1)
        }
        return nil
    }
}
