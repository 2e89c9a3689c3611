import Tensors

/// How likely a model finds a continuation of a context.
package struct ContinuationScore: Hashable, Sendable, Codable {
    /// Sum of the natural log-probabilities of the continuation's tokens.
    package let logProbability: Double
    package let tokenCount: Int
    /// True when every token is the most likely one at its place.
    package let isGreedy: Bool
}

/// Scores continuations as lm-evaluation-harness's `loglikelihood` does.
///
/// Requests that begin with the same tokens as the one before (few-shot prefixes, say) reuse its
/// cached keys and values, so give requests in an order that keeps them together.
package final class ContinuationScorer {
    private let model: LanguageModel
    private let tokenizer: Tokenizer
    private let options: Options
    private var session: DecodingSession

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
        session = model.makeSession(capacity: 1024, computation: options.computation)
    }

    /// Scores of all continuations of one context, in order.
    package func score(context: String, continuations: [String]) throws -> [ContinuationScore] {
        let pairs = try continuations.map { try encode(context: context, continuation: $0) }
        var scores = [ContinuationScore?](repeating: nil, count: pairs.count)
        // Continuations whose input is the same (all of one token) share one pass.
        for index in pairs.indices where scores[index] == nil {
            let sharing = pairs.indices.filter {
                pairs[$0].input == pairs[index].input
                    && pairs[$0].targets.count == pairs[index].targets.count
            }
            for (place, score) in zip(sharing, evaluate(sharing.map { pairs[$0] })) {
                scores[place] = score
            }
        }
        return scores.compactMap { $0 }
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
            targets = try tokens(of: continuation, addBOS: false)
            if targets.first == contextTokens[0] { targets.removeFirst() }
        } else {
            let kept = context.lengthWithoutTrailingWhitespace
            let scalars = context.unicodeScalars
            let border = scalars.index(scalars.startIndex, offsetBy: kept)
            let head = String(scalars[..<border])
            let whole = try tokens(of: context + continuation, addBOS: options.addBOS)
            contextTokens = try tokens(of: head, addBOS: options.addBOS)
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

    private func tokens(of text: String, addBOS: Bool?) throws -> [Int32] {
        var add = addBOS
        // The text may bring its own beginning: it is not doubled.
        if add == nil, let bos = tokenizer.bosID, tokenizer.addsBOS,
            text.utf8.starts(with: tokenizer.bytes(of: bos)), options.parseSpecial
        {
            add = false
        }
        return tokenizer.encode(text, addBOS: add, parseSpecial: options.parseSpecial)
    }

    /// Scores of pairs with equal inputs and equally many targets.
    private func evaluate(_ pairs: [Pair]) -> [ContinuationScore] {
        let input = pairs[0].input
        let count = pairs[0].targets.count
        var sums = [Double](repeating: 0, count: pairs.count)
        var greedy = [Bool](repeating: true, count: pairs.count)
        if count > 0 {
            prepare(for: input, keepingLast: count)
            let fed = Array(input.dropFirst(session.tokens.count))
            session.append(fed, outputs: fed.count - count..<fed.count) { index, logits in
                let probabilities = LogSoftmax(logits)
                for (place, pair) in pairs.enumerated() {
                    let target = Int(pair.targets[index - (fed.count - count)])
                    sums[place] += probabilities[target]
                    greedy[place] = greedy[place] && probabilities.best == target
                }
            }
        }
        return pairs.indices.map {
            ContinuationScore(
                logProbability: sums[$0], tokenCount: count, isGreedy: greedy[$0])
        }
    }

    /// Brings the session to the longest prefix of `input` that it already holds.
    private func prepare(for input: [Int32], keepingLast count: Int) {
        if input.count > session.capacity {
            var capacity = session.capacity
            while capacity < input.count { capacity *= 2 }
            session = model.makeSession(
                capacity: min(capacity, max(model.shape.contextLength, input.count)),
                computation: options.computation)
        }
        session.truncate(to: session.reusablePrefix(of: input, keepingLast: count))
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
