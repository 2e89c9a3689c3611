import Basics
import LanguageModels

/// Perplexity of a text file, by llama-perplexity's definition.
enum PerplexityCommand: Command {
    static let specification = CommandSpecification(
        name: "perplexity", summary: "perplexity of a text as llama-perplexity measures it",
        options: ModelOptions.options + [
            ModelOptions.adapter,
            .init("file", "FILE", "the text"),
            .init("n-ctx", "N", "tokens of a chunk, whose second half counts (default 512)"),
            .init("chunks", "N", "chunks to compute at most (default: all)"),
            .init("json", nil, "one JSON object: perplexity, stderr, tokens, chunks, n_ctx"),
        ],
        examples: [
            "billion perplexity --model smollm2-135m-instruct --file wiki.test.raw",
            "billion perplexity --model model.gguf --file text.txt --n-ctx 512 --json",
        ])

    private struct Output: Encodable {
        var perplexity: Double
        var stderr: Double?
        var tokens: Int
        var chunks: Int
        var n_ctx: Int
    }

    static func run(_ arguments: Arguments) throws -> ExitStatus {
        let options = try ModelOptions(arguments)
        let path = try arguments.required("file")
        let length = try arguments.integer("n-ctx", in: 4...1_000_000, default: 512)
        let limit = try arguments.integer("chunks", in: 1...1_000_000, default: 1_000_000)
        var text = String(decoding: try FileSystem.read(path), as: UTF8.self)
        // llama-perplexity takes one newline off the end of its file.
        if text.utf8.last == UInt8(ascii: "\n") { text.unicodeScalars.removeLast() }
        let model = try options.load()
        let tokens = try model.tokenizer().encode(text, addBOS: nil, parseSpecial: true)
        guard tokens.count >= 2 * length else {
            throw UsageError(
                "\(path): wanted at least \(2 * length) tokens, two chunks of \(length), found "
                    + "\(tokens.count). Give a longer text or a smaller --n-ctx.")
        }
        let chunks = min(limit, tokens.count / length)
        let line = ProgressLine()
        let result = Perplexity(
            of: Array(tokens.prefix(chunks * length)), contextLength: length, model: model,
            computation: options.computation
        ) { sofar in
            line.update(
                "perplexity \(NumberFormat.fixed(sofar.value, 4))",
                fraction: Double(sofar.chunkCount) / Double(chunks))
        }
        line.clear()
        try model.requireFinite()
        if arguments.has("json") {
            Console.print(
                try JSON.text(
                    Output(
                        perplexity: result.value, stderr: result.standardError,
                        tokens: result.tokenCount, chunks: result.chunkCount, n_ctx: length)))
        } else {
            let error = result.standardError.map { " ± " + NumberFormat.fixed($0, 4) } ?? ""
            Console.print(
                "perplexity \(NumberFormat.fixed(result.value, 4))\(error), "
                    + "\(result.tokenCount) tokens in \(result.chunkCount) chunks of \(length)")
        }
        return .success
    }
}
