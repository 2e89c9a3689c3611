import Basics
import TestSupport
import Testing

@Suite struct GenerateTests {
    private let project: ProjectFolder

    init() throws { project = try ProjectFolder() }

    private func generate(_ options: String...) throws -> CommandLineTool.Result {
        try project.tool.run(["generate", "--model", ProjectFolder.tinyModel] + options)
    }

    /// Continues a text with `--json`.
    private func json(_ options: String..., prompt: String = "Hello, World") throws
        -> GeneratedText
    {
        let result = try project.tool.run(
            ["generate", "--model", ProjectFolder.tinyModel, "--prompt", prompt, "--json"]
                + options)
        #expect(result.status == 0, "\(result.errors)")
        return try JSON.decode(GeneratedText.self, from: result.output)
    }

    @Test func greedyTokensAndLogProbabilitiesEqualTransformers() throws {
        for reference in try TinyReference.load().texts {
            let found = try json("--n-gen", "24", "--compute", "f32", prompt: reference.text)
            #expect(found.prompt_tokens == reference.prompt)
            #expect(found.tokens == reference.greedy, "after '\(reference.text)'")
            #expect(found.logprobs.count == reference.logprobs.count)
            for (one, other) in zip(found.logprobs, reference.logprobs) {
                #expect(abs(one - other) < TinyReference.tolerance)
            }
        }
    }

    @Test func theObjectHasTheFourKeysAndNoOther() throws {
        let result = try generate("--prompt", "a", "--n-gen", "3", "--json")
        #expect(result.lines.count == 1)
        guard case .object(let object) = try JSON.decode(JSONValue.self, from: result.output)
        else { return #expect(Bool(false), "not an object: \(result.output)") }
        #expect(object.keys.sorted() == ["logprobs", "prompt_tokens", "text", "tokens"])
        #expect(try json("--n-gen", "3", prompt: "a").tokens.count == 3)
    }

    @Test func theStreamIsTheSameText() throws {
        let whole = try json("--n-gen", "20").text
        let stream = try generate("--prompt", "Hello, World", "--n-gen", "20")
        #expect(stream.output == whole + "\n")
        #expect(stream.errors.isEmpty)
    }

    @Test func aSeedFixesTheDraws() throws {
        let options = ["--temperature", "1", "--n-gen", "16"]
        func draw(_ more: String...) throws -> GeneratedText {
            let result = try project.tool.run(
                ["generate", "--model", ProjectFolder.tinyModel, "--prompt", "x", "--json"]
                    + options + more)
            return try JSON.decode(GeneratedText.self, from: result.output)
        }
        #expect(try draw("--seed", "5") == draw("--seed", "5"))
        #expect(try draw("--seed", "5").tokens != draw("--seed", "6").tokens)
        #expect(try draw().tokens == draw("--seed", "0").tokens)
        #expect(try draw("--threads", "1").tokens == draw("--threads", "3").tokens)
    }

    @Test func rulesThatLeaveOneTokenAreGreedy() throws {
        let greedy = try json("--n-gen", "12", "--compute", "f32").tokens
        let hot = ["--n-gen", "12", "--compute", "f32", "--temperature", "3", "--seed", "9"]
        for rule in [["--top-k", "1"], ["--top-p", "0.000001"]] {
            let result = try project.tool.run(
                ["generate", "--model", ProjectFolder.tinyModel, "--prompt", "Hello, World"]
                    + ["--json"] + hot + rule)
            #expect(try JSON.decode(GeneratedText.self, from: result.output).tokens == greedy)
        }
        #expect(try json("--n-gen", "12", "--temperature", "0.001").tokens == greedy)
        #expect(try json("--n-gen", "12", "--temperature", "3", "--seed", "9").tokens != greedy)
    }

    /// Log-probabilities are the model's own, whatever the draw was from.
    @Test func logProbabilitiesDoNotDependOnTheTemperature() throws {
        let cold = try json("--n-gen", "8", "--compute", "f32")
        let hot = try json("--n-gen", "8", "--compute", "f32", "--temperature", "2", "--top-k", "1")
        #expect(cold == hot)
    }

    @Test func itEndsWhereTheContextDoes() throws {
        // 128 positions, 120 of them taken by the prompt; the last token needs none.
        let long = try json(prompt: String(repeating: "x", count: 120))
        #expect(long.prompt_tokens.count == 120)
        #expect(long.tokens.count <= 9)
        let result = try generate("--prompt", String(repeating: "x", count: 128), "--json")
        #expect(result.status == 2)
        #expect(
            result.errors
                == "billion generate: the prompt has 128 tokens and the model's context holds 128."
                + " Shorten the prompt.\nSee `billion generate --help`.\n")
    }

    @Test func textOfSpecialTokensIsRecognisedUnlessItIsPlain() throws {
        #expect(try json("--n-gen", "1", prompt: "<|begin|>a").prompt_tokens == [265, 97])
        let plain = try json("--n-gen", "1", "--plain", prompt: "<|begin|>a").prompt_tokens
        #expect(plain == Array("<|beg".utf8).map(Int32.init) + [259] + [124, 62, 97])
    }

    @Test func anEmptyPromptStartsFromTheFirstToken() throws {
        #expect(try json("--n-gen", "1", prompt: "").prompt_tokens == [265])
    }

    @Test(arguments: ["q8_0", "f16"])
    func quantizationIsMadeOnceAndNearlyTheSame(format: String) throws {
        let first = try json("--n-gen", "1", "--quantization", format, "--compute", "f32")
        let stored = try json("--n-gen", "1", "--compute", "f32")
        #expect(first.tokens == stored.tokens)
        // Requantized weights cannot give the very same sum.
        #expect(first.logprobs != stored.logprobs)
        #expect(abs(first.logprobs[0] - stored.logprobs[0]) < 0.1)
        let made = try FileSystem.names(in: project.temporary["cache/billion-llm/quantized"])
        #expect(made.filter { $0.hasSuffix(".gguf") }.count == 1)
        #expect(!made.contains { $0.hasSuffix(".part") })
        #expect(try json("--n-gen", "1", "--quantization", format, "--compute", "f32") == first)
    }
}
