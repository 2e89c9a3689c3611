import Basics
import TestSupport
import Testing

@testable import LanguageModels

/// From messages to tokens, and where templates are found.
@Suite struct ChatFormatTests {
    private static let chatML = """
        {% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}\
        {% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}
        """

    /// Bytes, and the specials <s>, </s>, <|im_start|> and <|im_end|> as 256 to 259.
    private static func tokenizer(template: String?, addBOS: Bool) throws -> Tokenizer {
        let specials = ["<s>", "</s>", "<|im_start|>", "<|im_end|>"]
        let bytes = ByteAlphabet.spellings
        let texts = bytes + specials.map { Array($0.utf8) }
        return try Tokenizer(
            TokenizerDescription(
                model: "gpt2", pre: "gpt-2", tokens: ByteStrings(texts),
                tokenTypes: bytes.map { _ in 1 } + specials.map { _ in 3 }, bosID: 256, eosID: 257,
                addBOS: addBOS, chatTemplate: template))
    }

    @Test func specialTokensOfTheTemplateAreTokens() throws {
        let tokenizer = try Self.tokenizer(template: Self.chatML, addBOS: false)
        let format = try ChatFormat(tokenizer: tokenizer)
        let tokens = try format.tokens(of: [.user("Hi")])
        #expect(tokens.filter { $0 >= 256 } == [258, 259, 258])
        #expect(
            tokenizer.decodeText(tokens, skipSpecial: false)
                == "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n")
        #expect(format.stopText == nil)
    }

    @Test(arguments: [
        (true, "", [256]), (true, "{{ bos_token }}", [256]), (false, "", []),
        (false, "{{ bos_token }}", [256]),
    ])
    func theFirstTokenIsNeverDoubled(addBOS: Bool, prefix: String, wanted: [Int32]) throws {
        let format = try ChatFormat(
            tokenizer: Self.tokenizer(template: prefix + "x{{ eos_token }}", addBOS: addBOS))
        let tokens = try format.tokens(of: [.user("Hi")])
        #expect(tokens == wanted + [Int32(UInt8(ascii: "x")), 257])
    }

    /// What follows the last message is cut off; a template that trims takes its whitespace too.
    @Test(arguments: [
        (chatML, "<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\n a\n b \n"),
        ("{% for m in messages %}[{{ m.content | trim }}]{% endfor %}", "[Q][a\n b"),
    ])
    func theLastMessageCanBeContinued(template: String, wanted: String) throws {
        let format = try ChatFormat(
            tokenizer: Self.tokenizer(template: template, addBOS: false))
        #expect(
            try format.text(continuing: [.user("Q"), .assistant(" a\n b \n")]) == wanted)
    }

    @Test func aMessageThatIsNotShownCannotBeContinued() throws {
        let format = try ChatFormat(
            tokenizer: Self.tokenizer(
                template: "{% for m in messages %}{{ m.role }}{% endfor %}", addBOS: false))
        #expect(throws: ChatTemplateError.self) {
            try format.text(continuing: [.user("Q"), .assistant("a")])
        }
    }

    @Test func modelsWithoutATemplateGetThePlainConvention() throws {
        let tokenizer = try Self.tokenizer(template: nil, addBOS: true)
        let format = try ChatFormat(tokenizer: tokenizer)
        let messages: [ChatMessage] = [
            .system("Be brief."), .user("Hi"), .assistant("Hello"), .user("Who? </s>"),
        ]
        let text = "Be brief.\nUser: Hi\nAssistant: Hello\nUser: Who? </s>\nAssistant:"
        #expect(try format.text(of: messages) == text)
        #expect(format.stopText == "\nUser:")
        // A base model's special tokens mean nothing in a conversation.
        #expect(try format.tokens(of: messages) == [256] + text.utf8.map(Int32.init))
    }

    @Test func aTemplateBeyondTheInterpreterIsAnError() throws {
        let tokenizer = try Self.tokenizer(template: "{% macro m() %}{% endmacro %}", addBOS: true)
        let error = #expect(throws: ChatTemplateError.self) {
            try ChatFormat(tokenizer: tokenizer)
        }
        #expect(error?.kind == .unsupported)
    }

    // MARK: - Folders

    @Test(
        arguments: [
            (#"{"chat_template": "T"}"#, "T"),
            (
                #"{"chat_template": [{"name": "tool_use", "template": "U"}, {"name": "default", "template": "D"}]}"#,
                "D"
            ),
            (#"{"chat_template": null}"#, nil),
            (#"{}"#, nil),
        ] as [(String, String?)])
    func templatesOfAConfiguration(json: String, wanted: String?) throws {
        let folder = try TemporaryFolder()
        try folder.write(json, to: "tokenizer_config.json")
        #expect(try ChatTemplateFiles(folder: folder.path).template == wanted)
        try folder.write("separate", to: "chat_template.jinja")
        #expect(try ChatTemplateFiles(folder: folder.path).template == "separate")
    }

    @Test func tokensOfAConfiguration() throws {
        let folder = try TemporaryFolder()
        #expect(try ChatTemplateFiles(folder: folder.path).template == nil)
        try folder.write(
            #"{"bos_token": {"content": "<s>", "lstrip": false}, "eos_token": "</s>"}"#,
            to: "tokenizer_config.json")
        let files = try ChatTemplateFiles(folder: folder.path)
        #expect(files.bosToken == "<s>")
        #expect(files.eosToken == "</s>")
    }

    @Test(arguments: [
        ("[1]", "wanted a JSON object, found something else."),
        (#"{"chat_template": "#, "wanted a JSON object, found something else."),
        (#"{"chat_template": 5}"#, "chat_template: wanted a text or a list of {name, template}."),
        (
            #"{"chat_template": [{"name": "rag", "template": "x"}]}"#,
            "chat_template: wanted a template named 'default', found 'rag'."
        ),
        (
            #"{"chat_template": []}"#,
            "chat_template: wanted a template named 'default', found none."
        ),
    ])
    func wrongConfigurations(json: String, wanted: String) throws {
        let folder = try TemporaryFolder()
        try folder.write(json, to: "tokenizer_config.json")
        let error = #expect(throws: CheckpointError.self) {
            try ChatTemplateFiles(folder: folder.path)
        }
        #expect(error?.problem == wanted)
    }
}
