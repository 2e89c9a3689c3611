import LanguageModels

/// The options of every command that generates text.
extension SamplingOptions {
    static let options: [CommandSpecification.Option] = [
        .init("temperature", "T", "0 (default) is greedy"),
        .init("top-k", "K", "draw among the K most likely tokens (default 0: all)"),
        .init("top-p", "P", "draw among the most likely tokens that make up P (default 1)"),
        .init("seed", "S", "seed of the draws (default 0)"),
    ]

    init(_ arguments: Arguments) throws {
        self.init(
            temperature: try arguments.number("temperature", in: 0...100, default: 0),
            topK: try arguments.integer("top-k", in: 0...1_000_000, default: 0),
            topP: try arguments.number("top-p", in: 1e-6...1, default: 1),
            seed: UInt64(try arguments.integer("seed", in: 0...Int.max, default: 0)))
    }
}
