import Basics
import LanguageModels
import TestSupport
import Testing

@testable import Tasks

/// Instructions: the forms of files, what is learned of them, and what is said of broken ones.
@Suite struct InstructionDatasetTests {
    private static func tokenizer() throws -> Tokenizer {
        try openCheckpoint(path: Fixtures.path("tiny-llama.gguf")).tokenizer()
    }

    private static func tokens(_ maxLength: Int = 512, completionOnly: Bool? = nil) throws
        -> InstructionTokens
    {
        try InstructionTokens(
            tokenizer: tokenizer(), maxLength: maxLength, completionOnly: completionOnly)
    }

    private static func entries(_ text: String, in name: String = "data.jsonl") throws
        -> [InstructionDataset.Entry]
    {
        let folder = try TestSupport.TemporaryFolder()
        return try InstructionDataset(path: folder.write(text, to: name)).training
    }

    // MARK: Forms

    @Test func alpacaInBothFormsOfFile() throws {
        let record = #"{"instruction": "Add.", "input": "1 2", "output": "3"}"#
        let bare = #"{"output": "Yes", "instruction": "Say yes.", "id": 7}"#
        let lines = try Self.entries(record + "\n\n" + bare + "\n")
        let list = try Self.entries("[\(record),\n\(bare)]", in: "data.json")
        #expect(lines.map(\.instruction) == list.map(\.instruction))
        #expect(lines.map(\.number) == [1, 3])
        #expect(list.map(\.number) == [1, 2])
        #expect(
            lines.map(\.instruction) == [
                .completion(
                    prompt: "Below is an instruction that describes a task, paired with an input "
                        + "that provides further context. Write a response that appropriately "
                        + "completes the request.\n\n### Instruction:\nAdd.\n\n### Input:\n1 2\n\n"
                        + "### Response:\n", completion: "3", kind: .alpaca),
                .completion(
                    prompt: "Below is an instruction that describes a task. Write a response that "
                        + "appropriately completes the request.\n\n### Instruction:\nSay yes.\n\n"
                        + "### Response:\n", completion: "Yes", kind: .alpaca),
            ])
    }

    @Test func theOtherForms() throws {
        #expect(
            try Self.entries(#"{"prompt": "a", "completion": "b"}"#).map(\.instruction)
                == [.completion(prompt: "a", completion: "b", kind: .prompt)])
        #expect(
            try Self.entries(
                #"{"messages": [{"role": "user", "content": "a"}, "#
                    + #"{"role": "assistant", "content": "b"}]}"#
            ).map(\.instruction) == [.conversation([.user("a"), .assistant("b")])])
        #expect(try Self.entries(#"{"text": "abc"}"#).map(\.instruction) == [.text("abc")])
        #expect(
            try Self.entries("[[1, 5, 7], [1, 2]]", in: "ids.json").map(\.instruction)
                == [.tokens([1, 5, 7]), .tokens([1, 2])])
    }

    @Test func aFolderKeepsSomeApart() throws {
        let folder = try TestSupport.TemporaryFolder()
        try folder.write(#"{"text": "learn"}"#, to: "train.jsonl")
        #expect(try InstructionDataset(path: folder.path).heldOut == nil)
        try folder.write(#"[{"text": "keep"}]"#, to: "test.json")
        try folder.write("Say: {1-2 words}\n", to: "answer-format.txt")
        let dataset = try InstructionDataset(path: folder.path)
        #expect(dataset.training.map(\.instruction) == [.text("learn")])
        #expect(dataset.heldOut?.map(\.instruction) == [.text("keep")])
        #expect(dataset.answerFormat?.matches("Say: hello there") == true)
        #expect(
            InstructionDataset.files(of: folder.path).map(FileSystem.name)
                == ["train.jsonl", "test.json", "answer-format.txt"])
    }

    // MARK: Tokens

    @Test func promptsAreReadAndCompletionsLearned() throws {
        let tokenizer = try Self.tokenizer()
        let entry = try Self.entries(#"{"prompt": "Hello wor", "completion": "ld"}"#)[0]
        let prompt = tokenizer.encode("Hello wor", addBOS: false)
        let whole = tokenizer.encode("Hello world", addBOS: false)
        let bos = tokenizer.addsBOS ? [try #require(tokenizer.bosID)] : []
        let example = try Self.tokens().example(entry)
        #expect(example.tokens == bos + whole + [try #require(tokenizer.eosID)])
        #expect(
            example.isTarget
                == example.tokens.indices.map { $0 >= bos.count + prompt.count })
        #expect(try Self.tokens().prompt(entry) == bos + prompt)
        // All but the first token, when it is asked for.
        let all = try Self.tokens(completionOnly: false).example(entry)
        #expect(all.tokens == example.tokens)
        #expect(all.isTarget == all.tokens.indices.map { $0 > 0 })
    }

    @Test func alpacaIsLearnedWhole() throws {
        let entry = try Self.entries(#"{"instruction": "a", "output": "b"}"#)[0]
        #expect(try Self.tokens().example(entry).isTarget.filter { !$0 }.count == 1)
        let only = try Self.tokens(completionOnly: true).example(entry)
        #expect(only.isTarget.count { $0 } < only.tokens.count / 2)
        #expect(only.isTarget.last == true)
    }

    @Test func anEndThatIsThereIsNotRepeated() throws {
        let tokenizer = try Self.tokenizer()
        let end = tokenizer.text(of: try #require(tokenizer.eosID))
        let entry = try Self.entries(#"{"text": "abc\#(end)"}"#)[0]
        let tokens = try Self.tokens().example(entry).tokens
        #expect(tokens.count { $0 == tokenizer.eosID } == 1)
        #expect(tokens.last == tokenizer.eosID)
    }

    @Test func truncationKeepsTheStart() throws {
        let entry = try Self.entries(#"{"text": "one two three four five six"}"#)[0]
        let whole = try Self.tokens().example(entry)
        let cut = try Self.tokens(4).example(entry)
        #expect(cut.tokens == Array(whole.tokens.prefix(4)))
        #expect(cut.isTarget == [false, true, true, true])
    }

    @Test func tokenIDsStayAsTheyAre() throws {
        let entry = try Self.entries("[[7, 3, 9]]", in: "ids.json")[0]
        let example = try Self.tokens().example(entry)
        #expect(example == TrainingExample(tokens: [7, 3, 9], isTarget: [false, true, true]))
        #expect(try Self.tokens().prompt(entry) == nil)
    }

    /// Without a template: every turn of the assistant is learned, and the end.
    @Test func conversationsAreLearnedByTurns() throws {
        let text =
            #"{"messages": [{"role": "user", "content": "a"}, "#
            + #"{"role": "assistant", "content": "bcd"}, {"role": "user", "content": "e"}, "#
            + #"{"role": "assistant", "content": "fgh"}]}"#
        let tokenizer = try Self.tokenizer()
        try #require(tokenizer.chatTemplate == nil)
        let example = try Self.tokens(completionOnly: true).example(Self.entries(text)[0])
        let spoken = zip(example.tokens, example.isTarget).filter(\.1).map(\.0)
        let read = zip(example.tokens, example.isTarget).filter { !$0.1 }.map(\.0)
        #expect(tokenizer.decodeText(spoken).contains("bcd"))
        #expect(tokenizer.decodeText(spoken).contains("fgh"))
        #expect(!tokenizer.decodeText(read).contains("bcd"))
        #expect(!tokenizer.decodeText(spoken).contains("User"))
        #expect(spoken.last == tokenizer.eosID)
    }

    struct Reference: Decodable {
        var lengths: [Int]
        var prompts: [Int]
        var sha256: String
    }

    /// Token for token as transformers and TRL make them (`Tests/Fixtures/instructions/make_fixtures.py`).
    @Test(
        .enabled(
            if: SharedData.smolLM2 != nil && SharedData.path("data/alpaca_en_demo.json") != nil,
            "SmolLM2 or ../shared/data/alpaca_en_demo.json is not here"),
        arguments: ["completion", "conversation"])
    func tokensEqualTRL(form: String) throws {
        struct Record: Codable {
            var instruction: String
            var input: String?
            var output: String
        }
        let path = try #require(SharedData.path("data/alpaca_en_demo.json"))
        let tokenizer = try openCheckpoint(path: #require(SharedData.smolLM2)).tokenizer()
        let tokens = try InstructionTokens(
            tokenizer: tokenizer, maxLength: 512, completionOnly: true)
        var entries = try InstructionDataset(path: path).training.prefix(100)[...]
        if form == "conversation" {
            let records = try JSON.decode(
                [Record].self, from: String(decoding: FileSystem.read(path), as: UTF8.self))
            entries =
                records.prefix(100).enumerated().map { index, record in
                    let input = record.input ?? ""
                    let question = record.instruction + (input.isEmpty ? "" : "\n\(input)")
                    return InstructionDataset.Entry(
                        instruction: .conversation([.user(question), .assistant(record.output)]),
                        file: "", number: index)
                }[...]
        }
        let wanted = try #require(
            try Fixtures.json([String: Reference].self, "instructions/instruction-tokens.json")[
                form])
        let examples = try entries.map { try tokens.example($0) }
        #expect(examples.map(\.tokens.count) == wanted.lengths)
        #expect(examples.map { $0.isTarget.firstIndex(of: true) } == wanted.prompts)
        var hash = SHA256()
        for id in examples.flatMap(\.tokens) {
            withUnsafeBytes(of: id.littleEndian) { hash.update(Array($0)) }
        }
        #expect(hash.hexDigest() == wanted.sha256)
    }

    // MARK: The demo

    @Test func theDemoIsWhatItSays() throws {
        let dataset = try InstructionDataset(path: SharedData.packageRoot + "/datasets/lora-demo")
        let format = try #require(dataset.answerFormat)
        let heldOut = try #require(dataset.heldOut)
        #expect(dataset.training.count == 100)
        #expect(heldOut.count == 40)
        var prompts: Set<String> = []
        for entry in dataset.training + heldOut {
            guard case .completion(let prompt, let answer, .alpaca) = entry.instruction else {
                Issue.record("\(entry.file):\(entry.number) is no instruction")
                continue
            }
            #expect(prompts.insert(prompt).inserted, "\(entry.file):\(entry.number) repeats")
            #expect(format.matches(answer), "\(entry.file):\(entry.number): \(answer)")
        }
    }
}
