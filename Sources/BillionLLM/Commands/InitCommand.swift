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
            models: found.models, pullable: found.pullable,
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

/// The text of a first manifest.
struct FirstManifest {
    static let schemaFile = "manifest.schema.json"

    let name: String
    let shownPath: String
    let models: [FoundModel]
    /// A model that could be named too, with its size; nil for none.
    let pullable: String?
    /// Editors are told of the schema when it lies beside the manifest.
    let hasSchema: Bool

    var text: String {
        let names = models.map { Self.quoted($0.name) }.joined(separator: ", ")
        let own = models.filter { $0.path != nil }
        let more =
            pullable.map {
                ["  # Others go by name (billion models list): 'run' pulls \($0)."]
            } ?? []
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
        ]
        lines += more
        lines += [
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
