import Basics
import TestSupport
import Testing

@testable import LanguageModels

/// Rendered conversations against transformers'.
@Suite struct ChatTemplateTests {
    @Test(arguments: ChatTemplateFixtures.ownTemplates)
    func conversationsEqualTransformers(name: String) throws {
        let reference = try #require(try ChatTemplateFixtures.rendered()[name])
        let template = try ChatTemplateFixtures.template(name)
        let count = try check(template, against: reference, name)
        #expect(count == 40)
    }

    @Test(
        .enabled(
            if: SharedData.path("data/templates") != nil, "needs ../shared/data/templates"),
        arguments: ["meta-llama-Llama-3.1-8B-Instruct", "meta-llama-Llama-3.2-3B-Instruct"])
    func metasTemplatesEqualTransformers(name: String) throws {
        let path = try #require(SharedData.path("data/templates/\(name).jinja"))
        try checkDigests("\(name).jinja", template: FileSystem.read(path))
    }

    @Test(.enabled(if: SharedData.smolLM2 != nil, "needs SmolLM2"))
    func smolLM2sTemplateEqualsTransformers() throws {
        let file = try GGUFFile(path: try #require(SharedData.smolLM2))
        let source = try #require(try file.metadata.stringIfPresent("tokenizer.chat_template"))
        try checkDigests("SmolLM2", template: Array(source.utf8))
    }

    private func checkDigests(_ name: String, template: [UInt8]) throws {
        let reference = try #require(try ChatTemplateFixtures.rendered()[name])
        #expect(
            SHA256.hex(String(decoding: template, as: UTF8.self)) == reference.template_sha256,
            "the template is not the recorded one")
        let source = String(decoding: template, as: UTF8.self)
        let count = try check(ChatTemplate(source: source), against: reference, name)
        #expect(count == 40)
    }

    /// Compares both forms of all conversations and returns how many there were.
    private func check(
        _ template: ChatTemplate, against reference: ChatTemplateFixtures.Rendered, _ name: String
    ) throws -> Int {
        let conversations = try ChatTemplateFixtures.conversations()
        var count = 0
        for (conversation, forms) in reference.texts {
            let messages = try #require(conversations[conversation])
            for (form, prompt) in zip(forms, [false, true]) {
                count += 1
                let place = Comment(rawValue: "\(name), \(conversation), prompt: \(prompt)")
                let render = { () throws(ChatTemplateError) in
                    try template.render(
                        messages: messages, addGenerationPrompt: prompt,
                        bosToken: reference.tokens[0], eosToken: reference.tokens[1])
                }
                if form.error != nil {
                    let error = #expect(throws: ChatTemplateError.self, place) { try render() }
                    #expect((error?.kind == .refused) == (form.error == "TemplateError"), place)
                    if error?.kind == .refused { #expect(error?.problem == form.message, place) }
                    continue
                }
                let text = try render()
                if let wanted = form.text {
                    #expect(Array(text.utf8) == Array(wanted.utf8), place)
                } else {
                    #expect(SHA256.hex(text) == form.sha256, place)
                }
            }
        }
        return count
    }

    /// 184 snippets: each construct of the language alone.
    @Test func snippetsEqualJinja() throws {
        let messages = try #require(
            try ChatTemplateFixtures.conversations()["system and three turns"])
        let snippets = try ChatTemplateFixtures.snippets()
        #expect(snippets.count > 150)
        for snippet in snippets {
            let render = { () throws(ChatTemplateError) in
                try ChatTemplate(source: snippet.template).render(
                    messages: messages, addGenerationPrompt: true, bosToken: "<s>",
                    eosToken: "</s>")
            }
            let place = Comment(rawValue: snippet.template)
            guard let wanted = snippet.text else {
                let error = #expect(throws: ChatTemplateError.self, place) { try render() }
                let isSyntax =
                    snippet.error == "TemplateSyntaxError" || snippet.error == "SyntaxError"
                #expect(
                    (error?.kind == .syntax) == isSyntax, "\(snippet.template): \(error as Any)")
                continue
            }
            do {
                let text = try render()
                #expect(Array(text.utf8) == Array(wanted.utf8), "\(snippet.template): \(text)")
            } catch {
                Issue.record("\(snippet.template): \(error)")
            }
        }
    }

    @Test func theDateIsFixedUnlessGiven() throws {
        let template = try ChatTemplate(source: "{{ strftime_now('%d %b %Y') }}")
        let render = { (date: TemplateDate) in
            try template.render(messages: [], addGenerationPrompt: false, date: date)
        }
        #expect(try template.render(messages: [], addGenerationPrompt: false) == "26 Jul 2024")
        #expect(try render(try #require(TemplateDate("2000-02-29"))) == "29 Feb 2000")
    }

    @Test(arguments: [
        ("2024-07-26", "Friday 208"), ("2000-02-29", "Tuesday 060"), ("1999-12-31", "Friday 365"),
        ("2024-12-31", "Tuesday 366"), ("1900-03-01", "Thursday 060"), ("0001-01-01", "Monday 001"),
    ])
    func daysOfTheWeekAndYear(text: String, wanted: String) throws {
        let date = try #require(TemplateDate(text))
        let template = try ChatTemplate(source: "{{ strftime_now('%A %j') }}")
        #expect(
            try template.render(messages: [], addGenerationPrompt: false, date: date) == wanted)
        #expect(date.text == text)
    }

    @Test(arguments: [
        "", "2024", "2024-13-01", "2024-02-30", "2023-02-29", "1900-02-29", "24-01-01",
        "2024-1-01", "2024-01-01 ", "+024-01-01", "0000-01-01", "2024-00-10", "2024-10-00",
    ])
    func whatIsNoDay(text: String) { #expect(TemplateDate(text) == nil) }
}
