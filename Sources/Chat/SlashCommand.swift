import Basics

/// A line that is no message: it begins with a slash.
package enum SlashCommand: Hashable, Sendable {
    case reset
    /// Nil shows the system message, an empty text removes it.
    case system(String?)
    /// Nil shows the model.
    case model(String?)
    case save(String)
    case stats
    case help
    case exit

    /// What /help shows: the commands and what they do.
    package static let table: [(call: String, meaning: String)] = [
        ("/reset", "begin anew, with the same system message"),
        ("/system [TEXT]", "begin anew with another system message; show it; - removes it"),
        ("/model [MODEL]", "go on with another model; show which one it is"),
        ("/save FILE", "write the conversation as JSON"),
        ("/stats", "tokens, speed, and how full the context is"),
        ("/help", "this list"),
        ("/exit", "end; Ctrl-D does it too"),
    ]

    /// Reads a line that begins with a slash.
    package static func parse(_ line: String) throws(ChatError) -> SlashCommand {
        let parts = line.split(maxSplits: 1, whereSeparator: \.isWhitespace)
        let name = parts.first.map(String.init) ?? line
        var argument = parts.count > 1 ? parts[1][...] : ""
        while argument.last?.isWhitespace == true { argument.removeLast() }
        let text = argument.isEmpty ? nil : String(argument)
        switch name {
        case "/system": return .system(text == "-" ? "" : text)
        case "/model": return .model(text)
        case "/save":
            guard let text else { throw ChatError(description: "/save needs the name of a file.") }
            return .save(text)
        default: break
        }
        let simple: [String: SlashCommand] = [
            "/reset": .reset, "/stats": .stats, "/help": .help, "/exit": .exit,
        ]
        guard let command = simple[name] else {
            let names = table.map { String($0.call.prefix { $0 != " " }) }
            throw ChatError(
                description: "unknown command '\(name)'."
                    + Suggestion.sentence(for: name, among: names)
                    + " A message that begins with / needs a space before it.")
        }
        guard text == nil else { throw ChatError(description: "\(name) takes nothing after it.") }
        return command
    }
}
