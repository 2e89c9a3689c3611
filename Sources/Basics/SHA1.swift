/// SHA-1 (FIPS 180-4), incremental; for what git and the model hub name by it, not for security.
///
///     SHA1.hex(Array("abc".utf8))  // a9993e36 4706816a ...
package struct SHA1: Sendable {
    private var state: [UInt32] = [
        0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0,
    ]
    private var pending: [UInt8] = []
    private var byteCount: UInt64 = 0

    package init() {}

    package static func hex(_ bytes: [UInt8]) -> String {
        var hash = SHA1()
        hash.update(bytes)
        return hash.hexDigest()
    }

    package mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        byteCount += UInt64(bytes.count)
        var rest = bytes[...]
        if !pending.isEmpty {
            let wanted = min(64 - pending.count, rest.count)
            pending.append(contentsOf: rest.prefix(wanted))
            rest = rest.dropFirst(wanted)
            guard pending.count == 64 else { return }
            pending.withUnsafeBytes { compress($0) }
            pending.removeAll(keepingCapacity: true)
        }
        let whole = rest.count / 64 * 64
        if whole > 0 { compress(UnsafeRawBufferPointer(rebasing: rest.prefix(whole))) }
        pending.append(contentsOf: rest.dropFirst(whole))
    }

    /// The digest of everything so far, as 40 lower-case hexadecimal digits.
    package func hexDigest() -> String {
        var copy = self
        var padding: [UInt8] = [0x80]
        let length = pending.count + 1
        padding += [UInt8](repeating: 0, count: (length <= 56 ? 56 : 120) - length)
        let bits = byteCount * 8
        padding += (0..<8).map { UInt8(truncatingIfNeeded: bits >> (56 - 8 * UInt64($0))) }
        copy.update(padding)
        let digits = Array("0123456789abcdef".utf8)
        let bytes = copy.state.flatMap { word in
            (0..<8).map { digits[Int(word >> (28 - 4 * UInt32($0)) & 15)] }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Compresses whole 64-byte blocks.
    private mutating func compress(_ blocks: UnsafeRawBufferPointer) {
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 80) { w in
            for start in stride(from: 0, to: blocks.count, by: 64) {
                for t in 0..<16 {
                    let word = blocks.loadUnaligned(fromByteOffset: start + 4 * t, as: UInt32.self)
                    w[t] = UInt32(bigEndian: word)
                }
                for t in 16..<80 {
                    w[t] = rotate(w[t &- 3] ^ w[t &- 8] ^ w[t &- 14] ^ w[t &- 16], 1)
                }
                var (a, b, c, d, e) = (state[0], state[1], state[2], state[3], state[4])
                for t in 0..<80 {
                    let mixed: UInt32
                    let constant: UInt32
                    switch t {
                    case ..<20: (mixed, constant) = ((b & c) ^ (~b & d), 0x5a82_7999)
                    case ..<40: (mixed, constant) = (b ^ c ^ d, 0x6ed9_eba1)
                    case ..<60: (mixed, constant) = ((b & c) ^ (b & d) ^ (c & d), 0x8f1b_bcdc)
                    default: (mixed, constant) = (b ^ c ^ d, 0xca62_c1d6)
                    }
                    let next = rotate(a, 5) &+ mixed &+ e &+ constant &+ w[t]
                    (a, b, c, d, e) = (next, a, rotate(b, 30), c, d)
                }
                for (index, value) in [a, b, c, d, e].enumerated() { state[index] &+= value }
            }
        }
    }
}

@inline(__always) private func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 {
    (word &<< count) | (word &>> (32 &- count))
}
