import Basics
import TestSupport
import Testing

@Suite struct TokenizeTests {
    private let project: ProjectFolder

    init() throws { project = try ProjectFolder() }

    private func tokenize(
        _ options: String..., input: String, model: String = ProjectFolder.tinyModel
    ) throws -> CommandLineTool.Result {
        try project.tool.run(["tokenize", "--model", model] + options, input: input)
    }

    @Test(arguments: [
        ("bytes", "Hi!", "72 105 33\n"),
        ("merges", " the thin", "258 32 256 259\n"),
        ("a line end belongs to the text", "a\n", "97 10\n"),
        ("special tokens", "<|begin|>a<|end|>", "265 97 266\n"),
        ("beyond ASCII", "é中", "195 169 228 184 173\n"),
        ("nothing", "", "\n"),
    ])
    func textToIds(name: String, text: String, ids: String) throws {
        let result = try tokenize(input: text)
        #expect(result.output == ids, "\(name)")
        #expect(result.status == 0 && result.errors.isEmpty)
        let back = try tokenize("--decode", input: ids)
        #expect(back.output == text, "\(name), decoded")
    }

    @Test func plainTextHasNoSpecialTokens() throws {
        let ids = try tokenize("--plain", input: "<|end|>").output
        #expect(ids == "60 124 101 110 100 124 62\n")
        #expect(try tokenize("--decode", input: ids).output == "<|end|>")
    }

    private static let texts = [
        "Hello, World", "", " ", "\n\n\t", "the <|begin|> in <|end|>", "\"quoted\" \\ / \u{7}",
        "naïve – 中文 🙂\u{200d}", "1234567890", "  A B  C D ", "\r\n", "e\u{301}",
    ]

    @Test(arguments: [[], ["--plain"]])
    func linesGoThereAndBack(options: [String]) throws {
        let input = try Self.texts.map { try JSON.text($0) }.joined(separator: "\n")
        let there = try project.tool.run(
            ["tokenize", "--model", ProjectFolder.tinyModel, "--lines"] + options, input: input)
        #expect(there.lines.count == Self.texts.count)
        let ids = try there.lines.map { try JSON.decode([Int].self, from: $0) }
        // Line by line the same as each text on its own.
        #expect(ids[0] == Array("Hello, World".utf8).map(Int.init))
        #expect(ids[1].isEmpty)
        #expect(ids[4].contains(265) == options.isEmpty)
        let back = try tokenize("--decode", "--lines", input: there.output)
        let texts = try back.lines.map { try JSON.decode(String.self, from: $0) }
        #expect(texts.map { Array($0.utf8) } == Self.texts.map { Array($0.utf8) })
    }

    @Test func noLinesGiveNoLines() throws {
        #expect(try tokenize("--lines", input: "").output == "")
        #expect(try tokenize("--lines", "--decode", input: "\n").output == "")
    }

    @Test(arguments: [
        (
            ["--decode"], "72 267",
            "stdin: '267' is not a token id of this model; ids go from 0 to 266."
        ),
        (["--decode"], "-1", "stdin: '-1' is not a token id of this model; ids go from 0 to 266."),
        (["--decode"], "7 x", "stdin: 'x' is not a token id of this model; ids go from 0 to 266."),
        (
            ["--decode", "--lines"], "[1]\n[99999999999]",
            "stdin:2: '99999999999' is not a token id of this model; ids go from 0 to 266."
        ),
        (["--decode", "--lines"], "[1\n", "stdin:1: wanted a JSON array of ids, found [1."),
        (["--lines"], "\"a\"\nbare\n", "stdin:2: wanted a JSON string, found bare."),
    ])
    func wrongInputIsNamed(options: [String], input: String, message: String) throws {
        let result = try project.tool.run(
            ["tokenize", "--model", ProjectFolder.tinyModel] + options, input: input)
        #expect(result.status == 2 && result.output.isEmpty)
        #expect(
            result.errors == "billion tokenize: \(message)\nSee `billion tokenize --help`.\n")
    }

    /// llama.cpp's vocabulary files have no weights, and recordings of what it makes of them.
    @Test(
        .enabled(if: SharedData.path("data/vocab") != nil, "needs ../shared/data/vocab"),
        arguments: ["gpt-2", "llama-spm", "llama-bpe", "qwen2", "starcoder"])
    func vocabulariesWithoutWeightsAreEnough(name: String) throws {
        let folder = try #require(SharedData.path("data/vocab"))
        let model = "\(folder)/ggml-vocab-\(name).gguf"
        let read = { (ending: String) in
            String(decoding: try FileSystem.read(model + ending), as: UTF8.self)
        }
        let texts = try Self.pieces(of: read(".inp"), between: "\n__ggml_vocab_test__\n")
        let recorded = try read(".out").split(separator: "\n", omittingEmptySubsequences: false)
            .map { line in line.split(separator: " ").compactMap { Int($0) } }.prefix(texts.count)
        #expect(texts.count > 20)
        let input = try texts.map { try JSON.text($0) }.joined(separator: "\n")
        let found = try tokenize("--lines", "--no-bos", "--plain", input: input, model: model)
        #expect(found.status == 0, "\(found.errors)")
        let ids = try found.lines.map { try JSON.decode([Int].self, from: $0) }
        #expect(ids.count == texts.count)
        for (text, (one, other)) in zip(texts, zip(ids, recorded)) {
            #expect(one == other, "\(name): \(text.debugDescription)")
        }
    }

    private static func pieces(of text: String, between separator: String) -> [String] {
        var pieces: [String] = []
        var piece: [UInt8] = []
        let (bytes, mark) = (Array(text.utf8), Array(separator.utf8))
        var index = 0
        while index < bytes.count {
            if bytes[index...].starts(with: mark) {
                pieces.append(String(decoding: piece, as: UTF8.self))
                piece = []
                index += mark.count
            } else {
                piece.append(bytes[index])
                index += 1
            }
        }
        return pieces
    }
}
