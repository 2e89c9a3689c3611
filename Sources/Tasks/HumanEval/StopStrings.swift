/// Finds where a growing text ends, also where a stop string comes in pieces.
///
///     var stops = StopStrings(["\ndef", "\nclass"])
///     stops.append("    return 1\nde")     // "    return 1"; "\nde" may become a stop
///     stops.append("f f():")               // "", and isStopped
///
/// Works on bytes, so that a piece may end within a character.
package struct StopStrings: Sendable {
    private let stops: [[UInt8]]
    private var held: [UInt8] = []
    package private(set) var isStopped = false

    package init(_ stops: [String]) {
        precondition(stops.allSatisfy { !$0.isEmpty })
        self.stops = stops.map { Array($0.utf8) }
    }

    /// Takes the next piece and returns what certainly belongs to the text.
    package mutating func append(_ piece: some Sequence<UInt8>) -> [UInt8] {
        guard !isStopped else { return [] }
        held += piece
        if let end = Self.firstStop(in: held, stops) {
            isStopped = true
            let text = Array(held[..<end])
            held = []
            return text
        }
        let kept = stops.map { overlap(with: $0) }.max() ?? 0
        let text = Array(held.dropLast(kept))
        held.removeFirst(text.count)
        return text
    }

    package mutating func append(_ piece: String) -> String {
        String(decoding: append(piece.utf8), as: UTF8.self)
    }

    /// The rest, when nothing follows any more.
    package mutating func finish() -> [UInt8] {
        defer { held = [] }
        return held
    }

    /// A whole text, cut at the first of the stops.
    ///
    /// The harness cuts at one stop after another; the result is the same, because each cut leaves
    /// a beginning of the text.
    package static func truncated(_ text: String, at stops: [String]) -> String {
        let bytes = Array(text.utf8)
        let end = firstStop(in: bytes, stops.map { Array($0.utf8) }) ?? bytes.count
        return String(decoding: bytes[..<end], as: UTF8.self)
    }

    private static func firstStop(in bytes: [UInt8], _ stops: [[UInt8]]) -> Int? {
        stops.compactMap { bytes.firstRange(of: $0)?.lowerBound }.min()
    }

    /// How many bytes at the end of what is held are the beginning of a stop.
    private func overlap(with stop: [UInt8]) -> Int {
        let most = min(stop.count - 1, held.count)
        return (0...most).reversed().first { held.suffix($0).elementsEqual(stop.prefix($0)) } ?? 0
    }
}
