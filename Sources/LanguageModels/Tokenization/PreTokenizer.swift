/// How text is cut into words for byte-level BPE, by the name that a file gives in
/// `tokenizer.ggml.pre` or by the steps of tokenizer.json.
struct PreTokenizer: Sendable {
    /// The first name is the kind's own, the others are files that work the same way.
    let names: [String]
    /// The name in files that this program writes: one that llama.cpp knows; nil for the first.
    var writtenName: String?
    let rule: WordScanner.Rule
    /// Text is composed (NFC) first.
    var composes = false
    /// A word that is a token is taken as it is, whatever the merges say.
    var ignoresMerges = false
    /// Whether BOS is added where the file does not say.
    var addsBOS = false
    /// A space is put before text that has none.
    var addsPrefixSpace = false
    /// Cuts that no single rule makes; empty for the rule.
    ///
    /// One after the other, each within the pieces of the one before.
    var steps: [CuttingStep] = []

    /// To add a kind: one line here, and a rule in `WordScanner` when its expression is a new one.
    static let registry: [PreTokenizer] = [
        PreTokenizer(names: ["smollm"], rule: .gpt2(isolatingDigits: true)),
        PreTokenizer(names: ["starcoder", "refact"], rule: .gpt2(isolatingDigits: true)),
        PreTokenizer(names: ["gpt-2", "phi-2"], rule: .gpt2(isolatingDigits: false)),
        PreTokenizer(
            names: ["gpt-neox", "olmo", "mpt"], writtenName: "olmo",
            rule: .gpt2(isolatingDigits: false), composes: true),
        PreTokenizer(
            names: ["llama-bpe", "llama3", "llama-v3"], rule: .llama3(longestNumber: 3),
            ignoresMerges: true, addsBOS: true),
        PreTokenizer(
            names: ["qwen2", "deepseek-r1-qwen"], rule: .llama3(longestNumber: 1), composes: true),
        PreTokenizer(names: ["stablelm2"], rule: .llama3(longestNumber: 1)),
    ]

    static func named(_ name: String) throws(TokenizerProblem) -> PreTokenizer {
        for candidate in registry where candidate.names.contains(name) { return candidate }
        throw .unknownPreTokenizer(name, known: registry.flatMap(\.names))
    }

    /// The steps of a tokenizer.json, as one rule where there is one: that is much faster.
    init(steps: [CuttingStep]) {
        let cuts = steps.map(\.cut)
        var rule: WordScanner.Rule?
        if cuts.isEmpty {
            rule = .whole
        } else if cuts == [.digits, .words(.gpt2(isolatingDigits: false))] {
            rule = .gpt2(isolatingDigits: true)
        } else if cuts.count == 1, case .words(let single) = cuts[0] {
            rule = single
        }
        let isPlain = steps.allSatisfy { $0.behavior == .isolated && !$0.isInverted }
        self.init(names: [], rule: isPlain ? rule ?? .whole : .whole)
        if rule == nil || !isPlain { self.steps = steps }
    }

    private init(
        names: [String], writtenName: String? = nil, rule: WordScanner.Rule,
        composes: Bool = false, ignoresMerges: Bool = false, addsBOS: Bool = false
    ) {
        self.names = names
        self.writtenName = writtenName
        self.rule = rule
        self.composes = composes
        self.ignoresMerges = ignoresMerges
        self.addsBOS = addsBOS
    }

    /// A name for records: the rule, or how many steps there are.
    var recordName: String {
        if let name = names.first { return name }
        return steps.isEmpty ? rule.name : "\(steps.count) steps"
    }
}

/// One step of cutting: what is found in a piece, and what becomes of it.
struct CuttingStep: Sendable, Hashable {
    enum Cut: Sendable, Hashable {
        /// The words of a rule; they cover the text.
        case words(WordScanner.Rule)
        /// Single characters of the Digits step.
        case digits
        /// Runs of at most so many characters that are `\p{N}`.
        case numbers(longest: Int)
        /// A text; an empty one is never found.
        case text([UInt8])
    }

    enum Behavior: String, Sendable, CaseIterable {
        case removed = "Removed"
        case isolated = "Isolated"
        case mergedWithPrevious = "MergedWithPrevious"
        case mergedWithNext = "MergedWithNext"
        case contiguous = "Contiguous"
    }

    let cut: Cut
    var behavior = Behavior.isolated
    /// What is not found is taken as found, and the other way round.
    var isInverted = false

    /// A part of a piece, and whether it was found.
    private struct Part {
        var range: Range<Int>
        let isMatch: Bool
    }

    /// Appends the pieces of a piece.
    func append(
        _ text: UnsafeBufferPointer<UInt8>, _ piece: Range<Int>, to pieces: inout [Range<Int>]
    ) {
        let parts = parts(text, piece)
        switch behavior {
        case .isolated: pieces += parts.map(\.range)
        case .removed: pieces += parts.lazy.filter { !$0.isMatch }.map(\.range)
        case .contiguous:
            var joined: [Part] = []
            for part in parts {
                if let last = joined.last, last.isMatch == part.isMatch {
                    joined[joined.count - 1].range = last.range.lowerBound..<part.range.upperBound
                } else {
                    joined.append(part)
                }
            }
            pieces += joined.map(\.range)
        case .mergedWithPrevious: pieces += merged(parts)
        case .mergedWithNext: pieces += merged(parts.reversed()).reversed()
        }
    }

    /// Joins each match with the part before it in the list, unless that was a match before it.
    private func merged(_ parts: [Part]) -> [Range<Int>] {
        var joined: [Range<Int>] = []
        var wasMatch = false
        for part in parts {
            if part.isMatch, !wasMatch, let last = joined.last {
                joined[joined.count - 1] =
                    min(
                        last.lowerBound, part.range.lowerBound)..<max(
                        last.upperBound, part.range.upperBound)
            } else {
                joined.append(part.range)
            }
            wasMatch = part.isMatch
        }
        return joined
    }

    private func parts(_ text: UnsafeBufferPointer<UInt8>, _ piece: Range<Int>) -> [Part] {
        var parts: [Part] = []
        var position = piece.lowerBound
        var done = position
        let scanner: WordScanner? =
            if case .words(let rule) = cut { WordScanner(rule) } else { nil }
        while position < piece.upperBound {
            guard let end = matchEnd(text, position, piece.upperBound, scanner) else {
                position += UTF8Decoding.scalar(text, position, piece.upperBound).length
                continue
            }
            if done < position { parts.append(Part(range: done..<position, isMatch: isInverted)) }
            parts.append(Part(range: position..<end, isMatch: !isInverted))
            position = end
            done = end
        }
        if done < position { parts.append(Part(range: done..<position, isMatch: isInverted)) }
        return parts
    }

    /// Where a match that starts at `start` ends; nil when none does.
    private func matchEnd(
        _ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int, _ scanner: WordScanner?
    ) -> Int? {
        func classEnd(_ wanted: CharacterClass, atMost limit: Int) -> Int? {
            var position = start
            var left = limit
            while position < end, left > 0 {
                let (scalar, length) = UTF8Decoding.scalar(text, position, end)
                guard CharacterClasses.reference.of(scalar).contains(wanted) else { break }
                position += length
                left -= 1
            }
            return position > start ? position : nil
        }
        switch cut {
        case .words: return scanner?.wordEnd(text, start, end)
        case .digits: return classEnd(.digit, atMost: 1)
        case .numbers(let longest): return classEnd(.number, atMost: longest)
        case .text(let wanted):
            guard !wanted.isEmpty, text[start..<end].starts(with: wanted) else { return nil }
            return start + wanted.count
        }
    }
}

extension Array where Element == CuttingStep {
    /// The words of a text, in order.
    func words(of text: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
        var pieces = [0..<text.count]
        for step in self {
            var next: [Range<Int>] = []
            for piece in pieces { step.append(text, piece, to: &next) }
            pieces = next
        }
        return pieces
    }
}
