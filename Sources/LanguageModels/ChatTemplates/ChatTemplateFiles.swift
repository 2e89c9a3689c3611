import Basics

/// What a Hugging Face folder says about conversations.
///
/// The template is in `chat_template.jinja`, or else under `chat_template` in
/// `tokenizer_config.json`: a text, or a list of `{name, template}` of which `default` counts.
package struct ChatTemplateFiles: Hashable, Sendable {
    /// Jinja text; nil when the folder has none, as base models do.
    package let template: String?
    /// The text of the first token, where the configuration names it.
    package let bosToken: String?
    package let eosToken: String?

    /// Far larger than any that is known; the added tokens of some fill a few megabytes.
    private static let largestConfiguration: Int64 = 64 << 20

    /// Reads a folder; files that are not there say nothing.
    package init(folder: String) throws(CheckpointError) {
        let path = FileSystem.join(folder, "tokenizer_config.json")
        var configuration: [String: JSONValue] = [:]
        if let text = try Self.text(path, limit: Self.largestConfiguration) {
            guard case .object(let object)? = try? JSON.decode(JSONValue.self, from: text) else {
                throw CheckpointError(file: path, "wanted a JSON object, found something else.")
            }
            configuration = object
        }
        bosToken = Self.token(configuration["bos_token"])
        eosToken = Self.token(configuration["eos_token"])
        let separate = FileSystem.join(folder, "chat_template.jinja")
        if let text = try Self.text(separate, limit: Int64(TemplateLimits.sourceBytes)) {
            template = text
        } else {
            template = try Self.template(configuration["chat_template"], in: path)
        }
    }

    private static func text(_ path: String, limit: Int64) throws(CheckpointError) -> String? {
        guard FileSystem.isFile(path) else { return nil }
        let bytes: [UInt8]
        do throws(BasicsError) {
            // A file that is too large is not even read.
            let size = try FileSystem.size(of: path)
            bytes = size <= limit ? try FileSystem.read(path) : []
            if size > limit { throw .file("wanted at most \(limit) bytes, found \(size).") }
        } catch {
            throw CheckpointError(file: path, "cannot be used: \(error)")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func template(_ value: JSONValue?, in path: String) throws(CheckpointError)
        -> String?
    {
        switch value {
        case nil, .null: return nil
        case .string(let text): return text
        case .array(let entries):
            var names: [String] = []
            for entry in entries {
                guard case .object(let object) = entry, case .string(let name)? = object["name"],
                    case .string(let text)? = object["template"]
                else { continue }
                if name == "default" { return text }
                names.append(name)
            }
            throw CheckpointError(
                file: path,
                "chat_template: wanted a template named 'default', found "
                    + (names.isEmpty ? "none." : names.map(quoted).joined(separator: ", ") + "."))
        default:
            throw CheckpointError(
                file: path, "chat_template: wanted a text or a list of {name, template}.")
        }
    }

    /// A token is a text, or an object whose `content` is one.
    private static func token(_ value: JSONValue?) -> String? {
        if case .object(let object) = value { return token(object["content"]) }
        if case .string(let text) = value { return text }
        return nil
    }
}
