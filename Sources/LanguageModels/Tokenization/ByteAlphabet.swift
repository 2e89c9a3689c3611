/// How byte-level vocabularies spell bytes: every byte as one printable character.
///
/// 33...126, 161...172 and 174...255 stand for themselves; the other 68 bytes are U+0100... in
/// order, so that a space is `Ġ` and a newline `Ċ`.
enum ByteAlphabet {
    /// The character of each byte.
    static let scalars: [UInt32] = {
        var next: UInt32 = 0x100
        return (0...255).map { (byte: UInt32) in
            if (33...126).contains(byte) || (161...172).contains(byte) || (174...255).contains(byte)
            {
                return byte
            }
            defer { next += 1 }
            return next
        }
    }()

    /// The byte of each character below U+0144, -1 where there is none.
    private static let bytes: [Int16] = {
        var bytes = [Int16](repeating: -1, count: 0x144)
        for (byte, scalar) in scalars.enumerated() { bytes[Int(scalar)] = Int16(byte) }
        return bytes
    }()

    /// UTF-8 of each byte's character.
    static let spellings: [[UInt8]] = scalars.map { scalar in
        var spelling: [UInt8] = []
        UTF8Decoding.append(scalar, to: &spelling)
        return spelling
    }

    /// The bytes that a token's text spells; the text itself where it is not in this alphabet.
    static func decoded(_ text: ArraySlice<UInt8>) -> [UInt8] {
        let decoded = text.withUnsafeBufferPointer { (text) -> [UInt8]? in
            var result: [UInt8] = []
            result.reserveCapacity(text.count)
            var position = 0
            while position < text.count {
                let (scalar, length) = UTF8Decoding.scalar(text, position, text.count)
                guard scalar < 0x144, bytes[Int(scalar)] >= 0 else { return nil }
                result.append(UInt8(bytes[Int(scalar)]))
                position += length
            }
            return result
        }
        return decoded ?? Array(text)
    }
}
