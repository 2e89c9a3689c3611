import Basics
import LanguageModels

/// Something to learn from, as its file says it.
package enum Instruction: Hashable, Sendable {
    /// A prompt and what should follow it; of Alpaca's records the prompt is made by its template.
    case completion(prompt: String, completion: String, kind: Kind)
    /// A conversation that ends with the assistant's words.
    case conversation([ChatMessage])
    case text(String)
    /// Tokens of a text, all of them to be learned.
    case tokens([Int32])

    /// Where a prompt comes from, which decides what is learned by default.
    package enum Kind: Hashable, Sendable { case alpaca, prompt }
}

extension Instruction {
    /// What is asked, for people: without the words around an Alpaca instruction.
    package var question: String? {
        switch self {
        case .completion(let prompt, _, .alpaca): AlpacaTemplate.question(in: prompt)
        case .completion(let prompt, _, .prompt): prompt
        case .conversation(let messages): messages.last { $0.role == "user" }?.content
        case .text, .tokens: nil
        }
    }

    /// The answer that the dataset gives.
    package var reference: String? {
        switch self {
        case .completion(_, let completion, _): completion
        case .conversation(let messages): messages.last?.content
        case .text, .tokens: nil
        }
    }
}

/// Instructions to fine-tune on, and those kept apart to see how far it has helped.
///
/// A file in JSON (one list) or JSON Lines, or a folder with `train.jsonl` and, held out,
/// `test.jsonl` (`.json` as well). The forms of records, by their keys:
///
/// - Alpaca: `instruction`, `output`, and where there is one `input`;
/// - `prompt` and `completion`;
/// - `messages`: a conversation, a list of `role` and `content`;
/// - `text`;
/// - a list of token ids in place of a record.
package struct InstructionDataset: Sendable {
    /// One record and its place in messages.
    package struct Entry: Sendable {
        package let instruction: Instruction
        package let file: String
        /// Line of a JSON Lines file, place in a list; from 1.
        package let number: Int

        func fail(_ problem: String) -> DatasetError {
            DatasetError(file, line: number, problem)
        }
    }

    package let training: [Entry]
    /// Nil where the dataset keeps nothing apart.
    package let heldOut: [Entry]?
    /// What an answer is to look like, where the folder says it in `answer-format.txt`.
    package let answerFormat: AnswerFormat?

    /// Throws `DatasetError` for the first record that cannot be used.
    package init(path: String) throws {
        guard FileSystem.isFolder(path) else {
            training = try Self.read(path)
            (heldOut, answerFormat) = (nil, nil)
            return
        }
        guard let train = Self.file("train", in: path) else {
            throw DatasetError(
                FileSystem.name(of: path), "wanted a file train.jsonl or train.json, found none.")
        }
        training = try Self.read(train)
        heldOut = try Self.file("test", in: path).map(Self.read)
        let format = FileSystem.join(path, Self.formatName)
        answerFormat =
            FileSystem.isFile(format)
            ? try AnswerFormat(
                String(decoding: FileSystem.read(format), as: UTF8.self), of: Self.formatName)
            : nil
    }

    private static let formatName = "answer-format.txt"

    /// The files that decide what is learned and measured, for digests.
    package static func files(of path: String) -> [String] {
        guard FileSystem.isFolder(path) else { return [path] }
        let format = FileSystem.join(path, formatName)
        return [file("train", in: path), file("test", in: path)].compactMap(\.self)
            + (FileSystem.isFile(format) ? [format] : [])
    }

    private static func file(_ name: String, in folder: String) -> String? {
        ["jsonl", "json"].map { FileSystem.join(folder, "\(name).\($0)") }
            .first(where: FileSystem.isFile)
    }
}

// MARK: - Reading

extension InstructionDataset {
    /// All records of a file, of one form.
    private static func read(_ path: String) throws -> [Entry] {
        let file = FileSystem.name(of: path)
        let bytes = try FileSystem.read(path)
        guard let first = bytes.first(where: { !isSpace($0) }) else {
            throw DatasetError(file, "the file is empty; wanted records to learn from.")
        }
        let entries =
            first == UInt8(ascii: "[") ? try list(bytes, file) : try lines(bytes, file)
        guard !entries.isEmpty else {
            throw DatasetError(file, "the list is empty; wanted records to learn from.")
        }
        return entries
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        [0x20, 0x09, 0x0A, 0x0D].contains(byte)
    }

    private static func list(_ bytes: [UInt8], _ file: String) throws -> [Entry] {
        let elements = try placed(file) { try JSONDocument(bytes, file: file).root.elements() }
        var form: Form?
        return try elements.enumerated().map { index, element in
            try entry(element, &form, file: file, number: index + 1)
        }
    }

    private static func lines(_ bytes: [UInt8], _ file: String) throws -> [Entry] {
        var form: Form?
        var entries: [Entry] = []
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() where !line.allSatisfy(isSpace) {
            let root = try placed(file, line: index + 1) {
                try JSONDocument(Array(line), file: file).root
            }
            entries.append(try entry(root, &form, file: file, number: index + 1))
        }
        return entries
    }

    private static func entry(
        _ element: JSONElement, _ form: inout Form?, file: String, number: Int
    ) throws -> Entry {
        try placed(file, line: number) {
            let found = try Form(of: element)
            let wanted = form ?? found
            form = wanted
            guard found == wanted else {
                throw element.error(
                    "this is \(found.description), the first record is \(wanted.description); a "
                        + "file has one kind.")
            }
            return Entry(
                instruction: try found.instruction(element), file: file, number: number)
        }
    }

    /// Gives errors of JSON the place that a dataset's errors have.
    private static func placed<Value>(
        _ file: String, line: Int? = nil, _ body: () throws -> Value
    ) throws -> Value {
        do {
            return try body()
        } catch let error as CheckpointError {
            // A line is a document of its own: its place is the line that messages begin with.
            let own = "line 1, "
            let isRepeated = line != nil && error.problem.hasPrefix(own)
            throw DatasetError(
                file, line: line,
                isRepeated ? String(error.problem.dropFirst(own.count)) : error.problem)
        }
    }
}

/// A form of records.
private enum Form: CaseIterable, CustomStringConvertible {
    case alpaca, prompt, conversation, text, tokens

    init(of element: JSONElement) throws {
        if element.kind == .array {
            self = .tokens
            return
        }
        let keys = try element.members().map { try $0.key.string() }
        let form = Self.allCases.first { form in
            !form.keys.isEmpty && form.keys.allSatisfy(keys.contains)
        }
        guard let form else {
            let found = keys.isEmpty ? "none" : keys.prefix(8).joined(separator: ", ")
            throw element.error(
                "wanted the keys instruction and output, prompt and completion, messages, or "
                    + "text; found \(found).")
        }
        self = form
    }

    private var keys: [String] {
        switch self {
        case .alpaca: ["instruction", "output"]
        case .prompt: ["prompt", "completion"]
        case .conversation: ["messages"]
        case .text: ["text"]
        case .tokens: []
        }
    }

    var description: String {
        switch self {
        case .alpaca: "an instruction with its output"
        case .prompt: "a prompt with its completion"
        case .conversation: "a conversation"
        case .text: "a text"
        case .tokens: "a list of tokens"
        }
    }

    func instruction(_ element: JSONElement) throws -> Instruction {
        func text(_ key: String) throws -> String { try element.member(key).string() }
        switch self {
        case .alpaca:
            let input = try element.optional("input")?.string() ?? ""
            return .completion(
                prompt: AlpacaTemplate.prompt(instruction: try text("instruction"), input: input),
                completion: try text("output"), kind: .alpaca)
        case .prompt:
            return .completion(
                prompt: try text("prompt"), completion: try text("completion"), kind: .prompt)
        case .conversation: return .conversation(try messages(element.member("messages")))
        case .text: return .text(try text("text"))
        case .tokens:
            return .tokens(
                try element.elements().map { id in
                    guard let token = Int32(exactly: try id.integer()), token >= 0 else {
                        throw id.error(wanted: "the id of a token")
                    }
                    return token
                })
        }
    }

    private func messages(_ list: JSONElement) throws -> [ChatMessage] {
        let messages = try list.elements().map { message in
            ChatMessage(
                role: try message.member("role").string(),
                content: try message.member("content").string())
        }
        guard messages.last?.role == "assistant" else {
            throw list.error(
                "wanted a conversation that ends with the assistant's words, found "
                    + "\(messages.last.map { "the role '\($0.role)'" } ?? "no messages").")
        }
        return messages
    }
}

/// The prompt of Stanford's Alpaca, with a line break at its end.
package enum AlpacaTemplate {
    /// - Parameter input: empty for none.
    package static func prompt(instruction: String, input: String) -> String {
        let hasInput = !input.isEmpty
        let task =
            hasInput
            ? "Below is an instruction that describes a task, paired with an input that provides "
                + "further context. " : "Below is an instruction that describes a task. "
        return task + "Write a response that appropriately completes the request.\n\n"
            + beginning + instruction + "\n\n" + (hasInput ? "### Input:\n\(input)\n\n" : "")
            + end
    }

    private static let beginning = "### Instruction:\n"
    private static let end = "### Response:\n"

    /// The instruction, and the input after it, of a prompt that was made here.
    static func question(in prompt: String) -> String {
        let parts = prompt.split(separator: beginning, maxSplits: 1)
        guard let rest = parts.last, parts.count == 2, rest.hasSuffix("\n\n" + end) else {
            return prompt
        }
        return rest.dropLast(end.count + 2).split(separator: "\n\n### Input:\n", maxSplits: 1)
            .joined(separator: "\n")
    }
}
