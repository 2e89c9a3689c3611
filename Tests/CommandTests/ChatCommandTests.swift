import Basics
import TestSupport
import Testing

/// `billion chat` with its input from a pipe.
@Suite struct ChatCommandTests {
    private let project: ProjectFolder

    init() throws { project = try ProjectFolder() }

    private func chat(_ options: String..., input: String) throws -> CommandLineTool.Result {
        try project.tool.run(
            ["chat", "--model", ProjectFolder.tinyModel, "--n-gen", "6"] + options, input: input)
    }

    private static let convention =
        "tiny-llama.gguf has no chat template: its prompt is made by this program's own "
        + "convention, lines of 'User: ...' and 'Assistant: ...'."

    @Test func answersGoToStdoutAndEverythingElseToStderr() throws {
        let result = try chat(input: "Hello\n\n  \nAgain")
        #expect(result.status == 0)
        #expect(!result.output.isEmpty)
        #expect(!result.output.contains("\u{1B}"))
        #expect(!result.errors.contains("\u{1B}"))
        let notes = result.errors.split(separator: "\n").map(String.init)
        #expect(notes.first == Self.convention)
        #expect(notes.filter { $0.contains(" prompt tokens new)") }.count == 2)
        // The second prompt begins as the first one did.
        #expect(notes.filter { $0.contains("tokens (") || $0.contains("prompt tokens") }.count >= 2)
    }

    @Test func theSameInputGivesTheSameAnswers() throws {
        let first = try chat(input: "Hello\nAgain\n")
        #expect(try chat(input: "Hello\nAgain\n").output == first.output)
        #expect(try chat("--threads", "2", input: "Hello\r\nAgain").output == first.output)
        #expect(try chat("--system", "x", input: "Hello\nAgain\n").output != first.output)
        let drawn = try chat("--temperature", "2", "--seed", "4", input: "Hello\n").output
        #expect(try chat("--temperature", "2", "--seed", "4", input: "Hello\n").output == drawn)
    }

    @Test func commandsWork() throws {
        let result = try chat(
            "--system", "One.",
            input:
                "/system\nHello\n/stats\n/reset\n/system Two.\nHi\n/save talk.json\n/exit\nNot read\n"
        )
        #expect(result.status == 0, "\(result.errors)")
        for wanted in [
            "system: One.", "tiny-llama.gguf: 1 answers, ", "a new conversation.",
            "a new conversation with this system message.", "saved to talk.json.",
            "template date 2024-07-26.",
        ] {
            #expect(result.errors.contains(wanted))
        }
        struct Saved: Decodable {
            struct Conversation: Decodable {
                struct Message: Decodable, Hashable {
                    var role: String
                    var content: String
                }

                var model: String
                var messages: [Message]
            }

            var conversations: [Conversation]
            var template_date: String
        }
        let saved = try JSON.decode(Saved.self, from: project.text(of: "talk.json"))
        #expect(saved.template_date == "2024-07-26")
        #expect(saved.conversations.count == 1)
        let messages = saved.conversations[0].messages
        #expect(messages.map(\.role) == ["system", "user", "assistant"])
        #expect(messages.prefix(2).map(\.content) == ["Two.", "Hi"])
    }

    @Test func mistakesAreSaidAndTheRestIsAnswered() throws {
        let result = try chat(input: "/rest\nHello\n/model nowhere.gguf\n/save /\n")
        #expect(result.status == 1)
        #expect(result.errors.contains("unknown command '/rest'. Did you mean '/reset'?"))
        #expect(result.errors.contains("nowhere.gguf"))
        #expect(result.errors.contains("/ is there already. Choose another name."))
        #expect(result.output.split(separator: "\n").count >= 1)
    }

    @Test func aTemplateOfOnesOwnIsUsed() throws {
        try project.write(
            "<|begin|>{% for m in messages %}{{ m.content }}{% endfor %}", to: "a.jinja")
        let result = try chat("--template", "a.jinja", input: "abc\n")
        #expect(result.status == 0)
        // BOS as the template has it, once, and three letters.
        #expect(result.errors.contains("(4 of 4 prompt tokens new)"))
        #expect(!result.errors.contains("convention"))

        try project.write("{% macro m() %}{% endmacro %}", to: "b.jinja")
        let wrong = try chat("--template", "b.jinja", input: "abc\n")
        #expect(wrong.status == 2)
        #expect(
            wrong.errors
                == "billion chat: tiny-llama.gguf: chat template:1:4: the statement 'macro'"
                + " is not supported. A template of your own can replace it: --template FILE.\n")

        try project.write("{{ raise_exception('Only one message.') }}", to: "c.jinja")
        let refused = try chat("--template", "c.jinja", input: "abc\n")
        #expect(refused.status == 1)
        #expect(refused.errors == "chat template:1:19: Only one message.\n")
        #expect(refused.output.isEmpty)
    }

    @Test func aComparisonAnswersEachPromptWithAll() throws {
        let other = Fixtures.path("tiny-gptneox.gguf")
        let result = try project.tool.run(
            ["chat", "--compare", ProjectFolder.tinyModel, other, "--n-gen", "4"],
            input: "One\n/model x\nTwo\n")
        #expect(result.status == 1)
        #expect(result.errors.contains("/model does not work in a comparison."))
        let headings = result.output.split(separator: "\n").filter {
            $0 == "[tiny-llama.gguf]" || $0 == "[tiny-gptneox.gguf]"
        }
        #expect(headings.count == 4)
        #expect(
            result.errors.split(separator: "\n").filter { $0.contains("prompt tokens new") }.count
                == 4)
    }

    @Test(arguments: [
        (["chat"], "--model MODEL is missing."),
        (
            ["chat", "x.gguf"],
            "unexpected argument 'x.gguf'. One model is --model MODEL, several are --compare MODEL MODEL."
        ),
        (["chat", "--compare", "x.gguf"], "--compare needs two or three models."),
        (
            ["chat", "--compare", "a", "b", "--model", "c"],
            "--compare and --model cannot be combined; name all models after it."
        ),
        (
            ["chat", "--model", "x.gguf", "--date", "2024-02-30"],
            "--date is '2024-02-30'; wanted a day such as 2024-07-26."
        ),
        (["chat", "--compare", "a", "b", "c", "d"], "unexpected argument 'd'."),
    ])
    func wrongCallsAreExplained(words: [String], wanted: String) throws {
        let result = try project.tool.run(words)
        #expect(result.status == 2)
        #expect(result.errors == "billion chat: \(wanted)\nSee `billion chat --help`.\n")
    }
}
