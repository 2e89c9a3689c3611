import Tensors

/// Continues several prompts, several samples of each, in steps that they share.
///
/// A prompt is computed once, and all its samples go on from its cached keys and values. When a
/// sample ends, the next one takes its place. What a sample becomes depends on its prompt and its
/// sampling options (the seed among them) alone: it is token for token what `TokenGenerator` gives,
/// whatever is generated beside it.
package final class BatchGenerator {
    /// A prompt and how each of its samples is drawn.
    package struct Prompt: Sendable {
        /// At least one token.
        package var tokens: [Int32]
        package var samples: [SamplingOptions]

        package init(tokens: [Int32], samples: [SamplingOptions]) {
            precondition(!tokens.isEmpty, "a prompt has at least one token")
            self.tokens = tokens
            self.samples = samples
        }
    }

    /// Names a sample: its prompt's place in the list, and its own place among the prompt's.
    package struct SampleID: Hashable, Sendable {
        package let prompt: Int
        package let sample: Int

        package init(prompt: Int, sample: Int) {
            self.prompt = prompt
            self.sample = sample
        }
    }

    private struct Lane {
        let id: SampleID
        let sequence: SequenceBatch.ID
        var sampler: Sampler
        var token: Int32
        var count: Int
    }

    /// A prompt whose samples are being started.
    private struct Opening {
        let index: Int
        let sequence: SequenceBatch.ID
        /// After the prompt's last token, [V].
        var logits: [Float]
        var started = 0
    }

    private let batch: SequenceBatch
    private let width: Int
    private let positions: Int
    private var lanes: [Lane] = []
    private var parts: [SequenceBatch.Extension] = []

    /// - Parameters:
    ///   - width: samples in progress at a time, at most.
    ///   - positions: tokens of the longest prompt and what is generated after it.
    package init(model: LanguageModel, width: Int, positions: Int, cacheFormat: CacheFormat) {
        precondition(width > 0 && positions > 0)
        self.width = width
        self.positions = positions
        // Each sample may hold a beginning that no other shares any more, and one is being opened.
        batch = SequenceBatch(
            model: model,
            capacity: SequenceBatch.capacity(prefix: 1, count: width + 1, length: positions),
            positions: positions, cacheFormat: cacheFormat)
    }

    /// Generates at most `limit` tokens of every sample.
    ///
    /// A sample ends after a token of `stop`, which is handed over too, when `visit` returns
    /// false, or at the limit. Prompts are begun in order, and so are the samples of each.
    ///
    /// - Parameters:
    ///   - visit: called with each token.
    ///   - ended: called once for every sample, after its last token.
    package func generate(
        _ prompts: [Prompt], limit: Int, stop: Set<Int32>,
        visit: (SampleID, Int32) throws -> Bool, ended: (SampleID) throws -> Void
    ) rethrows {
        precondition(limit > 0)
        var waiting = prompts.indices.filter { !prompts[$0].samples.isEmpty }[...]
        var opening: Opening?
        defer {
            // Only what an error has left.
            if let opening { batch.remove(opening.sequence) }
            for lane in lanes { batch.remove(lane.sequence) }
            lanes = []
        }
        func goesOn(_ lane: Lane) throws -> Bool {
            let isWanted = try visit(lane.id, lane.token)
            if isWanted, !stop.contains(lane.token), lane.count < limit { return true }
            try ended(lane.id)
            return false
        }
        while true {
            while lanes.count < width {
                if opening == nil, let next = waiting.popFirst() {
                    opening = open(prompts[next], at: next, limit: limit)
                }
                guard let lane = nextLane(&opening, of: prompts) else { break }
                lanes.append(lane)
                if try !goesOn(lane) { batch.remove(lanes.removeLast().sequence) }
            }
            if lanes.isEmpty { return }
            step()
            for place in lanes.indices.reversed() where try !goesOn(lanes[place]) {
                batch.remove(lanes.remove(at: place).sequence)
            }
        }
    }

    private func open(_ prompt: Prompt, at index: Int, limit: Int) -> Opening {
        precondition(
            prompt.tokens.count + limit - 1 <= positions, "more positions than were asked for")
        let sequence = batch.makeSequence()
        var logits: [Float] = []
        batch.append([.init(sequence, prompt.tokens, outputs: 1)]) { logits = Array($2) }
        return Opening(index: index, sequence: sequence, logits: logits)
    }

    /// The next sample with its first token; the last one of a prompt takes over its sequence.
    private func nextLane(_ opening: inout Opening?, of prompts: [Prompt]) -> Lane? {
        guard let current = opening else { return nil }
        let samples = prompts[current.index].samples
        let isLast = current.started == samples.count - 1
        var sampler = Sampler(samples[current.started])
        let token = current.logits.withUnsafeBufferPointer { sampler.choose($0) }
        let lane = Lane(
            id: SampleID(prompt: current.index, sample: current.started),
            sequence: isLast ? current.sequence : batch.fork(current.sequence),
            sampler: sampler, token: token, count: 1)
        if isLast { opening = nil } else { opening?.started += 1 }
        return lane
    }

    /// The next token of every lane.
    private func step() {
        parts.removeAll(keepingCapacity: true)
        for lane in lanes { parts.append(.init(lane.sequence, [lane.token], outputs: 1)) }
        batch.append(parts) { place, _, logits in
            lanes[place].token = lanes[place].sampler.choose(logits)
            lanes[place].count += 1
        }
    }
}
