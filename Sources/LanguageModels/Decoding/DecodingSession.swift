import Tensors

/// A sequence in progress: the tokens so far and the cached keys and values of each.
///
/// Not for use from several threads at once.
package final class DecodingSession {
    package let model: LanguageModel
    /// The tokens that the cache holds.
    package private(set) var tokens: [Int32] = []
    package let capacity: Int
    package let cacheFormat: CacheFormat

    private let cache: any DeviceCache
    private let workspace: Workspace
    private let selected: any DeviceBuffer
    private let logits: any DeviceBuffer
    private let draftHead: DraftHead?
    private var pass = Pass()

    /// Rows of one pass; llama.cpp's default micro-batch.
    package static let passRows = 512
    /// Rows of logits held at a time.
    private static let logitRows = 16

    /// - Parameters:
    ///   - capacity: positions that will be needed, at least 1.
    ///   - draftHead: gives the logits in place of the model's output layer.
    init(
        model: LanguageModel, capacity: Int, cacheFormat: CacheFormat, draftHead: DraftHead? = nil
    ) {
        self.draftHead = draftHead
        self.model = model
        self.capacity = capacity
        self.cacheFormat = cacheFormat
        let shape = model.shape
        cache = model.backend.makeCache(
            CacheShape(
                layers: shape.layers, heads: shape.keyValueHeads, headSize: shape.headSize,
                capacity: capacity, format: cacheFormat))
        workspace = model.architecture.makeWorkspace(
            rows: min(Self.passRows, capacity), capacity: capacity)
        selected = model.backend.makeBuffer(rows: Self.logitRows, width: shape.width)
        logits = model.backend.makeBuffer(rows: Self.logitRows, width: shape.vocabulary)
    }

    /// Keys and values of one position in all layers.
    package var cacheBytesPerToken: Int { cache.shape.bytesPerToken }

    /// Forgets everything from position `count` on.
    package func truncate(to count: Int) {
        precondition(count <= tokens.count, "cannot keep tokens that were never there")
        tokens.removeLast(tokens.count - count)
    }

    /// Feeds tokens and computes no logits.
    package func append(_ added: [Int32]) { append(added, outputs: 0..<0) { _, _ in } }

    /// Feeds tokens and hands over the logits [V] of those at `outputs`.
    ///
    /// - Parameter outputs: indices into `added`.
    /// - Parameter visit: called once an output, in order; the buffer is valid during the call.
    package func append(
        _ added: [Int32], outputs: Range<Int>,
        visit: (_ index: Int, _ logits: UnsafeBufferPointer<Float>) -> Void
    ) {
        precondition(tokens.count + added.count <= capacity, "the cache is full")
        precondition(
            added.allSatisfy { $0 >= 0 && Int($0) < model.shape.vocabulary },
            "token ids come from the model's own vocabulary")
        for start in stride(from: 0, to: added.count, by: Self.passRows) {
            let fed = added[start..<min(start + Self.passRows, added.count)]
            pass.removeAll()
            let wanted = outputs.clamped(to: fed.indices)
            pass.append(fed, spans: [0..<tokens.count + fed.count], outputs: wanted)
            let hidden = model.run(pass, cache: cache, workspace: workspace)
            tokens += fed
            for first in stride(from: wanted.lowerBound, to: wanted.upperBound, by: Self.logitRows)
            {
                let count = min(Self.logitRows, wanted.upperBound - first)
                project(hidden, first: first - wanted.lowerBound, count: count)
                for row in 0..<count {
                    let position = tokens.count - fed.endIndex + first + row
                    withLogits(row) { logits in
                        model.readable(logits, position: position) { visit(first + row, $0) }
                    }
                }
            }
        }
    }

    private func project(_ hidden: any DeviceBuffer, first: Int, count: Int) {
        for row in 0..<count {
            model.backend.copyRow(first + row, of: hidden, to: row, of: selected)
        }
        if draftHead != nil { return }
        model.backend.multiply(model.architecture.head, selected, into: logits, rows: count)
    }

    /// The logits of a row that `project` has selected.
    private func withLogits(_ row: Int, _ body: (UnsafeBufferPointer<Float>) -> Void) {
        if let draftHead { return draftHead.withLogits(of: row, in: selected, body) }
        model.backend.withRow(row, of: logits, body)
    }
}
