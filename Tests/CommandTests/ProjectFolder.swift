import Basics
import LanguageModels
import Store
import TestSupport
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A user's project in a temporary folder, with a home, a cache and a state folder of its own.
///
/// Its model is the miniature of the fixtures, so nothing is fetched from anywhere.
final class ProjectFolder: Sendable {
    let temporary: TemporaryFolder
    let tool: CommandLineTool

    static let tinyModel = Fixtures.path("tiny-llama.gguf")

    /// Two quantizations and four tasks of the miniature model, 1 thread: about a second.
    static let manifest = """
        name: little
        description: "A miniature model."
        seed: 7
        matrix:
          model: [tiny]
          quantization: [as-stored, q8_0]
          task: [speed, memory, mmlu, zero-shot]
          hardware: [one]
        models: {tiny: {path: tiny.gguf}}
        tasks:
          speed: {n_prompt: 16, n_gen: 8, repetitions: 2}
          memory: {n_prompt: 16, n_gen: 4}
          mmlu: {num_fewshot: 1, limit: 3}
          zero-shot: {kind: mmlu, num_fewshot: 0, limit: 2}
        hardware: {one: {backend: cpu, threads: 1, compute: f32}}
        """

    /// - Parameter instructions: the instruction set to compute with; nil for the best.
    init(instructions: String? = nil) throws {
        temporary = try TemporaryFolder()
        let base = temporary.path
        var environment = [
            "HOME": base + "/home", "XDG_CACHE_HOME": base + "/cache",
            "XDG_STATE_HOME": base + "/state", "TMPDIR": base + "/tmp", "LC_ALL": "C.UTF-8",
            "BILLION_DATASETS": SharedData.packageRoot + "/datasets",
        ]
        for name in ["PATH", "LD_LIBRARY_PATH"] {
            environment[name] = ProcessInfo.processInfo.environment[name]
        }
        environment["BILLION_ISA"] = instructions
        tool = CommandLineTool(folder: base + "/project", environment: environment)
        for name in ["home", "tmp", "project/experiments"] {
            try FileSystem.makeFolder(temporary[name])
        }
    }

    /// The same with an experiment and the model that it names.
    convenience init(manifest: String, instructions: String? = nil) throws {
        try self.init(instructions: instructions)
        try write(manifest, to: "experiments/little.yaml")
        try FileSystem.write(
            try FileSystem.read(Self.tinyModel), atomicallyTo: self["experiments/tiny.gguf"])
    }

    var folder: String { tool.folder }

    var databasePath: String { self["runs.sqlite"] }

    /// The path of a file of the project.
    subscript(name: String) -> String { FileSystem.join(folder, name) }

    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        try temporary.write(text, to: "project/" + name)
    }

    func text(of name: String) throws -> String { try temporary.text(of: "project/" + name) }

    /// The names of the project's files, without `experiments`.
    var files: [String] {
        get throws { try FileSystem.names(in: folder).filter { $0 != "experiments" }.sorted() }
    }

    func run(
        _ arguments: String..., input: String = "", setting: [String: String] = [:],
        in folder: String? = nil
    ) throws -> CommandLineTool.Result {
        try tool.run(arguments, input: input, setting: setting, in: folder)
    }

    /// The rows that a query gives, as text; nil is NULL.
    func rows(_ sql: String) throws -> [[String?]] {
        let store = try ReadOnlyStore(path: databasePath)
        defer { store.close() }
        return try store.query(sql).rows.map { $0.map(Self.text) }
    }

    private static func text(_ value: SQLValue) -> String? {
        switch value {
        case .null: nil
        case .integer(let number): "\(number)"
        case .real(let number): "\(number)"
        case .text(let text): text
        case .blob(let bytes): "\(bytes)"
        }
    }
}

extension ProjectFolder {
    /// What is said of the architecture `mamba`.
    static let mambaIsNotSupported =
        "architecture 'mamba' is not supported."
        + Suggestion.sentence(for: "mamba", among: ArchitectureRegistry.all.map { $0.name })

    /// The miniature model, under another name, cut short, of an architecture that nobody runs, or
    /// with a tensor of which no value is a number.
    func writeModel(
        _ name: String, keeping count: Int? = nil, architecture: String? = nil,
        broken tensor: String? = nil
    ) throws {
        var bytes = try FileSystem.read(Self.tinyModel)
        if let tensor {
            let checkpoint = try openCheckpoint(path: Self.tinyModel)
            let range = try #require(checkpoint.tensors[tensor]).byteRange
            // Of f32 and f16 alike, all bits set is no number.
            bytes.replaceSubrange(range, with: [UInt8](repeating: 0xFF, count: range.count))
        }
        if let architecture {
            // Of the same length as `llama`, which is the value of the first key.
            let place = try #require(bytes.firstRange(of: Array("llama".utf8)))
            #expect(architecture.utf8.count == place.count)
            bytes.replaceSubrange(place, with: Array(architecture.utf8))
        }
        try FileSystem.write(Array(bytes.prefix(count ?? bytes.count)), atomicallyTo: self[name])
    }
}
