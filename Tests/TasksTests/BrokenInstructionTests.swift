import Basics
import LanguageModels
import TestSupport
import Testing

@testable import Tasks

/// Files that nothing can be learned from, each with its whole message.
@Suite struct BrokenInstructionTests {
    private static let forms =
        "wanted the keys instruction and output, prompt and completion, messages, or text"

    static let files: [(name: String, text: String, message: String)] = [
        ("empty.jsonl", " \n\n", "empty.jsonl: the file is empty; wanted records to learn from."),
        ("empty.json", "[ ]", "empty.json: the list is empty; wanted records to learn from."),
        (
            "keys.jsonl", "{\"text\": \"a\"}\n{\"question\": \"a\", \"answer\": \"b\"}",
            "keys.jsonl:2: \(forms); found question, answer."
        ),
        ("none.jsonl", "{}", "none.jsonl:1: \(forms); found none."),
        (
            "half.jsonl", "{\"instruction\": \"a\"}",
            "half.jsonl:1: \(forms); found instruction."
        ),
        (
            "broken.jsonl", "{\"text\": \"a\"}\n\n{\"text\": \"b\" \"c\"}",
            "broken.jsonl:3: column 14: wanted ',' or '}', found '\"'."
        ),
        (
            "broken.json", "[{\"text\": \"a\"},\n {\"text\": }]",
            "broken.json: line 2, column 11: wanted a value, found '}'."
        ),
        (
            "twice.jsonl", "{\"text\": \"a\", \"text\": \"b\"}",
            "twice.jsonl:1: column 15: the key 'text' stands twice in one object."
        ),
        ("word.jsonl", "hello", "word.jsonl:1: column 1: wanted a value, found 'h'."),
        ("number.jsonl", "7", "number.jsonl:1: wanted an object, found 7."),
        (
            "type.jsonl", "{\"instruction\": \"a\", \"output\": 5}",
            "type.jsonl:1: output: wanted a string, found 5."
        ),
        (
            "null.jsonl", "{\"instruction\": \"a\", \"output\": null}",
            "null.jsonl:1: the key 'output' is missing."
        ),
        (
            "mixed.jsonl", "{\"text\": \"a\"}\n{\"prompt\": \"a\", \"completion\": \"b\"}",
            "mixed.jsonl:2: this is a prompt with its completion, the first record is a text; a "
                + "file has one kind."
        ),
        (
            "user.jsonl", "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}",
            "user.jsonl:1: messages: wanted a conversation that ends with the assistant's words, "
                + "found the role 'user'."
        ),
        (
            "silent.jsonl", "{\"messages\": []}",
            "silent.jsonl:1: messages: wanted a conversation that ends with the assistant's words, "
                + "found no messages."
        ),
        (
            "ids.json", "[[1, -2]]", "ids.json:1: [0][1]: wanted the id of a token, found -2."
        ),
    ]

    @Test(arguments: files)
    func saysWhatIsWrong(_ file: (name: String, text: String, message: String)) throws {
        let folder = try TestSupport.TemporaryFolder()
        try folder.write(file.text, to: file.name)
        let error = #expect(throws: (any Error).self) {
            try InstructionDataset(path: folder[file.name])
        }
        #expect(error.map { "\($0)" } == file.message)
    }

    @Test func aFolderNeedsSomethingToLearn() throws {
        let folder = try TestSupport.TemporaryFolder()
        try folder.write("{}", to: "sub/test.jsonl")
        let error = #expect(throws: DatasetError.self) {
            try InstructionDataset(path: folder["sub"])
        }
        #expect("\(error!)" == "sub: wanted a file train.jsonl or train.json, found none.")
    }

    static let records: [(text: String, maxLength: Int, message: String)] = [
        (
            #"{"prompt": "one two three four five", "completion": "six"}"#, 3,
            "data.jsonl:1: no token to learn is left: the prompt has 22 tokens and max_length is "
                + "3. Raise max_length, or leave the record out."
        ),
        (
            "[[5]]", 64, "data.jsonl:1: it has 1 tokens; wanted 2 or more to learn from."
        ),
        (
            "[[5, 100000]]", 64,
            "data.jsonl:1: the model has no token 100000, its vocabulary has 267. The ids are "
                + "another model's."
        ),
    ]

    @Test(arguments: records)
    func saysWhatCannotBeLearned(_ record: (text: String, maxLength: Int, message: String)) throws {
        let folder = try TestSupport.TemporaryFolder()
        let path = try folder.write(record.text, to: "data.jsonl")
        let tokens = try InstructionTokens(
            tokenizer: openCheckpoint(path: Fixtures.path("tiny-llama.gguf")).tokenizer(),
            maxLength: record.maxLength, completionOnly: nil)
        let entry = try InstructionDataset(path: path).training[0]
        let error = #expect(throws: DatasetError.self) { try tokens.example(entry) }
        #expect(error.map { "\($0)" } == record.message)
    }

    static let formats: [(line: String, message: String)] = [
        ("", "format: wanted a line, found none."),
        ("A {words}", "format: wanted a field such as {1-4 words}, found {words}."),
        ("A {2-1 words}", "format: wanted a field such as {1-4 words}, found {2-1 words}."),
        ("A {1-2 words", "format: wanted a field such as {1-4 words}, found {1-2 words."),
        (
            "{1-2 words}{1-3 words}",
            "format: wanted a text between two fields of '{1-2 words}{1-3 words}'."
        ),
    ]

    @Test(arguments: formats)
    func saysWhatIsNoFormat(_ format: (line: String, message: String)) {
        let error = #expect(throws: DatasetError.self) {
            try AnswerFormat(format.line, of: "format")
        }
        #expect(error.map { "\($0)" } == format.message)
    }
}
