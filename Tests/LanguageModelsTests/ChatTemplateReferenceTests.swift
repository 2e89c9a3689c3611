import Basics
import TestSupport
import Testing

@testable import LanguageModels

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Random conversations against transformers itself, where a Python with it is at hand.
@Suite struct ChatTemplateReferenceTests {
    private static let python = ProcessInfo.processInfo.environment["BILLION_REFERENCE_PYTHON"]

    private struct Request: Encodable {
        let template: String
        let messages: [ChatMessage]
        let add_generation_prompt: Bool
        let bos_token: String
        let eos_token: String
    }

    private static let pieces = [
        "", " ", "\n", "\t", "\r\n", "a", "Hello", "é", "e\u{301}", "🙂", "你好", "'", "\"", "\\",
        "<|im_end|>", "<|eot_id|>", "</s>", "{{ x }}", "{% if %}", "{#", "\u{A0}", "\u{3000}",
        "\u{200B}", "\u{85}", "\u{1C}", "\u{2028}", "\u{FEFF}", "\u{0}", "\u{7F}", "[INST]", "0",
    ]

    private static func templates() throws -> [String] {
        var sources = try ChatTemplateFixtures.ownTemplates.map {
            try Fixtures.text("chat-templates/\($0).jinja")
        }
        for version in ["3.1-8B", "3.2-3B"] {
            let name = "data/templates/meta-llama-Llama-\(version)-Instruct.jinja"
            if let path = SharedData.path(name) {
                sources.append(String(decoding: try FileSystem.read(path), as: UTF8.self))
            }
        }
        if let path = SharedData.smolLM2 {
            let metadata = try GGUFFile(path: path).metadata
            sources += [try metadata.stringIfPresent("tokenizer.chat_template")].compactMap(\.self)
        }
        return sources
    }

    @Test(
        .enabled(
            if: python != nil && SharedData.runsSlowTests,
            "needs BILLION_REFERENCE_PYTHON, a Python with transformers; run with --slow"))
    func randomConversationsEqualTransformers() throws {
        var generator = SeededGenerator(seed: 5)
        let roles = ["user", "assistant", "system", "tool"]
        var requests: [Request] = []
        for source in try Self.templates() {
            for _ in 0..<1000 {
                let messages = (0..<Int.random(in: 0...5, using: &generator)).map { index in
                    // Mostly alternating, as templates want it.
                    let role =
                        Int.random(in: 0..<6, using: &generator) > 0
                        ? roles[index % 2] : roles[Int.random(in: 0..<4, using: &generator)]
                    let content = (0..<Int.random(in: 0...6, using: &generator)).map { _ in
                        Self.pieces[Int.random(in: 0..<Self.pieces.count, using: &generator)]
                    }
                    return ChatMessage(role: role, content: content.joined())
                }
                requests.append(
                    Request(
                        template: source, messages: messages,
                        add_generation_prompt: Bool.random(using: &generator), bos_token: "<s>",
                        eos_token: "</s>"))
            }
        }
        let lines = try requests.map { try JSON.text($0) }.joined(separator: "\n")
        let script = Fixtures.path("chat-templates/make_fixtures.py")
        let outcome = try Subprocess(
            try #require(Self.python), [script, "--stdin"],
            environment: ProcessInfo.processInfo.environment, input: .bytes(Array(lines.utf8)),
            timeLimit: .seconds(600)
        ).run()
        let answers = outcome.outputText.split(separator: "\n")
        try #require(answers.count == requests.count, "\(outcome.errorText.suffix(500))")

        var refusals = 0
        for (request, answer) in zip(requests, answers) {
            let wanted = try JSON.decode(ChatTemplateFixtures.Form.self, from: String(answer))
            let text = try? ChatTemplate(source: request.template).render(
                messages: request.messages, addGenerationPrompt: request.add_generation_prompt,
                bosToken: "<s>", eosToken: "</s>")
            if wanted.text == nil { refusals += 1 }
            #expect(
                text.map { Array($0.utf8) } == wanted.text.map { Array($0.utf8) },
                "\(request.messages) of \(request.template.prefix(60))")
        }
        print("templates: \(requests.count) conversations equal, \(refusals) of them refusals")
    }
}
