/// How a conversation becomes the tokens that a model continues.
///
/// A model with a template gets the template's text; special tokens in it are tokens. A model
/// without one, as base models are, gets a convention of this program's own:
///
///     You are brief.
///     User: Hello
///     Assistant: Hi!
///     User: Who are you?
///     Assistant:
///
/// and its answer ends where it begins to write the next `User:` itself.
package struct ChatFormat: Sendable {
    /// Nil for the plain convention.
    package let template: ChatTemplate?
    package let date: TemplateDate
    /// A text that ends the answer and is no part of it.
    package let stopText: String?
    private let tokenizer: Tokenizer

    /// The format of a model; throws when its template is beyond the interpreter.
    ///
    /// - Parameter template: Jinja text that replaces the one of the model's own file.
    package init(tokenizer: Tokenizer, date: TemplateDate = .standard, template: String? = nil)
        throws(ChatTemplateError)
    {
        self.tokenizer = tokenizer
        self.date = date
        if let source = template ?? tokenizer.chatTemplate {
            self.template = try ChatTemplate(source: source)
            stopText = nil
        } else {
            self.template = nil
            stopText = "\nUser:"
        }
    }

    /// The conversation's text up to where the next answer begins.
    ///
    /// - Parameter addGenerationPrompt: false ends it after its last message.
    package func text(of messages: [ChatMessage], addGenerationPrompt: Bool = true)
        throws(ChatTemplateError) -> String
    {
        guard let template else {
            return Self.plainText(of: messages, addGenerationPrompt: addGenerationPrompt)
        }
        return try template.render(
            messages: messages, addGenerationPrompt: addGenerationPrompt, date: date,
            bosToken: tokenizer.bosID.map { tokenizer.text(of: $0) },
            eosToken: tokenizer.eosID.map { tokenizer.text(of: $0) })
    }

    /// The conversation's text up to the end of its last message, which the model is to go on with.
    ///
    /// As transformers' `continue_final_message`: what the template puts behind the message is cut
    /// off; where it trims messages, so is whitespace at this one's end.
    package func text(continuing messages: [ChatMessage]) throws(ChatTemplateError) -> String {
        precondition(!messages.isEmpty, "there is a message to go on with")
        guard let template else {
            let (before, last) = (messages.dropLast(), messages[messages.count - 1])
            return Self.plainText(of: Array(before)) + " " + last.content
        }
        var marked = messages
        marked[marked.count - 1].content += Self.endMark + " "
        let text = try template.render(
            messages: marked, addGenerationPrompt: false, date: date,
            bosToken: tokenizer.bosID.map { tokenizer.text(of: $0) },
            eosToken: tokenizer.eosID.map { tokenizer.text(of: $0) })
        guard let end = text.ranges(of: Self.endMark).last else {
            throw ChatTemplateError(
                .evaluation, at: .init(line: 1, column: 1),
                "the last message is not in the text that it renders, and so cannot be continued.")
        }
        let kept = String(text[..<end.lowerBound])
        return text[end.upperBound...].first == " " ? kept : PythonText.stripped(kept, .right)
    }

    /// Finds the end of a message in what a template makes of it.
    private static let endMark = "CONTINUE_FINAL_MESSAGE_TAG"

    /// The same as tokens.
    ///
    /// BOS comes first when the tokenizer wants one, and once only: templates may write it too.
    package func tokens(of messages: [ChatMessage], addGenerationPrompt: Bool = true)
        throws(ChatTemplateError) -> [Int32]
    {
        let tokens = tokenizer.encode(
            try text(of: messages, addGenerationPrompt: addGenerationPrompt), addBOS: false,
            parseSpecial: template != nil)
        guard tokenizer.addsBOS, let bos = tokenizer.bosID, tokens.first != bos else {
            return tokens
        }
        return [bos] + tokens
    }

    static func plainText(of messages: [ChatMessage], addGenerationPrompt: Bool = true) -> String {
        var text = ""
        for message in messages {
            switch message.role {
            case "user": text += "User: \(message.content)\n"
            case "assistant": text += "Assistant: \(message.content)\n"
            default: text += "\(message.content)\n"
            }
        }
        return addGenerationPrompt ? text + "Assistant:" : text
    }
}
