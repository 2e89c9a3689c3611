/// Reads UTF-8 that may be anything.
enum UTF8Decoding {
    /// Stands for byte `b` where the bytes are not UTF-8: `notUTF8 + b`, above every scalar.
    static let notUTF8: UInt32 = 0x110000

    /// The scalar at `position`, which is before `end`, and its length in bytes.
    ///
    /// What is not UTF-8 (a stray or missing continuation, an overlong form, a surrogate) is taken
    /// byte by byte, so that no byte is lost.
    @inline(__always)
    static func scalar(_ text: UnsafeBufferPointer<UInt8>, _ position: Int, _ end: Int)
        -> (value: UInt32, length: Int)
    {
        let first = text[position]
        if first < 0x80 { return (UInt32(first), 1) }
        return longScalar(text, position, end, first)
    }

    private static func longScalar(
        _ text: UnsafeBufferPointer<UInt8>, _ position: Int, _ end: Int, _ first: UInt8
    ) -> (value: UInt32, length: Int) {
        let invalid = (notUTF8 + UInt32(first), 1)
        let length = self.length(first)
        guard length > 1, length <= end - position else { return invalid }
        let second = text[position + 1]
        guard secondBytes(after: first).contains(second) else { return invalid }
        var value = UInt32(first & (0x7F >> UInt8(length))) << 6 | UInt32(second & 0x3F)
        for offset in 2..<max(length, 2) {
            let next = text[position + offset]
            guard next & 0xC0 == 0x80 else { return invalid }
            value = value << 6 | UInt32(next & 0x3F)
        }
        return (value, length)
    }

    /// Bytes of the scalar that starts with `first`, 1 where none does.
    static func length(_ first: UInt8) -> Int {
        switch first {
        case 0xC2...0xDF: 2
        case 0xE0...0xEF: 3
        case 0xF0...0xF4: 4
        default: 1
        }
    }

    /// What may follow a first byte: narrower where the rest would be overlong, a surrogate or too
    /// large.
    private static func secondBytes(after first: UInt8) -> ClosedRange<UInt8> {
        switch first {
        case 0xE0: 0xA0...0xBF
        case 0xED: 0x80...0x9F
        case 0xF0: 0x90...0xBF
        case 0xF4: 0x80...0x8F
        default: 0x80...0xBF
        }
    }

    /// Bytes at the end that may become a scalar when more arrive: 0 to 3.
    static func incompleteSuffix(_ bytes: some BidirectionalCollection<UInt8>) -> Int {
        var tail: [UInt8] = []
        for byte in bytes.suffix(3).reversed() {
            tail.insert(byte, at: 0)
            guard byte & 0xC0 == 0x80 else { break }
        }
        guard let first = tail.first, length(first) > tail.count else { return 0 }
        if tail.count > 1, !secondBytes(after: first).contains(tail[1]) { return 0 }
        return tail.count
    }

    /// Appends a scalar, or the byte that it stands for.
    static func append(_ scalar: UInt32, to bytes: inout [UInt8]) {
        switch scalar {
        case ..<0x80: bytes.append(UInt8(scalar))
        case ..<0x800:
            bytes.append(UInt8(0xC0 | scalar >> 6))
            bytes.append(UInt8(0x80 | scalar & 0x3F))
        case ..<0x10000:
            bytes.append(UInt8(0xE0 | scalar >> 12))
            bytes.append(UInt8(0x80 | scalar >> 6 & 0x3F))
            bytes.append(UInt8(0x80 | scalar & 0x3F))
        case ..<notUTF8:
            bytes.append(UInt8(0xF0 | scalar >> 18))
            bytes.append(UInt8(0x80 | scalar >> 12 & 0x3F))
            bytes.append(UInt8(0x80 | scalar >> 6 & 0x3F))
            bytes.append(UInt8(0x80 | scalar & 0x3F))
        default: bytes.append(UInt8(truncatingIfNeeded: scalar))
        }
    }
}

extension UTF8Decoding {
    /// Where the scalar that ends at `end` begins, not before `start`; nil when nothing is there.
    static func scalarStart(_ text: UnsafeBufferPointer<UInt8>, before end: Int, _ start: Int)
        -> Int?
    {
        guard end > start else { return nil }
        var position = end - 1
        while position > start, end - position < 4, text[position] & 0xC0 == 0x80 { position -= 1 }
        return position + scalar(text, position, end).length == end ? position : end - 1
    }
}
