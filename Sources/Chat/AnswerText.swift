/// The text of an answer as it comes, without the text that ends it.
///
/// What might be the beginning of the stop text is held back until it is known not to be.
package struct AnswerText: Sendable {
    private let stop: [UInt8]
    private var held: [UInt8] = []
    private var hasBegun: Bool
    package private(set) var isStopped = false

    /// - Parameters:
    ///   - stop: nil when only a token ends the answer.
    ///   - dropsLeadingSpace: whether whitespace before the first word is no part of it.
    package init(stop: String?, dropsLeadingSpace: Bool) {
        self.stop = Array((stop ?? "").utf8)
        hasBegun = !dropsLeadingSpace
    }

    /// The text that is certain now.
    package mutating func append(_ text: String) -> String {
        guard !isStopped else { return "" }
        held += text.utf8
        if !stop.isEmpty, let start = firstStop() {
            isStopped = true
            held.removeLast(held.count - start)
            return take(held.count)
        }
        // A cut inside of a character cannot happen: the stop text begins with a whole one.
        let open = (1..<max(stop.count, 1)).last { held.suffix($0).elementsEqual(stop.prefix($0)) }
        return take(held.count - min(open ?? 0, held.count))
    }

    /// What was held back, when nothing more comes.
    package mutating func finish() -> String { isStopped ? "" : take(held.count) }

    private func firstStop() -> Int? {
        guard held.count >= stop.count else { return nil }
        return (0...held.count - stop.count).first { held[$0...].starts(with: stop) }
    }

    private mutating func take(_ count: Int) -> String {
        var text = Substring(String(decoding: held[..<count], as: UTF8.self))
        held.removeFirst(count)
        if !hasBegun {
            text = text.drop { $0.isWhitespace }
            hasBegun = !text.isEmpty
        }
        return String(text)
    }
}
