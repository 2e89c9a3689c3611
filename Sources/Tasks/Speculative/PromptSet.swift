import Basics
import LanguageModels

/// Prompts to decode from, in categories: `prompts.jsonl` of a dataset's folder.
package struct PromptSet: Sendable {
    package struct Prompt: Sendable, Decodable {
        package let id: String
        package let category: String
        /// `text` is continued as it is; `message` is put to the model as its user's.
        package let form: Form
        package let prompt: String

        package enum Form: String, Sendable, Decodable {
            case text
            case message
        }

        /// The tokens to go on after.
        package func tokens(_ tokenizer: Tokenizer) throws -> [Int32] {
            switch form {
            case .text: tokenizer.encode(prompt, addBOS: nil, parseSpecial: false)
            case .message: try ChatFormat(tokenizer: tokenizer).tokens(of: [.user(prompt)])
            }
        }
    }

    package let prompts: [Prompt]
    /// SHA-256 of the file.
    package let digest: String

    private static let fileName = "prompts.jsonl"

    package static func locate(_ name: String, in locator: DatasetLocator) throws(DatasetError)
        -> String
    {
        for folder in locator.searchFolders where !name.hasPrefix(".") && !name.contains("/") {
            let path = FileSystem.join(FileSystem.join(folder.path, name), fileName)
            if FileSystem.isFile(path) { return path }
        }
        let places = locator.searchFolders.map { "\($0.label)/\(name)" }
        throw DatasetError(
            "dataset '\(name)'",
            "looked for \(fileName) in \(places.joined(separator: " and ")), found none.")
    }

    package init(path: String) throws {
        let wanted = "an object with id, category, form (text or message) and prompt"
        let lines = try JSONLines.read(path)
        prompts = try lines.map { try $0.decode(wanted: wanted) }
        var seen: Set<String> = []
        for (line, prompt) in zip(lines, prompts) where !seen.insert(prompt.id).inserted {
            throw DatasetError(
                line.file, line: line.number, "the id '\(prompt.id)' is on an earlier line too.")
        }
        digest = try Self.digest(path)
    }

    package static func digest(_ path: String) throws -> String {
        try FileSystem.sha256(of: path)
    }

    /// The first prompts of each category, in the file's order.
    package func limited(to limit: SampleLimit) -> [Prompt] {
        var totals: [String: Int] = [:]
        for prompt in prompts { totals[prompt.category, default: 0] += 1 }
        var taken: [String: Int] = [:]
        return prompts.filter { prompt in
            taken[prompt.category, default: 0] += 1
            return taken[prompt.category, default: 0]
                <= limit.count(of: totals[prompt.category, default: 0])
        }
    }
}
