/// Finds special tokens in text: the leftmost, and of those that start there the longest.
struct SpecialTokenMatcher: Sendable {
    private struct Node {
        var byte: UInt8
        var token: Int32 = -1
        var firstChild: Int32 = -1
        var nextSibling: Int32 = -1
    }

    private var nodes = [Node(byte: 0)]
    /// The node of each possible first byte, -1 for none.
    private var starts = [Int32](repeating: -1, count: 256)

    struct Match {
        let range: Range<Int>
        let token: Int32
    }

    /// Of equal texts the first stays; an empty text is never found.
    mutating func insert(_ text: some Sequence<UInt8>, token: Int32) {
        var node = 0
        for byte in text {
            if let child = child(of: node, byte) {
                node = child
                continue
            }
            let new = nodes.count
            nodes.append(Node(byte: byte, nextSibling: nodes[node].firstChild))
            nodes[node].firstChild = Int32(new)
            if node == 0 { starts[Int(byte)] = Int32(new) }
            node = new
        }
        if node > 0, nodes[node].token < 0 { nodes[node].token = token }
    }

    /// The first match in `text[start..<end]`.
    func firstMatch(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int) -> Match? {
        guard nodes.count > 1 else { return nil }
        return starts.withUnsafeBufferPointer { starts in
            for position in start..<end where starts[Int(text[position])] >= 0 {
                if let match = longestMatch(text, position, end) { return match }
            }
            return nil
        }
    }

    private func longestMatch(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int)
        -> Match?
    {
        var best: Match?
        var node = Int(starts[Int(text[start])])
        var position = start + 1
        while true {
            if nodes[node].token >= 0 {
                best = Match(range: start..<position, token: nodes[node].token)
            }
            guard position < end, let next = child(of: node, text[position]) else { return best }
            node = next
            position += 1
        }
    }

    private func child(of node: Int, _ byte: UInt8) -> Int? {
        var child = Int(nodes[node].firstChild)
        while child >= 0 {
            if nodes[child].byte == byte { return child }
            child = Int(nodes[child].nextSibling)
        }
        return nil
    }
}
