/// A key as the line editor knows it.
package enum Key: Hashable, Sendable {
    case text(Unicode.Scalar)
    case enter, tab, escape
    case left, right, up, down, home, end, wordLeft, wordRight
    case backspace, delete
    case killToEnd, killToStart, killWord
    case clearScreen, interrupt, endOfInput, suspend
    /// Between these two the terminal sends what was pasted.
    case pasteBegin, pasteEnd
    /// A key without a meaning here.
    case unknown
}

/// Makes keys of the bytes that a terminal sends, whole or in pieces.
package struct KeyDecoder: Sendable {
    private var pending: [UInt8] = []

    /// Longer sequences of a terminal mean nothing to us.
    private static let longestSequence = 32

    package init() {}

    /// The bytes so far are the beginning of something: an escape sequence or a character.
    package var isWaiting: Bool { !pending.isEmpty }

    package mutating func keys(of bytes: some Sequence<UInt8>) -> [Key] {
        pending += bytes
        var keys: [Key] = []
        while let (key, length) = Self.first(of: pending) {
            pending.removeFirst(length)
            keys.append(key)
        }
        return keys
    }

    /// Nothing more came: an escape byte was the escape key.
    package mutating func flush() -> [Key] {
        defer { pending.removeAll() }
        return pending.isEmpty ? [] : [pending == [0x1B] ? .escape : .unknown]
    }

    private static func first(of bytes: [UInt8]) -> (key: Key, length: Int)? {
        guard let byte = bytes.first else { return nil }
        if byte == 0x1B { return escapeSequence(bytes) }
        if byte < 0x20 || byte == 0x7F { return (control(byte), 1) }
        return character(bytes)
    }

    private static func control(_ byte: UInt8) -> Key {
        switch byte {
        case 0x01: .home  // ^A
        case 0x02: .left  // ^B
        case 0x03: .interrupt  // ^C
        case 0x04: .endOfInput  // ^D
        case 0x05: .end  // ^E
        case 0x06: .right  // ^F
        case 0x08, 0x7F: .backspace  // ^H and the key itself
        case 0x09: .tab
        case 0x0A, 0x0D: .enter
        case 0x0B: .killToEnd  // ^K
        case 0x0C: .clearScreen  // ^L
        case 0x0E: .down  // ^N
        case 0x10: .up  // ^P
        case 0x15: .killToStart  // ^U
        case 0x17: .killWord  // ^W
        case 0x1A: .suspend  // ^Z
        default: .unknown
        }
    }

    private static func character(_ bytes: [UInt8]) -> (key: Key, length: Int)? {
        let length =
            switch bytes[0] {
            case ..<0x80: 1
            case 0xC2...0xDF: 2
            case 0xE0...0xEF: 3
            case 0xF0...0xF4: 4
            default: 0
            }
        let rest = bytes.dropFirst().prefix(max(length - 1, 0))
        guard length > 0, rest.allSatisfy({ $0 & 0xC0 == 0x80 }) else {
            return (.text("\u{FFFD}"), 1)
        }
        guard bytes.count >= length else { return nil }
        let text = String(decoding: bytes.prefix(length), as: UTF8.self)
        return (.text(text.unicodeScalars.first ?? "\u{FFFD}"), length)
    }

    /// `ESC [ parameters letter`, `ESC O letter` or `ESC key`.
    private static func escapeSequence(_ bytes: [UInt8]) -> (key: Key, length: Int)? {
        guard bytes.count >= 2 else { return nil }
        switch bytes[1] {
        case UInt8(ascii: "["):
            guard let end = bytes.dropFirst(2).firstIndex(where: { (0x40...0x7E).contains($0) })
            else { return bytes.count > longestSequence ? (.unknown, bytes.count) : nil }
            let parameters = String(decoding: bytes[2..<end], as: UTF8.self)
            return (sequence(parameters, bytes[end]), end + 1)
        case UInt8(ascii: "O"):
            guard bytes.count >= 3 else { return nil }
            return (sequence("", bytes[2]), 3)
        case UInt8(ascii: "b"): return (.wordLeft, 2)
        case UInt8(ascii: "f"): return (.wordRight, 2)
        case 0x7F, 0x08: return (.killWord, 2)
        case 0x1B: return (.escape, 1)
        default: return (.unknown, 2)
        }
    }

    private static func sequence(_ parameters: String, _ letter: UInt8) -> Key {
        // The second parameter says which other keys are held down.
        let isPlain = !parameters.contains(";")
        switch letter {
        case UInt8(ascii: "A"): return .up
        case UInt8(ascii: "B"): return .down
        case UInt8(ascii: "C"): return isPlain ? .right : .wordRight
        case UInt8(ascii: "D"): return isPlain ? .left : .wordLeft
        case UInt8(ascii: "H"): return .home
        case UInt8(ascii: "F"): return .end
        case UInt8(ascii: "~"):
            switch parameters {
            case "1", "7": return .home
            case "4", "8": return .end
            case "3": return .delete
            case "200": return .pasteBegin
            case "201": return .pasteEnd
            default: return .unknown
            }
        default: return .unknown
        }
    }
}
