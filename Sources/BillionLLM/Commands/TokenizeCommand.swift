import Basics
import LanguageModels

/// Text to token ids and back.
enum TokenizeCommand: Command {
    static let specification = CommandSpecification(
        name: "tokenize", summary: "text on stdin to token ids, or back",
        options: ModelOptions.options + [
            .init("decode", nil, "ids on stdin to text"),
            .init("lines", nil, "every line a JSON string, every output line a JSON array"),
            .init("no-bos", nil, "never add the beginning-of-text token"),
            .init("plain", nil, "treat the text of special tokens as text"),
            .init("spaces", "RULE", "SentencePiece's first space: every-segment or first-segment"),
            .init("time", "N", "encode stdin N times and print bytes, tokens and seconds each"),
        ],
        examples: [
            "echo -n 'Hello world' | billion tokenize --model smollm2-135m-instruct",
            "echo '[19556, 905]' | billion tokenize --model smollm2-135m-instruct --decode --lines",
        ])

    static func run(_ arguments: Arguments) throws -> ExitStatus {
        let tokenizer = try tokenizer(arguments)
        let encode = { (text: String) in
            tokenizer.encode(
                text, addBOS: arguments.has("no-bos") ? false : nil,
                parseSpecial: !arguments.has("plain"))
        }
        let input = Console.readAll()
        if let repetitions = try arguments.integer("time", in: 1...1000) {
            time(repetitions, input.count) { encode(String(decoding: input, as: UTF8.self)).count }
            return .success
        }
        switch (arguments.has("lines"), arguments.has("decode")) {
        case (false, false):
            Console.print(
                encode(String(decoding: input, as: UTF8.self)).map(String.init)
                    .joined(separator: " "))
        case (false, true):
            let words = String(decoding: input, as: UTF8.self).split(whereSeparator: \.isWhitespace)
            let ids = try words.map { try id(String($0), of: tokenizer, place: "stdin") }
            Console.write(tokenizer.decode(ids, skipSpecial: false))
        case (true, let decodes):
            var lines: [String] = []
            for (index, line) in input.split(separator: 0x0a).enumerated() {
                let text = String(decoding: line, as: UTF8.self)
                let place = "stdin:\(index + 1)"
                if decodes {
                    let ids = try parse([Int].self, text, place, "a JSON array of ids")
                    let checked = try ids.map { try id(String($0), of: tokenizer, place: place) }
                    let bytes = tokenizer.decode(checked, skipSpecial: false)
                    lines.append(try JSON.text(String(decoding: bytes, as: UTF8.self)))
                } else {
                    let value = try parse(String.self, text, place, "a JSON string")
                    lines.append(try JSON.text(encode(value)))
                }
            }
            if !lines.isEmpty { Console.print(lines.joined(separator: "\n")) }
        }
        return .success
    }

    /// Only the tokenizer part of the files is read: no weights, no quantization.
    private static func tokenizer(_ arguments: Arguments) throws -> Tokenizer {
        let name = try arguments.required("model")
        let rules = SpacePrefix.allCases.map(\.rawValue)
        let rule = try arguments.choice("spaces", of: rules + [""], default: "")
        let spacePrefix = SpacePrefix(rawValue: rule)
        // Also a folder that holds a tokenizer only.
        if FileSystem.isFolder(name) {
            return try Tokenizer(folder: name, spacePrefix: spacePrefix)
        }
        let path = try ModelAccess.standard().path(
            of: name, quantization: Quantizations.asStored)
        return try openCheckpoint(path: path).tokenizer(spacePrefix: spacePrefix)
    }

    private static func time(_ repetitions: Int, _ bytes: Int, _ encode: () -> Int) {
        for _ in 0..<repetitions {
            let clock = ContinuousClock()
            let start = clock.now
            let tokens = encode()
            let seconds = (clock.now - start) / .seconds(1)
            Console.print("\(bytes) \(tokens) \(seconds)")
        }
    }

    private static func parse<Value: Decodable>(
        _ type: Value.Type, _ text: String, _ place: String, _ wanted: String
    ) throws -> Value {
        guard let value = try? JSON.decode(type, from: text) else {
            throw UsageError("\(place): wanted \(wanted), found \(text.prefix(60)).")
        }
        return value
    }

    private static func id(_ text: String, of tokenizer: Tokenizer, place: String) throws -> Int32 {
        guard let id = Int32(text), (0..<Int32(tokenizer.vocabularySize)).contains(id) else {
            throw UsageError(
                "\(place): '\(text)' is not a token id of this model; ids go from 0 to "
                    + "\(tokenizer.vocabularySize - 1).")
        }
        return id
    }
}
