/// Who says something in a conversation, and what.
package struct ChatMessage: Hashable, Sendable, Codable {
    /// `system`, `user` or `assistant`; templates may know others.
    package var role: String
    package var content: String

    package init(role: String, content: String) {
        self.role = role
        self.content = content
    }

    package static func system(_ text: String) -> ChatMessage {
        .init(role: "system", content: text)
    }
    package static func user(_ text: String) -> ChatMessage { .init(role: "user", content: text) }
    package static func assistant(_ text: String) -> ChatMessage {
        .init(role: "assistant", content: text)
    }
}

/// A model's own Jinja text that turns a conversation into the text it was trained on.
///
///     let template = try ChatTemplate(source: jinja)
///     let text = try template.render(messages: [.user("Hello")], addGenerationPrompt: true)
///
/// The part of Jinja2 that chat templates use is interpreted (`TemplateParser`, `TemplateFilter`,
/// `TemplateCondition`, `TemplateMethods` and `TemplateFunctions` list it), and the text equals
/// that of transformers' `apply_chat_template`. Whatever else a template contains is an error that
/// names the construct and its place; so is a template that would take too long
/// (`TemplateLimits`).
package struct ChatTemplate: Sendable {
    /// The Jinja text, as the model's file has it.
    package let source: String
    private let statements: [TemplateStatement]

    /// Reads the template; throws for what is no Jinja, or Jinja beyond the known part.
    package init(source: String) throws(ChatTemplateError) {
        self.source = source
        statements = try TemplateParser.statements(of: source)
    }

    /// The text of a conversation.
    ///
    /// - Parameters:
    ///   - addGenerationPrompt: whether the text ends where the assistant's answer begins.
    ///   - date: what `strftime_now` tells the template.
    ///   - bosToken: the text of the model's first token, when it has one.
    ///   - eosToken: the text of the token that ends a turn, when it has one.
    package func render(
        messages: [ChatMessage], addGenerationPrompt: Bool, date: TemplateDate = .standard,
        bosToken: String? = nil, eosToken: String? = nil
    ) throws(ChatTemplateError) -> String {
        let site = TemplateSite(position: .init(line: 1, column: 1), meter: TemplateMeter())
        var conversation: [TemplateValue] = []
        for message in messages {
            let entries: [TemplateMapping.Entry] = [
                (.string("role"), .string(message.role)),
                (.string("content"), .string(message.content)),
            ]
            conversation.append(.mapping(try TemplateMapping(entries, at: site)))
        }
        // As in transformers: what is not given is none, and a token that is missing undefined.
        var variables: [String: TemplateValue] = [
            "messages": .list(try TemplateList(conversation, at: site)),
            "add_generation_prompt": .bool(addGenerationPrompt),
            "tools": .none,
            "documents": .none,
        ]
        variables["bos_token"] = bosToken.map { .string($0) }
        variables["eos_token"] = eosToken.map { .string($0) }
        return try render(variables, date: date)
    }

    /// For tests: any variables.
    func render(_ variables: [String: TemplateValue], date: TemplateDate = .standard)
        throws(ChatTemplateError) -> String
    {
        try TemplateInterpreter.render(
            statements, variables: variables, date: date, meter: TemplateMeter())
    }
}
