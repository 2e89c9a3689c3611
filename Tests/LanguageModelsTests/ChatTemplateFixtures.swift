import Basics
import TestSupport

@testable import LanguageModels

/// What transformers rendered (`Tests/Fixtures/chat-templates/make_fixtures.py`).
enum ChatTemplateFixtures {
    /// One rendering: a text, its digest, or the error that Python raised.
    struct Form: Decodable {
        let text: String?
        let sha256: String?
        let error: String?
        let message: String?
    }

    struct Rendered: Decodable {
        /// The texts of BOS and EOS.
        let tokens: [String]
        /// For templates that are not beside the fixtures.
        let template_sha256: String?
        /// Without and with the generation prompt.
        let texts: [String: [Form]]
    }

    struct Snippet: Decodable {
        let template: String
        let text: String?
        let error: String?
        let message: String?
    }

    private struct Message: Decodable {
        let role: String
        let content: String
    }

    static func conversations() throws -> [String: [ChatMessage]] {
        try Fixtures.json([String: [Message]].self, "chat-templates/conversations.json")
            .mapValues { $0.map { ChatMessage(role: $0.role, content: $0.content) } }
    }

    static func rendered() throws -> [String: Rendered] {
        try Fixtures.json([String: Rendered].self, "chat-templates/rendered.json")
    }

    static func snippets() throws -> [Snippet] {
        try Fixtures.json([Snippet].self, "chat-templates/expressions.json")
    }

    /// The templates written for this project.
    static let ownTemplates = [
        "tinyllama-chat", "llama-2-chat", "stablelm-2-chat", "stablelm-zephyr",
    ]

    static func template(_ name: String) throws -> ChatTemplate {
        try ChatTemplate(source: Fixtures.text("chat-templates/\(name).jinja"))
    }
}
