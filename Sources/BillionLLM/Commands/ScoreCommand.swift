import Basics
import LanguageModels

/// Log-probabilities of continuations.
enum ScoreCommand: Command {
    static let specification = CommandSpecification(
        name: "score", summary: "log-probabilities of continuations of a context",
        options: ModelOptions.options + [
            ModelOptions.adapter,
            .init("context", "TEXT", "what comes before"),
            .init("continuation", "TEXT", "what is scored", repeats: true),
            .init(
                "input", "FILE.jsonl",
                "instead: lines {\"context\": \"..\", \"continuations\": [\"..\"]}; - is stdin"),
            .init("no-bos", nil, "never add the beginning-of-text token"),
            .init("plain", nil, "treat the text of special tokens as text"),
            .init("json", nil, "a JSON object a line: logprobs, tokens, greedy"),
        ],
        examples: [
            "billion score --model smollm2-135m-instruct --context 'The sky is' --continuation ' blue' --continuation ' green'",
            "billion score --model smollm2-135m-instruct --input questions.jsonl --compute f32 --json",
        ])

    private struct Request: Decodable {
        var context: String
        var continuations: [String]
    }

    private struct Output: Encodable {
        var logprobs: [Double]
        var tokens: [Int]
        var greedy: [Bool]
    }

    static func run(_ arguments: Arguments) throws -> ExitStatus {
        let options = try ModelOptions(arguments)
        let requests = try requests(arguments)
        let model = try options.load()
        let scorer = try ContinuationScorer(
            model: model,
            options: .init(
                computation: options.computation,
                addBOS: arguments.has("no-bos") ? false : nil,
                parseSpecial: !arguments.has("plain")))
        // Data comes as it is computed, so a long file can be watched.
        for request in requests {
            let scores = try scorer.score(
                context: request.context, continuations: request.continuations)
            try model.requireFinite()
            if arguments.has("json") || arguments.has("input") {
                Console.print(
                    try JSON.text(
                        Output(
                            logprobs: scores.map(\.logProbability),
                            tokens: scores.map(\.tokenCount),
                            greedy: scores.map(\.isGreedy))))
            } else {
                for (continuation, score) in zip(request.continuations, scores) {
                    let shown = NumberFormat.fixed(score.logProbability, 4)
                    let mark = score.isGreedy ? "  greedy" : ""
                    let quoted = try JSON.text(continuation)
                    Console.print("\(shown)  \(score.tokenCount) tokens  \(quoted)\(mark)")
                }
            }
        }
        return .success
    }

    private static func requests(_ arguments: Arguments) throws -> [Request] {
        guard let file = arguments.string("input") else {
            let continuations = arguments.strings("continuation")
            guard !continuations.isEmpty else {
                throw UsageError(
                    "nothing to score: give --context and --continuation, or --input FILE.jsonl.")
            }
            return [
                Request(
                    context: try arguments.required("context"), continuations: continuations)
            ]
        }
        guard !arguments.has("context"), !arguments.has("continuation") else {
            throw UsageError("--input cannot be combined with --context or --continuation.")
        }
        let bytes = file == "-" ? Console.readAll() : try FileSystem.read(file)
        var requests: [Request] = []
        let lines = bytes.split(separator: 0x0a, omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let text = String(decoding: line, as: UTF8.self)
            if text.allSatisfy(\.isWhitespace) { continue }
            guard let request = try? JSON.decode(Request.self, from: text) else {
                throw UsageError(
                    "\(file):\(index + 1): wanted {\"context\": \"..\", \"continuations\": "
                        + "[\"..\", ..]}, found \(text.prefix(80)).")
            }
            requests.append(request)
        }
        return requests
    }
}
