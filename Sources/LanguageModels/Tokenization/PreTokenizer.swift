/// How text is prepared for merging, by the name that a file gives in `tokenizer.ggml.pre`.
struct PreTokenizer: Sendable {
    /// The first name is the kind's own, the others are files that work the same way.
    let names: [String]
    let rule: WordScanner.Rule
    /// Text is composed (NFC) first.
    var composes = false
    /// A word that is a token is taken as it is, whatever the merges say.
    var ignoresMerges = false
    /// Whether BOS is added where the file does not say.
    var addsBOS = false

    /// To add a kind: one line here, and a rule in `WordScanner` when its expression is a new one.
    static let registry: [PreTokenizer] = [
        PreTokenizer(names: ["smollm"], rule: .gpt2(isolatingDigits: true)),
        PreTokenizer(names: ["starcoder", "refact"], rule: .gpt2(isolatingDigits: true)),
        PreTokenizer(names: ["gpt-2", "phi-2"], rule: .gpt2(isolatingDigits: false)),
        PreTokenizer(
            names: ["gpt-neox", "olmo", "mpt"], rule: .gpt2(isolatingDigits: false),
            composes: true),
        PreTokenizer(
            names: ["llama-bpe", "llama3", "llama-v3"], rule: .llama3(longestNumber: 3),
            ignoresMerges: true, addsBOS: true),
        PreTokenizer(
            names: ["qwen2", "deepseek-r1-qwen"], rule: .llama3(longestNumber: 1), composes: true),
        PreTokenizer(names: ["stablelm2"], rule: .llama3(longestNumber: 1)),
    ]

    static func named(_ name: String) throws(TokenizerError) -> PreTokenizer {
        for candidate in registry where candidate.names.contains(name) { return candidate }
        throw .unknownPreTokenizer(name, known: registry.flatMap(\.names))
    }
}
