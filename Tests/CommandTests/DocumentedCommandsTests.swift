import Basics
import TestSupport
import Testing

/// Every command that the documents show is run, in the order in which they show it, with a
/// miniature in the place of the model.
@Suite struct DocumentedCommandsTests {
    private static let pages = ["README.md", "CONTRIBUTING.md", "datasets/README.md"]

    /// Not run here, and why.
    private static let elsewhere = [
        ("billion test", "it is what runs this"),
        ("billion datasets pull", "it fetches or needs the real MMLU: see HubTests"),
        ("billion humaneval check", "it asks for the real HumanEval: see HumanEvalRunTests"),
    ]

    private static let manifest = """
        name: mine
        matrix:
          model: [tiny, mine]
          quantization: [f32, q8_0, q4_0]
          task: [speed, mmlu]
          hardware: [cpu]
        models:
          tiny: {path: ../tiny.gguf}
          mine: {path: ../my-model.gguf}
        tasks:
          speed: {n_prompt: 16, n_gen: 64, repetitions: 2}
          mmlu: {num_fewshot: 0, limit: 1}
        hardware: {cpu: {backend: cpu, threads: 1, compute: f32}}
        """

    /// A project with all the files that the documents speak of.
    private func project() throws -> ProjectFolder {
        let project = try ProjectFolder()
        for name in ["tiny.gguf", "my-model.gguf"] { try project.writeModel(name) }
        try project.write(Self.manifest, to: "experiments/mine.yaml")
        try project.write(Self.manifest, to: "experiments/quickstart.yaml")
        try project.write("#SBATCH --partition=short\n", to: "cluster.sh")
        try project.write(
            """
            rules:
              - mmlu.acc >= 0
              - tg64 not worse than baseline by 5 %
            """, to: "rules.yaml")
        // As the checkout has it, and as an installation puts it into the PATH.
        for folder in [project.folder, project.temporary["bin"]] {
            try FileSystem.makeFolder(folder)
            try program(folder + "/billion", "exec '\(CommandLineTool.executable)' \"$@\"")
        }
        try program(project.temporary["bin/sbatch"], "cat >/dev/null; echo 1")
        return project
    }

    private func program(_ path: String, _ line: String) throws {
        try FileSystem.write(Array("#!/bin/sh\n\(line)\n".utf8), atomicallyTo: path)
        _ = try Subprocess("chmod", ["+x", path]).run()
    }

    private func run(_ command: String, in project: ProjectFolder) throws -> (Int32, String) {
        var environment = project.tool.environment
        environment["PATH"] = project.temporary["bin"] + ":" + (environment["PATH"] ?? "")
        let process = Subprocess(
            "/bin/sh", ["-c", "cd '\(project.folder)' && \(command)"], environment: environment,
            input: .bytes([]), timeLimit: CommandLineTool.timeLimit)
        let outcome = try process.run()
        let status: Int32 = if case .exited(let code) = outcome.ending { code } else { -1 }
        return (status, outcome.outputText + outcome.errorText)
    }

    /// What stands in the document, for the miniature and without what nobody has here.
    private static func adapted(_ command: String) -> String {
        var text = command.replacing("smollm2-135m-instruct", with: "tiny")
        for option in ["--model", "--draft", "--compare", "inspect"] {
            text = text.replacing("\(option) smollm2", with: "\(option) tiny.gguf")
        }
        return text.replacing("smollm2", with: "tiny")
            .replacing("parallel -j 4", with: "sh")
            .replacing(
                "./billion status --watch", with: "timeout -s INT 2 ./billion status --watch")
    }

    /// The exit codes that are right; 0 where nothing is said.
    private static func allowed(_ command: String) -> [Int32] {
        if command.contains("status --watch") { return [124] }
        // Nothing runs that could be taken off.
        if command.contains("billion cancel") { return [2] }
        return command.contains("billion gate") ? [0, 3] : [0]
    }

    @Test(.enabled(if: CommandLineTool.isReleaseBuild, "speed refuses a debug build"))
    func everyCommandInABlockRuns() throws {
        let project = try project()
        var count = 0
        for page in Self.pages {
            let text = String(
                decoding: try FileSystem.read(SharedData.packageRoot + "/" + page), as: UTF8.self)
            for command in ShellBlocks.commands(in: text) {
                if Self.elsewhere.contains(where: { command.contains($0.0) }) { continue }
                if command.contains("billion merge") {
                    // What the cells of an array leave.
                    try FileSystem.makeFolder(project["mine.slurm/cells"])
                    let rows = try FileSystem.read(project.databasePath)
                    try FileSystem.write(rows, atomicallyTo: project["mine.slurm/cells/1.sqlite"])
                }
                if command.contains("billion gate") {
                    try FileSystem.write(
                        FileSystem.read(project.databasePath), atomicallyTo: project["main.sqlite"])
                }
                let (status, said) = try run(Self.adapted(command), in: project)
                #expect(
                    Self.allowed(command).contains(status), "\(page): \(command)\n\(said)")
                count += 1
            }
        }
        #expect(count >= 35, "only \(count) commands were found")
    }

    /// Those in running text that can be typed as they stand.
    @Test func everyWholeCommandInASentenceRuns() throws {
        var commands: Set<String> = []
        for page in Self.pages {
            let text = String(
                decoding: try FileSystem.read(SharedData.packageRoot + "/" + page), as: UTF8.self)
            for (index, span) in text.split(separator: "`", omittingEmptySubsequences: false)
                .enumerated()
            where index % 2 == 1 && span.hasPrefix("./billion ") {
                let hasPlaceholder = span.split(separator: " ").contains { word in
                    word.allSatisfy { $0.isUppercase }
                }
                if !hasPlaceholder { commands.insert(String(span)) }
            }
        }
        #expect(commands.isSuperset(of: ["./billion init", "./billion models list"]))
        for command in commands.sorted() {
            if Self.elsewhere.contains(where: { command.contains($0.0) }) { continue }
            let project = try project()
            // `init` writes this one, and `report` is about results.
            if command.contains("init") { try FileSystem.remove(project["experiments/mine.yaml"]) }
            if command.contains("report") {
                _ = try run("./billion run experiments/mine.yaml", in: project)
            }
            let (status, said) = try run(Self.adapted(command), in: project)
            #expect(status == 0, "\(command)\n\(said)")
        }
    }
}

/// Command lines in the indented blocks of a Markdown page.
private enum ShellBlocks {
    static func commands(in page: String) -> [String] {
        var commands: [String] = []
        var open: String?
        for line in page.split(separator: "\n", omittingEmptySubsequences: false) {
            guard line.hasPrefix("    ") else {
                open = nil
                continue
            }
            if let begun = open {
                open = begun + "\n" + line.dropFirst(4)
            } else {
                var text = line.drop { $0 == " " }
                let isPrompt = text.hasPrefix("$ ")
                if isPrompt { text = text.dropFirst(2) }
                guard text.hasPrefix("./billion ") || text.hasPrefix("billion ") || isPrompt else {
                    continue
                }
                // What stands beside a command says what it does.
                let command =
                    isPrompt
                    ? text : text.firstRange(of: "  ").map { text[..<$0.lowerBound] } ?? text
                open = String(command)
            }
            // A quotation goes on over several lines.
            if let whole = open, whole.filter({ $0 == "\"" }).count.isMultiple(of: 2) {
                commands.append(whole)
                open = nil
            }
        }
        return commands
    }
}
