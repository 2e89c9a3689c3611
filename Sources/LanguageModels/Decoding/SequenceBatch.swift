import Tensors

/// Several sequences computed together, which may share a beginning.
///
/// Rows of all of them go through the model in one pass, so weights are read once a step, and a
/// shared beginning is computed and cached once. What a sequence gets is, bit for bit, what it
/// would get alone. Not for use from several threads at once.
package final class SequenceBatch {
    /// Names a sequence of this batch.
    package struct ID: Hashable, Sendable { fileprivate let index: Int }

    /// Tokens to feed to one sequence.
    package struct Extension: Sendable {
        package var sequence: ID
        package var tokens: [Int32]
        /// How many of the last tokens' logits are wanted.
        package var outputs: Int

        package init(_ sequence: ID, _ tokens: [Int32], outputs: Int) {
            self.sequence = sequence
            self.tokens = tokens
            self.outputs = outputs
        }
    }

    private struct Sequence {
        var tokens: [Int32] = []
        /// Cache slots in logical order.
        var spans: [Range<Int>] = []
        /// Those that hold its positions, shared ones included.
        var pages: [Int] = []
    }

    /// A wanted output: the pass has them in the same order.
    private struct Wanted {
        var part: Int
        var index: Int
    }

    /// Slots are given out in pages, from a page's first slot on and at most to where the next
    /// page of positions begins, so that kernels read keys and values where they are.
    private static let page = 128
    /// Rows of logits held at a time.
    private static let logitRows = 32

    package let model: LanguageModel
    private let cache: any DeviceCache
    private let workspace: Workspace
    private let selected: any DeviceBuffer
    private let logits: any DeviceBuffer
    private let isPrecise: Bool
    private var sequences: [Sequence] = []
    /// Places of sequences that have ended.
    private var freePlaces: [Int] = []
    /// How many sequences hold each page.
    private var holders: [Int]
    private var freePages: [Int]
    private var pass = Pass()
    private var wanted: [Wanted] = []

    /// Slots that hold `count` sequences of at most `length` positions of their own each, after a
    /// shared beginning of `prefix` positions.
    package static func capacity(prefix: Int = 0, count: Int, length: Int) -> Int {
        func pages(_ positions: Int) -> Int { (positions + page - 1) / page }
        // A sequence's first own page may go on where a shared one ends, and hold fewer.
        return page * (pages(prefix) + count * (pages(length) + (prefix > 0 ? 1 : 0)))
    }

    /// - Parameters:
    ///   - capacity: slots; see `capacity(prefix:count:length:)`.
    ///   - positions: of the longest sequence.
    ///   - isPrecise: whether the output layer does not round what it reads, which takes longer.
    package init(
        model: LanguageModel, capacity: Int, positions: Int, cacheFormat: CacheFormat,
        isPrecise: Bool = false
    ) {
        self.model = model
        self.isPrecise = isPrecise
        let pages = (capacity + Self.page - 1) / Self.page
        let shape = model.shape
        cache = model.backend.makeCache(
            CacheShape(
                layers: shape.layers, heads: shape.keyValueHeads, headSize: shape.headSize,
                capacity: pages * Self.page, format: cacheFormat))
        workspace = model.architecture.makeWorkspace(
            rows: DecodingSession.passRows, capacity: positions)
        selected = model.backend.makeBuffer(rows: Self.logitRows, width: shape.width)
        logits = model.backend.makeBuffer(rows: Self.logitRows, width: shape.vocabulary)
        holders = Array(repeating: 0, count: pages)
        freePages = Array((0..<pages).reversed())
    }

    // MARK: Sequences

    /// A sequence without tokens.
    package func makeSequence() -> ID { add(Sequence()) }

    /// A sequence that begins with the first `count` tokens of another and shares their cache.
    package func fork(_ id: ID, keeping count: Int? = nil) -> ID {
        var copy = sequences[id.index]
        for page in copy.pages { holders[page] += 1 }
        cut(&copy, to: count ?? copy.tokens.count)
        return add(copy)
    }

    /// Forgets everything from position `count` on.
    package func truncate(_ id: ID, to count: Int) { cut(&sequences[id.index], to: count) }

    /// Ends a sequence and gives its slots back; its name must not be used again.
    package func remove(_ id: ID) {
        for page in sequences[id.index].pages { release(page) }
        sequences[id.index] = Sequence()
        freePlaces.append(id.index)
    }

    package func tokens(of id: ID) -> [Int32] { sequences[id.index].tokens }

    private func add(_ sequence: Sequence) -> ID {
        if let place = freePlaces.popLast() {
            sequences[place] = sequence
            return ID(index: place)
        }
        sequences.append(sequence)
        return ID(index: sequences.count - 1)
    }

    private func cut(_ sequence: inout Sequence, to count: Int) {
        precondition(count <= sequence.tokens.count, "cannot keep tokens that were never there")
        sequence.tokens.removeLast(sequence.tokens.count - count)
        var rest = count
        var kept: [Range<Int>] = []
        for span in sequence.spans where rest > 0 {
            kept.append(span.lowerBound..<span.lowerBound + min(span.count, rest))
            rest -= min(span.count, rest)
        }
        sequence.spans = kept
        sequence.pages.removeAll { page in
            let slots = page * Self.page..<(page + 1) * Self.page
            let isUnused = !kept.contains { $0.overlaps(slots) }
            if isUnused { release(page) }
            return isUnused
        }
    }

    private func release(_ page: Int) {
        holders[page] -= 1
        if holders[page] == 0 { freePages.append(page) }
    }

    /// Slots for `count` more positions.
    private func grow(_ sequence: inout Sequence, by count: Int) {
        var rest = count
        var position = sequence.spans.reduce(0) { $0 + $1.count }
        while rest > 0 {
            let place = position % Self.page
            let taken = min(rest, Self.page - place)
            // A page that others hold too is continued beside it.
            if place > 0, let last = sequence.pages.last, holders[last] == 1 {
                let span = sequence.spans.removeLast()
                sequence.spans.append(span.lowerBound..<span.upperBound + taken)
            } else {
                guard let page = freePages.popLast() else {
                    preconditionFailure("more positions than the batch was made for")
                }
                holders[page] = 1
                sequence.pages.append(page)
                let first = page * Self.page
                sequence.spans.append(first..<first + taken)
            }
            position += taken
            rest -= taken
        }
    }

    // MARK: Passes

    /// Feeds tokens to several sequences, packed into as few passes as they fit in, and hands over
    /// the logits [V] that are wanted.
    ///
    /// - Parameter parts: each sequence at most once.
    /// - Parameter visit: called once a wanted output, parts in order, tokens in order, with the
    ///   part's place and the token's index in it; the buffer is valid during the call.
    package func append(
        _ parts: [Extension],
        visit: (_ part: Int, _ index: Int, _ logits: UnsafeBufferPointer<Float>) -> Void
    ) {
        pass.removeAll()
        wanted.removeAll(keepingCapacity: true)
        for (place, part) in parts.enumerated() {
            precondition(
                part.tokens.allSatisfy { $0 >= 0 && Int($0) < model.shape.vocabulary },
                "token ids come from the model's own vocabulary")
            var start = 0
            while start < part.tokens.count {
                if pass.rowCount == DecodingSession.passRows { run(visit) }
                let count = min(
                    part.tokens.count - start, DecodingSession.passRows - pass.rowCount)
                let fed = part.tokens[start..<start + count]
                grow(&sequences[part.sequence.index], by: count)
                sequences[part.sequence.index].tokens += fed
                let outputs = (part.tokens.count - part.outputs..<part.tokens.count)
                    .clamped(to: fed.indices)
                for index in outputs { wanted.append(Wanted(part: place, index: index)) }
                pass.append(
                    fed, spans: sequences[part.sequence.index].spans, outputs: outputs)
                start += count
            }
        }
        if pass.rowCount > 0 { run(visit) }
    }

    private func run(_ visit: (Int, Int, UnsafeBufferPointer<Float>) -> Void) {
        let hidden = model.run(pass, cache: cache, workspace: workspace)
        for first in stride(from: 0, to: wanted.count, by: Self.logitRows) {
            let count = min(Self.logitRows, wanted.count - first)
            for index in 0..<count {
                model.backend.copyRow(first + index, of: hidden, to: index, of: selected)
            }
            project(count)
            for index in 0..<count {
                let output = wanted[first + index]
                let position = Int(pass.positions[pass.outputs[first + index]])
                model.backend.withRow(index, of: logits) { logits in
                    model.readable(logits, position: position) {
                        visit(output.part, output.index, $0)
                    }
                }
            }
        }
        pass.removeAll()
        wanted.removeAll(keepingCapacity: true)
    }

    private func project(_ count: Int) {
        let (backend, head) = (model.backend, model.architecture.head)
        if isPrecise {
            backend.multiplyPrecisely(head, selected, into: logits, rows: count)
        } else {
            backend.multiply(head, selected, into: logits, rows: count)
        }
    }
}
