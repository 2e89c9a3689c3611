/// What is done to text before added tokens are looked for a second time and words are cut.
struct Normalizer: Sendable, Hashable {
    enum Step: Sendable, Hashable {
        /// Composes (NFC).
        case compose
        /// Puts these bytes before text that is not empty.
        case prepend([UInt8])
        /// Replaces every occurrence of a text, which is not empty.
        case replace([UInt8], with: [UInt8])
    }

    var steps: [Step]

    init(_ steps: [Step] = []) { self.steps = steps }

    /// What SentencePiece writes for a space.
    static let visibleSpace: [UInt8] = [0xE2, 0x96, 0x81]
    static let spacesToVisible = Step.replace([UInt8(ascii: " ")], with: visibleSpace)

    /// The changed text, or nil when it is the same.
    func applied(to text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        var changed: [UInt8]?
        for step in steps {
            let next =
                changed?.withUnsafeBufferPointer { Self.apply(step, to: $0) }
                ?? (changed == nil ? Self.apply(step, to: text) : nil)
            if let next { changed = next }
        }
        return changed
    }

    func applied(to text: [UInt8]) -> [UInt8] {
        text.withUnsafeBufferPointer { applied(to: $0) } ?? text
    }

    private static func apply(_ step: Step, to text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        switch step {
        case .compose: CanonicalComposition.reference.composed(text)
        case .prepend(let bytes): text.isEmpty ? nil : bytes + text
        case .replace(let old, let new):
            old.count == 1
                ? replacing(old[0], new, in: text) : replacing(old, new, in: text)
        }
    }

    static func replacing(_ old: UInt8, _ new: [UInt8], in text: UnsafeBufferPointer<UInt8>)
        -> [UInt8]?
    {
        let count = text.count { $0 == old }
        guard count > 0 else { return nil }
        let size = text.count + count * (new.count - 1)
        return [UInt8](unsafeUninitializedCapacity: size) { result, filled in
            var place = 0
            for byte in text {
                if byte != old {
                    result[place] = byte
                    place += 1
                } else {
                    for new in new {
                        result[place] = new
                        place += 1
                    }
                }
            }
            filled = place
        }
    }

    private static func replacing(
        _ old: [UInt8], _ new: [UInt8], in text: UnsafeBufferPointer<UInt8>
    ) -> [UInt8]? {
        var result: [UInt8] = []
        var position = 0
        while position < text.count {
            if text[position] == old[0], text[position...].starts(with: old) {
                result += new
                position += old.count
            } else {
                result.append(text[position])
                position += 1
            }
        }
        return result
    }
}
