/// The `normalizer`, `pre_tokenizer` and `decoder` of a tokenizer.json.
enum TokenizerSteps {
    /// The steps of a Sequence, of sequences in it too, or the one step itself.
    static func flattened(_ element: JSONElement, _ key: String) throws(CheckpointError)
        -> [JSONElement]
    {
        guard try element.member("type").string() == "Sequence" else { return [element] }
        var steps: [JSONElement] = []
        for step in try element.member(key).elements() {
            steps += try flattened(step, key)
        }
        return steps
    }

    private static func unsupported(_ step: JSONElement, _ kind: String, known: [String])
        throws(CheckpointError) -> CheckpointError
    {
        let type = try step.member("type")
        return type.error(
            "the \(kind) \(quoted(try type.string())) is not supported. "
                + "Known: \(known.joined(separator: ", ")).")
    }

    // MARK: Normalizer

    static func normalizer(_ element: JSONElement?) throws(CheckpointError) -> [Normalizer.Step] {
        guard let element else { return [] }
        var steps: [Normalizer.Step] = []
        for step in try flattened(element, "normalizers") {
            switch try step.member("type").string() {
            case "NFC": steps.append(.compose)
            case "Prepend":
                steps.append(.prepend(Array(try step.member("prepend").string().utf8)))
            case "Replace":
                let text = try literal(step.member("pattern"))
                guard !text.isEmpty else {
                    throw try step.member("pattern").error("wanted a text that is not empty.")
                }
                steps.append(.replace(text, with: Array(try step.member("content").string().utf8)))
            default:
                throw try unsupported(
                    step, "normalizer", known: ["NFC", "Prepend", "Replace", "Sequence"])
            }
        }
        return steps
    }

    /// A pattern that means one text: a String, or a Regex without special characters.
    private static func literal(_ pattern: JSONElement) throws(CheckpointError) -> [UInt8] {
        if let text = try pattern.optional("String") { return Array(try text.string().utf8) }
        let expression = try pattern.member("Regex")
        let text = try expression.string()
        guard isLiteral(text) else { throw unknownExpression(expression) }
        return Array(text.utf8)
    }

    private static func isLiteral(_ expression: String) -> Bool {
        !expression.contains { "\\^$.|?*+()[]{}".contains($0) }
    }

    private static func unknownExpression(_ expression: JSONElement) -> CheckpointError {
        expression.error(
            "this regular expression is not one of those that the program knows: "
                + "\(expression.summary).")
    }

    // MARK: Pre-tokenizer

    struct PreTokenizerSteps {
        var cuts: [CuttingStep] = []
        var isByteLevel = false
        var addsPrefixSpace = false
        var metaspace: (prefix: SpacePrefix?, splits: Bool)?
    }

    static func preTokenizer(_ element: JSONElement?) throws(CheckpointError) -> PreTokenizerSteps {
        var result = PreTokenizerSteps()
        guard let element else { return result }
        let steps = try flattened(element, "pretokenizers")
        for (index, step) in steps.enumerated() {
            guard !result.isByteLevel else {
                throw step.error("nothing may stand behind ByteLevel.")
            }
            switch try step.member("type").string() {
            case "ByteLevel":
                result.isByteLevel = true
                result.addsPrefixSpace = try step.optional("add_prefix_space")?.bool() ?? true
                if result.addsPrefixSpace, index > 0 {
                    throw step.error("add_prefix_space is supported in the first step only.")
                }
                if try step.optional("use_regex")?.bool() ?? true {
                    result.cuts.append(CuttingStep(cut: .words(.gpt2(isolatingDigits: false))))
                }
            case "Split": result.cuts.append(try split(step))
            case "Digits":
                let isIndividual = try step.optional("individual_digits")?.bool() ?? false
                result.cuts.append(
                    CuttingStep(cut: .digits, behavior: isIndividual ? .isolated : .contiguous))
            case "Metaspace" where steps.count == 1: result.metaspace = try metaspace(step)
            case "Metaspace": throw step.error("Metaspace is supported as the only step.")
            default:
                throw try unsupported(
                    step, "pre-tokenizer",
                    known: ["ByteLevel", "Split", "Digits", "Metaspace", "Sequence"])
            }
        }
        guard result.isByteLevel || result.metaspace != nil else {
            throw element.error("wanted ByteLevel at the end, or Metaspace.")
        }
        return result
    }

    private static func split(_ step: JSONElement) throws(CheckpointError) -> CuttingStep {
        let behavior = try step.member("behavior")
        guard let kind = CuttingStep.Behavior(rawValue: try behavior.string()) else {
            throw behavior.error(
                wanted: CuttingStep.Behavior.allCases.map(\.rawValue).joined(separator: ", "))
        }
        let pattern = try step.member("pattern")
        var cut: CuttingStep.Cut
        if let expression = try pattern.optional("Regex") {
            let text = try expression.string()
            if let known = SplitExpressions.known[text] {
                cut = known
            } else if isLiteral(text) {
                cut = .text(Array(text.utf8))
            } else {
                throw unknownExpression(expression)
            }
        } else {
            cut = .text(try literal(pattern))
        }
        return CuttingStep(
            cut: cut, behavior: kind, isInverted: try step.optional("invert")?.bool() ?? false)
    }

    private static func metaspace(_ step: JSONElement) throws(CheckpointError)
        -> (prefix: SpacePrefix?, splits: Bool)
    {
        if let replacement = try step.optional("replacement"),
            try replacement.string() != "\u{2581}"
        {
            throw replacement.error(wanted: "'\u{2581}'")
        }
        let splits = try step.optional("split")?.bool() ?? true
        guard let scheme = try step.optional("prepend_scheme") else {
            // As older files say it.
            let adds = try step.optional("add_prefix_space")?.bool() ?? true
            return (adds ? .unspacedSegment : nil, splits)
        }
        switch try scheme.string() {
        case "first": return (.firstSegment, splits)
        case "always": return (.unspacedSegment, splits)
        case "never": return (nil, splits)
        default: throw scheme.error(wanted: "first, always or never")
        }
    }

    // MARK: Decoder

    static func decoder(_ element: JSONElement?) throws(CheckpointError)
        -> (isByteLevel: Bool, stripsSpace: Bool)
    {
        guard let element else { return (false, false) }
        var result = (isByteLevel: false, stripsSpace: false)
        for step in try flattened(element, "decoders") {
            switch try step.member("type").string() {
            case "ByteLevel": result.isByteLevel = true
            case "ByteFallback", "Fuse": break
            case "Replace":
                guard try literal(step.member("pattern")) == Normalizer.visibleSpace,
                    try step.member("content").string() == " "
                else { throw step.error("wanted '\u{2581}' replaced by a space.") }
            case "Strip":
                let counts = (
                    try step.member("start").integer(), try step.member("stop").integer()
                )
                guard try step.member("content").string() == " ", counts == (1, 0) else {
                    throw step.error("wanted one space stripped from the start.")
                }
                result.stripsSpace = true
            default:
                throw try unsupported(
                    step, "decoder",
                    known: ["ByteLevel", "Replace", "ByteFallback", "Fuse", "Strip", "Sequence"])
            }
        }
        return result
    }
}

/// The regular expressions that pre-tokenizers split with, and the hand-written rule of each.
///
/// To add one: a line here, and a rule in `WordScanner` when none is the same.
enum SplitExpressions {
    static let known: [String: CuttingStep.Cut] = [
        #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#:
            .words(.gpt2(isolatingDigits: false)),
        llama3(#"\p{N}{1,3}"#): .words(.llama3(longestNumber: 3)),
        llama3(#"\p{N}"#): .words(.llama3(longestNumber: 1)),
        // The first two expressions as tiktoken has them: possessive, and one newline at the end,
        // which greedy whitespace before it makes the last one all the same.
        tiktoken(#"\p{N}{1,3}"#): .words(.llama3(longestNumber: 3)),
        tiktoken(#"\p{N}"#): .words(.llama3(longestNumber: 1)),
        #"\p{N}"#: .numbers(longest: 1),
        #"\p{N}{1,3}"#: .numbers(longest: 3),
        #"\p{N}+"#: .numbers(longest: .max),
    ]

    private static func llama3(_ number: String) -> String {
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + number
            + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    }

    private static func tiktoken(_ number: String) -> String {
        #"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|"# + number
            + #"| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"#
    }
}
