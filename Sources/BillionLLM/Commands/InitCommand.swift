import Basics
import Experiments
import Hub
import Tasks

/// Writes a first manifest for the models that are on this machine.
enum InitCommand: Command {
    static let specification = CommandSpecification(
        name: "init", summary: "write a commented manifest for the models found here",
        operands: "[FILE]", operandCount: 0...1,
        examples: ["billion init", "billion init experiments/evening.yaml"])

    private static let usualFile = "mine.yaml"

    static func run(_ arguments: Arguments) throws -> ExitStatus {
        let project = try Project()
        let file =
            arguments.operands.first
            ?? FileSystem.join(FileSystem.join(project.folder, "experiments"), usualFile)
        let shown = shownPath(file, from: try Paths.workingFolder())
        guard !FileSystem.exists(file) else {
            throw UsageError(
                "\(shown) exists already and is left alone. Name another file: "
                    + "\(Program.command) init FILE")
        }
        let folder = FileSystem.folder(of: file)
        let found = try FoundModels(project: project, manifestFolder: folder)
        let name = FileSystem.name(of: file)
        let text = FirstManifest(
            name: name.hasSuffix(".yaml") ? String(name.dropLast(5)) : name, shownPath: shown,
            models: found.models,
            hasSchema: FileSystem.isFile(FileSystem.join(folder, FirstManifest.schemaFile))
        ).text
        // What is written is checked as the user's own would be.
        _ = try Plan(
            manifest: Manifest.parse(text: text, file: shown, folder: folder),
            catalog: Project.catalog)
        try FileSystem.makeFolder(folder)
        try FileSystem.write(Array(text.utf8), atomicallyTo: file)
        let command = Shell.quoted(Program.command)
        Console.print("\(shown): \(found.sentence)")
        Console.print("next: \(command) plan \(Shell.quoted(shown))")
        Console.print("then: \(command) run \(Shell.quoted(shown))")
        return .success
    }

    private static func shownPath(_ path: String, from folder: String) -> String {
        path.hasPrefix(folder + "/") ? String(path.dropFirst(folder.count + 1)) : path
    }
}

/// A model for a first manifest.
struct FoundModel: Hashable {
    let name: String
    /// Relative to the manifest's folder; nil for a model of the catalog.
    let path: String?
}

/// What a first manifest can name: GGUF files and folders of the project, and what of the catalog
/// has been pulled.
struct FoundModels {
    private(set) var models: [FoundModel] = []
    private let isFallback: Bool

    /// More are hardly meant, and a matrix grows with each.
    private static let mostModels = 4
    /// The smallest model of the catalog, which needs no account.
    private static let fallback = "smollm2-135m-instruct"

    init(project: Project, manifestFolder: String) throws {
        var found: [FoundModel] = []
        for file in Self.files(in: project.folder) {
            let path = try Self.relative(
                FileSystem.join(project.folder, file), to: manifestFolder)
            let name = Self.name(of: file, taken: found.map(\.name))
            found.append(FoundModel(name: name, path: path))
        }
        let store = try ModelAccess.standard().store
        for listing in store.list() where listing.path != nil {
            found.append(FoundModel(name: listing.model.name, path: nil))
        }
        models = Array(found.prefix(Self.mostModels))
        isFallback = found.isEmpty
        if isFallback { models = [FoundModel(name: Self.fallback, path: nil)] }
    }

    /// What was found, for the line that the command prints.
    var sentence: String {
        let names = models.map(\.name).joined(separator: ", ")
        return isFallback
            ? "no model is here yet, so it names \(names) (98 MB, fetched by 'run')."
            : "written for \(names)."
    }

    /// GGUF files and Hugging Face folders at the top and one folder below.
    private static func files(in folder: String) -> [String] {
        func models(in folder: String, prefix: String) -> [String] {
            let names = ((try? FileSystem.names(in: folder)) ?? []).sorted()
            return names.filter { $0.hasSuffix(".gguf") && isFirstPart($0) }.map { prefix + $0 }
        }
        var found = models(in: folder, prefix: "")
        for name in ((try? FileSystem.names(in: folder)) ?? []).sorted()
        where !name.hasPrefix(".") {
            let below = FileSystem.join(folder, name)
            guard FileSystem.isFolder(below) else { continue }
            found += models(in: below, prefix: name + "/")
            let weights = ["model.safetensors", "model.safetensors.index.json"]
            if FileSystem.isFile(FileSystem.join(below, "config.json")),
                weights.contains(where: { FileSystem.isFile(FileSystem.join(below, $0)) })
            {
                found.append(name)
            }
        }
        return found
    }

    /// Of a split file the first part stands for all.
    private static func isFirstPart(_ name: String) -> Bool {
        !name.contains("-of-") || name.contains("-00001-of-")
    }

    private static func relative(_ path: String, to folder: String) throws -> String {
        let here = try Paths.workingFolder()
        let start = folder.hasPrefix("/") ? folder : FileSystem.join(here, folder)
        let from = start.split(separator: "/").filter { $0 != "." }
        let to = path.split(separator: "/").filter { $0 != "." }
        guard !from.contains("..") else { return path }
        let common = zip(from, to).prefix { $0 == $1 }.count
        return
            (Array(repeating: "..", count: from.count - common) + to.dropFirst(common))
            .joined(separator: "/")
    }

    /// The file's name as one of a manifest, not one that is taken.
    private static func name(of file: String, taken: [String]) -> String {
        let last = FileSystem.name(of: file)
        let stem = last.hasSuffix(".gguf") ? String(last.dropLast(5)) : last
        let kept = stem.map { character -> Character in
            let isPlain = character.isASCII && (character.isLetter || character.isNumber)
            return isPlain || "._-+".contains(character) ? character : "-"
        }
        var name = String(kept.drop { !($0.isLetter || $0.isNumber) }.prefix(60))
        if name.isEmpty { name = "model" }
        let isKnown = taken.contains(name) || ModelCatalog.model(named: name) != nil
        return isKnown ? "\(name)-\(taken.count + 2)" : name
    }
}

/// The text of a first manifest.
struct FirstManifest {
    static let schemaFile = "manifest.schema.json"

    let name: String
    let shownPath: String
    let models: [FoundModel]
    /// Editors are told of the schema when it lies beside the manifest.
    let hasSchema: Bool

    var text: String {
        let names = models.map { Self.quoted($0.name) }.joined(separator: ", ")
        let own = models.filter { $0.path != nil }
        var lines: [String] = []
        if hasSchema { lines.append("# yaml-language-server: $schema=\(Self.schemaFile)") }
        lines += [
            "# Check it:  billion plan \(shownPath)",
            "# Run it:    billion run \(shownPath)",
            "# Any key:   billion explain KEY",
            "name: \(Self.quoted(name))",
            "",
            "# Every combination of the four lists is a job. Jobs that are done are not run again.",
            "matrix:",
            "  model: [\(names)]",
            "  # as-stored is the file as it is; add q8_0, q4_k_m, ... to see what they cost.",
            "  quantization: [as-stored]",
            "  # speed: tokens/s; memory: peak; mmlu: questions with four answers.",
            "  task: [speed, memory, mmlu]",
            "  hardware: [cpu]",
            "",
        ]
        if own.isEmpty {
            lines += [
                "# Models of your own; the matrix uses their names.",
                "# models:",
                "#   mine: {path: ../my-model.gguf}    # from this file's folder on",
                "",
            ]
        } else {
            lines.append("# Paths start at this file's folder.")
            lines.append("models:")
            for model in own {
                let path = Self.quoted(model.path ?? "")
                lines.append("  \(Self.quoted(model.name)): {path: \(path)}")
            }
            lines.append("")
        }
        lines += [
            "tasks:",
            "  # The ten small subjects that come with the program; dataset: mmlu is the real one",
            "  # (billion datasets pull mmlu). limit: questions per subject; remove it for all.",
            "  mmlu: {dataset: mini-mmlu, num_fewshot: 5, limit: 10}",
            "  speed: {n_prompt: 512, n_gen: 64, repetitions: 3}",
            "",
        ]
        return lines.joined(separator: "\n")
    }

    /// A text as YAML reads it back: plain where nothing in it means something.
    private static func quoted(_ text: String) -> String {
        let isPlain =
            text.first?.isLetter == true
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-/".contains($0)) }
        if isPlain { return text }
        return "'" + text.replacing("'", with: "''") + "'"
    }
}
