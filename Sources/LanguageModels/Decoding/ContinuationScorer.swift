import Tensors

/// How likely a model finds a continuation of a context.
package struct ContinuationScore: Hashable, Sendable, Codable {
    /// Sum of the natural log-probabilities of the continuation's tokens.
    package fileprivate(set) var logProbability: Double
    package let tokenCount: Int
    /// True when every token is the most likely one at its place.
    package fileprivate(set) var isGreedy: Bool
}

/// Scores continuations as lm-evaluation-harness's `loglikelihood` does.
///
/// What the requests of a call have in common at their beginning is computed once, and the rest
/// of them together in few passes. What they share with the call before is still cached. A score
/// is, bit for bit, that of its request alone.
package final class ContinuationScorer {
    private let model: LanguageModel
    private let tokenizer: Tokenizer
    private let options: Options
    private var batch: SequenceBatch
    /// The beginning that the last requests had in common.
    private var beginning: SequenceBatch.ID
    /// Positions that the batch has room for in one sequence, and tokens beside the beginning.
    private var positions: Int
    private var room: Int

    /// Sequences of one pass at most.
    private static let sequenceLimit = 64

    package struct Options: Sendable {
        package var computation: Computation
        /// nil: as the model's tokenizer does.
        package var addBOS: Bool?
        /// Text of special tokens counts as those tokens.
        package var parseSpecial: Bool

        package init(
            computation: Computation, addBOS: Bool? = nil, parseSpecial: Bool = true
        ) {
            self.computation = computation
            self.addBOS = addBOS
            self.parseSpecial = parseSpecial
        }
    }

    package init(model: LanguageModel, options: Options) throws {
        self.model = model
        self.options = options
        tokenizer = try model.tokenizer()
        (positions, room) = (1024, 1024)
        batch = Self.makeBatch(model, options, positions: positions, room: room)
        beginning = batch.makeSequence()
    }

    private static func makeBatch(
        _ model: LanguageModel, _ options: Options, positions: Int, room: Int
    ) -> SequenceBatch {
        // Every sequence may leave two pages partly empty.
        let capacity =
            SequenceBatch.capacity(count: 2, length: positions)
            + SequenceBatch.capacity(prefix: 1, count: sequenceLimit, length: 1)
            + SequenceBatch.capacity(count: 1, length: room)
        // Few logits of a question are read, and answers lie close together.
        return SequenceBatch(
            model: model, capacity: capacity, positions: positions,
            cacheFormat: options.computation.cacheFormat, isPrecise: true)
    }

    /// Scores of all continuations of one context, in order.
    package func score(context: String, continuations: [String]) throws -> [ContinuationScore] {
        try score([Request(context: context, continuations: continuations)])[0]
    }

    /// A context and what may follow it.
    package struct Request: Sendable {
        package var context: String
        package var continuations: [String]

        package init(context: String, continuations: [String]) {
            self.context = context
            self.continuations = continuations
        }
    }

    /// Sees the logits [V] after a request's context: what predicts its continuations' first token.
    package typealias ContextVisitor =
        (_ request: Int, _ logits: UnsafeBufferPointer<Float>) -> Void

    /// Scores of all continuations of several requests, in order.
    ///
    /// - Parameter visit: called once for each request whose first continuation has tokens, in no
    ///   particular order; the buffer is valid during the call.
    package func score(_ requests: [Request], visit: ContextVisitor? = nil) throws
        -> [[ContinuationScore]]
    {
        let pairs = try requests.flatMap { request in
            try request.continuations.map {
                try encode(context: request.context, continuation: $0)
            }
        }
        var requestOfFirst: [Int: Int] = [:]
        if visit != nil {
            var place = 0
            for (index, request) in requests.enumerated() where !request.continuations.isEmpty {
                requestOfFirst[place] = index
                place += request.continuations.count
            }
        }
        // Continuations whose input is the same (all of one token) are read off one sequence.
        var groups: [[Int]] = []
        var groupOfInput: [Input: Int] = [:]
        for (index, pair) in pairs.enumerated() {
            let input = Input(tokens: pair.input, outputs: pair.targets.count)
            if let group = groupOfInput[input] {
                groups[group].append(index)
            } else {
                groupOfInput[input] = groups.count
                groups.append([index])
            }
        }
        var scores = pairs.map { pair in
            ContinuationScore(
                logProbability: 0, tokenCount: pair.targets.count, isGreedy: true)
        }
        evaluate(pairs, groups.filter { !pairs[$0[0]].targets.isEmpty }, &scores) {
            if let request = requestOfFirst[$0] { visit?(request, $1) }
        }
        var rest = scores[...]
        return requests.map { request in
            defer { rest = rest.dropFirst(request.continuations.count) }
            return Array(rest.prefix(request.continuations.count))
        }
    }

    /// What is computed for a pair: equal ones are computed once.
    private struct Input: Hashable {
        var tokens: [Int32]
        var outputs: Int
    }

    /// Tokens that go in, and the last of which predict `targets`.
    struct Pair: Hashable {
        var input: [Int32]
        var targets: [Int32]
    }

    /// The tokens of a request, by the harness's rules.
    ///
    /// Whitespace at the context's end belongs to the continuation; both are encoded together and
    /// cut at the context's own token count; what exceeds the model's context is cut from the
    /// left; an empty context is the beginning (or end) of text.
    func encode(context: String, continuation: String) throws -> Pair {
        var contextTokens: [Int32]
        var targets: [Int32]
        if context.isEmpty {
            contextTokens = [try firstToken()]
            targets = tokens(of: continuation, addBOS: false)
            if targets.first == contextTokens[0] { targets.removeFirst() }
        } else {
            let kept = context.lengthWithoutTrailingWhitespace
            let scalars = context.unicodeScalars
            let border = scalars.index(scalars.startIndex, offsetBy: kept)
            let head = String(scalars[..<border])
            let whole = tokens(of: context + continuation, addBOS: options.addBOS)
            contextTokens = tokens(of: head, addBOS: options.addBOS)
            targets = Array(whole.dropFirst(contextTokens.count))
            // Nothing but whitespace, which has moved: an empty context after all.
            if contextTokens.isEmpty { contextTokens = [try firstToken()] }
        }
        let all = (contextTokens + targets).suffix(model.shape.contextLength + 1)
        return Pair(input: Array(all.dropLast()), targets: targets.suffix(all.count - 1))
    }

    /// What stands for a context of no tokens.
    private func firstToken() throws -> Int32 {
        guard let token = tokenizer.bosID ?? tokenizer.eosID else {
            throw ScoringError(
                "an empty context needs a token to start with, and this model names neither a "
                    + "beginning nor an end of text. Give a context.")
        }
        return token
    }

    private func tokens(of text: String, addBOS: Bool?) -> [Int32] {
        tokenizer.encodePrompt(text, addBOS: addBOS, parseSpecial: options.parseSpecial)
    }

    /// Adds up scores of groups of pairs with equal inputs and equally many targets.
    ///
    /// - Parameter visit: sees the logits before the first target of each pair.
    private func evaluate(
        _ pairs: [Pair], _ groups: [[Int]], _ scores: inout [ContinuationScore],
        visit: ContextVisitor
    ) {
        guard let first = groups.first else { return }
        var common = pairs[first[0]].input[...]
        for group in groups {
            let pair = pairs[group[0]]
            let context = pair.input.dropLast(pair.targets.count)
            common = common.prefix(zip(common, context).prefix { $0 == $1 }.count)
        }
        var packs: [[[Int]]] = []
        var rows = 0
        for group in groups {
            let added = pairs[group[0]].input.count - common.count
            if packs.isEmpty || rows + added > DecodingSession.passRows
                || packs[packs.count - 1].count == Self.sequenceLimit
            {
                packs.append([])
                rows = 0
            }
            packs[packs.count - 1].append(group)
            rows += added
        }
        let longest = groups.map { pairs[$0[0]].input.count }.max() ?? 0
        makeRoom(positions: longest, rows: max(DecodingSession.passRows, longest - common.count))
        for pack in packs {
            evaluate(pairs, pack, common: Array(common), &scores, visit: visit)
        }
    }

    private func evaluate(
        _ pairs: [Pair], _ pack: [[Int]], common: [Int32], _ scores: inout [ContinuationScore],
        visit: ContextVisitor
    ) {
        let cached = batch.tokens(of: beginning)
        // One sequence alone stays cached as a whole: the next may begin with more of it.
        let wanted = pack.count == 1 ? pairs[pack[0][0]].input : common
        let limit = pack.count == 1 ? wanted.count - pairs[pack[0][0]].targets.count : wanted.count
        let kept = min(zip(cached, wanted).prefix { $0 == $1 }.count, limit)
        batch.truncate(beginning, to: kept)
        var parts: [SequenceBatch.Extension] = []
        if pack.count == 1 {
            parts = [
                .init(
                    beginning, Array(wanted.dropFirst(kept)),
                    outputs: pairs[pack[0][0]].targets.count)
            ]
        } else {
            if kept < common.count {
                let rest = Array(common.dropFirst(kept))
                batch.append([.init(beginning, rest, outputs: 0)]) { _, _, _ in }
            }
            parts = pack.map { group in
                let pair = pairs[group[0]]
                return .init(
                    batch.fork(beginning), Array(pair.input.dropFirst(common.count)),
                    outputs: pair.targets.count)
            }
        }
        batch.append(parts) { part, index, logits in
            let probabilities = LogSoftmax(logits)
            for place in pack[part] {
                let targets = pairs[place].targets
                let step = index - (parts[part].tokens.count - targets.count)
                if step == 0 { visit(place, logits) }
                let target = Int(targets[step])
                scores[place].logProbability += probabilities[target]
                scores[place].isGreedy = scores[place].isGreedy && probabilities.best == target
            }
        }
        if pack.count > 1 { for part in parts { batch.remove(part.sequence) } }
    }

    /// A larger batch, where the one there is does not suffice.
    private func makeRoom(positions wanted: Int, rows: Int) {
        guard wanted > positions || rows > room else { return }
        while positions < wanted { positions *= 2 }
        positions = min(positions, max(model.shape.contextLength, wanted))
        room = max(room, rows)
        batch = Self.makeBatch(model, options, positions: positions, room: room)
        beginning = batch.makeSequence()
    }
}

extension Tokenizer {
    /// The ids of a prompt as lm-evaluation-harness has them.
    ///
    /// `encode`, but a text that brings its own beginning, as rendered chat templates do, gets no
    /// second one.
    package func encodePrompt(_ text: String, addBOS: Bool? = nil, parseSpecial: Bool = true)
        -> [Int32]
    {
        var add = addBOS
        if add == nil, parseSpecial, addsBOS, let bosID,
            text.utf8.starts(with: bytes(of: bosID))
        {
            add = false
        }
        return encode(text, addBOS: add, parseSpecial: parseSpecial)
    }
}

/// A request that cannot be scored.
package struct ScoringError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}

extension String {
    /// Unicode scalars up to trailing whitespace, as Python's `rstrip` sees it.
    fileprivate var lengthWithoutTrailingWhitespace: Int {
        var count = unicodeScalars.count
        for scalar in unicodeScalars.reversed() {
            guard scalar.isPythonWhitespace else { break }
            count -= 1
        }
        return count
    }
}

extension Unicode.Scalar {
    /// `str.isspace` of Python: White_Space, and the four separators U+001C...U+001F.
    fileprivate var isPythonWhitespace: Bool {
        properties.isWhitespace || (0x1c...0x1f).contains(value)
    }
}
