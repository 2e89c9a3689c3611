import Basics
import TestSupport
import Testing

@Suite struct ScoreTests {
    private let project: ProjectFolder

    init() throws { project = try ProjectFolder() }

    private static let base = ["score", "--model", ProjectFolder.tinyModel, "--compute", "f32"]

    private func score(
        _ context: String, _ continuations: [String], _ options: String...
    ) throws -> ScoredLine {
        let words = continuations.flatMap { ["--continuation", $0] }
        let result = try project.tool.run(
            Self.base + ["--context", context, "--json"] + words + options)
        #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
        return try JSON.decode(ScoredLine.self, from: result.output)
    }

    /// Several requests in one call, through a file.
    private func score(lines: [(String, [String])], _ options: String...) throws -> [ScoredLine] {
        let texts = try lines.map {
            try JSON.text(
                JSONValue.object([
                    "context": .string($0.0), "continuations": .array($0.1.map { .string($0) }),
                ]))
        }
        try project.write(texts.joined(separator: "\n") + "\n", to: "in.jsonl")
        let result = try project.tool.run(Self.base + ["--input", "in.jsonl", "--json"] + options)
        #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
        return try result.lines.map { try JSON.decode(ScoredLine.self, from: $0) }
    }

    private func close(_ one: [Double], _ other: [Double], _ tolerance: Double = 1e-4) -> Bool {
        one.count == other.count && zip(one, other).allSatisfy { abs($0 - $1) < tolerance }
    }

    @Test func scoresEqualTransformers() throws {
        for text in try TinyReference.load().texts {
            let found = try score(text.text, text.scores.map(\.continuation))
            #expect(found.tokens == text.scores.map(\.tokens))
            #expect(found.greedy == text.scores.map(\.greedy))
            #expect(close(found.logprobs, text.scores.map(\.logprob), TinyReference.tolerance * 4))
        }
    }

    @Test func aLineHasTheThreeKeysAndNoOther() throws {
        let result = try project.tool.run(
            Self.base + ["--context", "a", "--continuation", "b", "--json"])
        guard case .object(let object) = try JSON.decode(JSONValue.self, from: result.output)
        else { return #expect(Bool(false), "not an object: \(result.output)") }
        #expect(object.keys.sorted() == ["greedy", "logprobs", "tokens"])
    }

    @Test func withoutJSONItIsForReading() throws {
        let context = "Hello, World"
        let scores = try score(context, [" A", "\n7"])
        let result = try project.tool.run(
            Self.base + ["--context", context, "--continuation", " A", "--continuation", "\n7"])
        let shown = scores.logprobs.map { NumberFormat.fixed($0, 4) }
        #expect(result.output == "\(shown[0])  1 tokens  \" A\"\n\(shown[1])  2 tokens  \"\\n7\"\n")
    }

    /// The order is the input's, equal prefixes or not, and every line is its own question.
    @Test func theOrderOfTheInputIsKept() throws {
        let lines: [(String, [String])] = [
            ("the quick", [" A", " B"]), ("zebra", [" inn"]), ("the quick brown", [" A"]),
            ("z", []), ("the quick", [" B", " A", " B"]), ("the", [" thin"]),
        ]
        let together = try score(lines: lines)
        #expect(together.map(\.logprobs.count) == [2, 1, 1, 0, 3, 1])
        for (line, found) in zip(lines, together) where !line.1.isEmpty {
            let alone = try score(line.0, line.1)
            #expect(close(found.logprobs, alone.logprobs), "\(line.0)")
            #expect(found.tokens == alone.tokens && found.greedy == alone.greedy)
        }
        #expect(close([together[4].logprobs[1]], [together[0].logprobs[0]]))
        #expect(together[4].logprobs[0] == together[4].logprobs[2])
    }

    @Test func linesComeFromStandardInputToo() throws {
        let line = #"{"context": "ab", "continuations": ["c"], "note": 1}"#
        let result = try project.tool.run(
            Self.base + ["--input", "-", "--json"], input: "\n\(line)\r\n  \n\(line)")
        #expect(result.lines.count == 2)
        #expect(Set(result.lines).count == 1)
    }

    /// The chain rule: token by token, each after all that came before.
    @Test(arguments: ["qrs xyz", "..\n\t~", "é中"])
    func aContinuationIsTheSumOfItsTokens(continuation: String) throws {
        let context = "Q: 12"
        let whole = try score(context, [continuation])
        // None of these texts has a merge, so every scalar's bytes are its tokens; scalars are
        // the smallest pieces that a command line can hold.
        var steps: [(String, [String])] = []
        var before = context
        for scalar in continuation.unicodeScalars {
            steps.append((before, [String(scalar)]))
            before.unicodeScalars.append(scalar)
        }
        // A context that ends in whitespace would give it to its continuation.
        let spaces = steps.indices.filter { steps[$0].0.last?.isWhitespace == true }
        #expect(whole.tokens == [continuation.utf8.count])
        let parts = try score(lines: steps)
        var sum = 0.0
        for (index, part) in parts.enumerated() where !spaces.contains(index + 1) {
            sum += part.logprobs[0]
        }
        #expect(close([sum], whole.logprobs, 1e-3))
    }

    /// `n` characters at the context's end go to the front of the continuation.
    @Test(arguments: [
        (" ", "A", "Hi", " A"), ("\n", "7", "Hi", "\n7"), (" \n\t", "x", "Hi", " \n\tx"),
        ("\u{a0}\u{2028}", "x", "Hi", "\u{a0}\u{2028}x"), ("\u{1f}", "x", "Hi", "\u{1f}x"),
    ])
    func whitespaceAtTheEndMovesOver(tail: String, given: String, context: String, moved: String)
        throws
    {
        let lines = try score(lines: [(context + tail, [given]), (context, [moved])])
        #expect(close(lines[0].logprobs, lines[1].logprobs))
        #expect(lines[0].tokens == lines[1].tokens)
    }

    @Test func anEmptyContextStartsFromTheFirstToken() throws {
        let empty = try score("", ["Hello", "<|begin|>Hello"])
        let begun = try score("<|begin|>", ["Hello"])
        #expect(empty.tokens == [5, 5])
        #expect(close([empty.logprobs[0]], begun.logprobs))
        // A text that brings the first token itself is not given a second one.
        #expect(empty.logprobs[0] == empty.logprobs[1])
    }

    @Test func aContextOfWhitespaceIsEmptyOnceItHasMoved() throws {
        let lines = try score(lines: [("  ", ["xyz"]), ("", ["  xyz"])])
        #expect(lines[0] == lines[1])
        #expect(lines[0].tokens == [5])
    }

    @Test func greedyIsWhatGenerateChooses() throws {
        let text = try #require(try TinyReference.load().texts.first)
        // Byte 0x69 is 'i', the likeliest token after this text.
        #expect(text.greedy.first == 0x69)
        let found = try score(text.text, ["i", "j", "ij"])
        #expect(found.greedy == [true, false, false])
        #expect(found.logprobs[0] > found.logprobs[1])
    }

    @Test func anEmptyContinuationIsCertain() throws {
        let found = try score("abc", ["", "d"])
        #expect(found.logprobs[0] == 0 && found.tokens == [0, 1] && found.greedy[0])
    }

    /// 128 positions: what does not fit falls off at the left.
    @Test func whatIsTooLongIsCutFromTheLeft() throws {
        let tail = String(repeating: "ab,", count: 42) + "zq"
        #expect(tail.utf8.count == 128)
        let lines = try score(lines: [(tail, ["!"]), ("something that falls off" + tail, ["!"])])
        #expect(close(lines[0].logprobs, lines[1].logprobs))
        #expect(lines.map(\.tokens) == [[1], [1]])
    }

    @Test func specialTokensAreRecognisedUnlessTheyArePlain() throws {
        #expect(try score("a", ["<|end|>"]).tokens == [1])
        #expect(try score("a", ["<|end|>"], "--plain").tokens == [7])
    }

    struct Mistake: CustomTestStringConvertible {
        var name: String
        var file: String
        var message: String
        var testDescription: String { name }
    }

    @Test(arguments: [
        Mistake(
            name: "not JSON", file: "{\"context\": \"a\", \"continuations\": [\"b\"]}\nnonsense\n",
            message: "in.jsonl:2: wanted {\"context\": \"..\", \"continuations\": [\"..\", ..]}, "
                + "found nonsense."),
        Mistake(
            name: "a key is missing", file: "{\"context\": \"a\"}",
            message: "in.jsonl:1: wanted {\"context\": \"..\", \"continuations\": [\"..\", ..]}, "
                + "found {\"context\": \"a\"}."),
        Mistake(
            name: "a number for a text", file: "\n{\"context\": 1, \"continuations\": []}",
            message: "in.jsonl:2: wanted {\"context\": \"..\", \"continuations\": [\"..\", ..]}, "
                + "found {\"context\": 1, \"continuations\": []}."),
    ])
    func aWrongLineIsNamed(mistake: Mistake) throws {
        try project.write(mistake.file, to: "in.jsonl")
        let result = try project.tool.run(Self.base + ["--input", "in.jsonl", "--json"])
        #expect(result.status == 2 && result.output.isEmpty)
        #expect(
            result.errors == "billion score: \(mistake.message)\nSee `billion score --help`.\n")
    }
}
