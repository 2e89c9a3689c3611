/// A quick hash of a few bytes, for tables that live in this process only.
enum ByteHash {
    @inline(__always)
    static func of(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> UInt64 {
        let raw = UnsafeRawBufferPointer(bytes)
        var hash = 0x9E37_79B9_7F4A_7C15 ^ UInt64(truncatingIfNeeded: range.count)
        var position = range.lowerBound
        while range.upperBound - position >= 8 {
            hash = mixed(hash ^ raw.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            position += 8
        }
        var rest: UInt64 = 0
        while position < range.upperBound {
            rest = rest << 8 | UInt64(bytes[position])
            position += 1
        }
        return mixed(hash ^ rest)
    }

    @inline(__always)
    static func mixed(_ value: UInt64) -> UInt64 {
        let (high, low) = value.multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
        return high ^ low
    }

    /// Slots for `count` keys: a power of two, at most two thirds full.
    static func slotCount(for count: Int) -> Int {
        var slots = 16
        while slots < count + count / 2 { slots *= 2 }
        return slots
    }
}
