import Basics
import TestSupport
import Testing

/// What the program says to mistakes on the command line, whole message by whole message.
@Suite struct MessageTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var words: [String]
        var message: String
        /// Whether the command's help is pointed to.
        var seesHelp = true

        init(_ words: String..., says message: String, seesHelp: Bool = true) {
            self.words = words
            self.message = message
            self.seesHelp = seesHelp
        }

        var testDescription: String { words.joined(separator: " ") }
    }

    private static let tiny = ProjectFolder.tinyModel

    static let cases = [
        Case("rnu", says: "unknown command 'rnu'. Did you mean 'run'?"),
        Case(
            "generat", "--prompt", "x", says: "unknown command 'generat'. Did you mean 'generate'?"),
        Case("tets", says: "unknown command 'tets'. Did you mean 'test'?"),
        Case("--verbose", says: "unknown command '--verbose'." + available),
        Case(
            "generate", "--modle", "x",
            says: "generate: unknown option '--modle'. Did you mean '--model'?"),
        Case(
            "generate", "-m", "x",
            says: "generate: unknown option '-m'; options are written with two dashes."),
        Case(
            "generate", "--model", says: "generate: option '--model' needs a value: --model MODEL."),
        Case("generate", "--prompt", "x", says: "generate: --model MODEL is missing."),
        Case("generate", "--model", tiny, says: "generate: --prompt TEXT is missing."),
        Case(
            "generate", "--model", tiny, "--prompt", "x", "y",
            says: "generate: unexpected argument 'y'."),
        Case(
            "generate", "--seed", "1", "--seed", "2",
            says: "generate: option '--seed' was given twice."),
        Case("generate", "--json=yes", says: "generate: option '--json' takes no value."),
        Case(
            "generate", "--model", tiny, "--prompt", "x", "--n-gen", "many",
            says: "generate: --n-gen is 'many'; wanted a whole number from 1 to 1000000."),
        Case(
            "generate", "--model", tiny, "--prompt", "x", "--n-gen", "0",
            says: "generate: --n-gen is '0'; wanted a whole number from 1 to 1000000."),
        Case(
            "generate", "--model", tiny, "--prompt", "x", "--n-gen=1.5",
            says: "generate: --n-gen is '1.5'; wanted a whole number from 1 to 1000000."),
        Case(
            "generate", "--model", tiny, "--prompt", "x", "--seed", "99999999999999999999",
            says: "generate: --seed is '99999999999999999999'; wanted a whole number from 0 to "
                + "9223372036854775807."),
        Case(
            "generate", "--model", tiny, "--prompt", "x", "--temperature", "hot",
            says: "generate: --temperature is 'hot'; wanted a number from 0.0 to 100.0."),
        Case(
            "generate", "--model", tiny, "--prompt", "x", "--temperature", "nan",
            says: "generate: --temperature is 'nan'; wanted a number from 0.0 to 100.0."),
        Case(
            "generate", "--model", tiny, "--prompt", "x", "--temperature", "-1",
            says: "generate: --temperature is '-1'; wanted a number from 0.0 to 100.0."),
        Case(
            "generate", "--model", tiny, "--prompt", "x", "--top-k", "-3",
            says: "generate: --top-k is '-3'; wanted a whole number from 0 to 1000000."),
        Case(
            "generate", "--model", tiny, "--prompt", "x", "--threads", "0",
            says: "generate: --threads is '0'; wanted a whole number from 1 to 1024."),
        Case(
            "generate", "--model", tiny, "--prompt", "x", "--quantization", "q4_o",
            says: "generate: --quantization is 'q4_o'. Did you mean 'q4_0'?"),
        Case(
            "score", "--model", tiny, "--compute", "f16",
            says: "score: --compute is 'f16'. Available: auto, f32."),
        Case(
            "score", "--model", tiny,
            says: "score: nothing to score: give --context and --continuation, or "
                + "--input FILE.jsonl."),
        Case(
            "score", "--model", tiny, "--continuation", "x",
            says: "score: --context TEXT is missing."),
        Case(
            "score", "--model", tiny, "--input", "a", "--context", "b",
            says: "score: --input cannot be combined with --context or --continuation."),
        Case(
            "score", "--model", tiny, "--input", "gone.jsonl",
            says: "score: gone.jsonl: cannot open the file: No such file or directory.",
            seesHelp: false),
        Case(
            "generate", "--model", "smolm2", "--prompt", "x",
            says: "generate: smolm2: no file of this path and no known model of this name. "
                + "Did you mean 'smollm2'?", seesHelp: false),
        Case(
            "tokenize", "--model", "gone.gguf", says: "tokenize: gone.gguf: no such model file.",
            seesHelp: false),
        Case("run", says: "run: FILE is missing."),
        Case("run", "a.yaml", "b.yaml", says: "run: unexpected argument 'b.yaml'."),
        Case("run", "gone.yaml", says: "run: gone.yaml: no such file.", seesHelp: false),
        Case(
            "run", "a.yaml", "--frehs",
            says: "run: unknown option '--frehs'. Did you mean '--fresh'?"),
        Case("plan", says: "plan: FILE... is missing."),
        Case("query", says: "query: \"SELECT ...\" is missing."),
        Case("query", "x", "--json", "--csv", says: "query: --json and --csv exclude each other."),
        Case(
            "query", "SELECT 1",
            says: "query: runs.sqlite: there is no such database. Measure something first: "
                + "./billion run experiments/quickstart.yaml", seesHelp: false),
        Case(
            "report", "--db", "x.sqlite",
            says: "report: x.sqlite: there is no such database. Measure something first: "
                + "./billion run experiments/quickstart.yaml", seesHelp: false),
        Case("gate", says: "gate: RULES.yaml is missing."),
        Case("models", "lst", says: "models: unknown action 'lst'. Did you mean 'list'?"),
        Case("models", "list", "x", says: "models: unexpected argument 'x'."),
        Case("models", "pull", says: "models: pull needs a MODEL."),
        Case("models", "inspect", says: "models: inspect takes one MODEL."),
        Case("datasets", "lst", says: "datasets: unknown action 'lst'. Did you mean 'list'?"),
        Case(
            "help", "rn", says: "help: unknown command 'rn'. Did you mean 'run'?", seesHelp: false),
    ]

    private static let available =
        " Available: cancel, chat, compare, completion, datasets, doctor, explain, export, gate, "
        + "generate, history, humaneval, init, install, kernels, log, lora, man, merge, models, "
        + "perplexity, plan, query, report, run, runs, schema, score, speed, status, submit, test, "
        + "tokenize, validate."

    private static let project = Result { try ProjectFolder() }

    @Test(arguments: cases)
    func mistakesAreNamed(mistake: Case) throws {
        let project = try Self.project.get()
        let result = try project.tool.run(mistake.words)
        // What lies in the project is named by its place.
        let errors = result.errors.replacing(project.folder + "/", with: "")
        let command =
            CommandLineTool.commands.contains(mistake.words[0]) ? mistake.words[0] + " " : ""
        let help = mistake.seesHelp ? "See `billion \(command)--help`.\n" : ""
        let separator = command.isEmpty && mistake.words[0] != "help" ? ": " : " "
        #expect(errors == "billion\(separator)\(mistake.message)\n\(help)")
        #expect(result.status == 2)
        #expect(result.output.isEmpty)
    }

    @Test func anInstructionSetThatNobodyKnowsIsNamed() throws {
        let result = try Self.project.get().run(
            "models", "list", setting: ["BILLION_ISA": "avx-2"])
        #expect(result.status == 2 && result.output.isEmpty)
        #expect(
            result.errors == "billion models: BILLION_ISA: unknown instruction set 'avx-2'. "
                + "Did you mean 'avx2'?\n")
    }

    @Test func withoutACommandThereIsTheOverview() throws {
        let project = try Self.project.get()
        let none = try project.run()
        #expect(none.status == 2 && none.output.isEmpty)
        for words in [["--help"], ["-h"], ["help"]] {
            let help = try project.tool.run(words)
            #expect(help.status == 0 && help.errors.isEmpty)
            #expect(help.output == none.errors)
        }
        for command in CommandLineTool.commands {
            #expect(none.errors.contains("\n  \(command) "), "\(command) is not listed")
        }
        // What the program calls itself is nobody's business.
        #expect(!none.errors.contains("__"))
    }

    @Test(arguments: CommandLineTool.commands)
    func everyCommandHasHelp(command: String) throws {
        let project = try Self.project.get()
        let help = try project.run(command, "--help")
        #expect(help.status == 0 && help.errors.isEmpty)
        #expect(help.output.contains("\nusage: billion \(command)"))
        #expect(help.output.contains("\nexamples:\n  "))
        #expect(try project.run(command, "-h").output == help.output)
        #expect(try project.run("help", command).output == help.output)
        // Help is asked for with whatever else is on the line.
        #expect(try project.run(command, "--nonsense", "--help").output == help.output)
        // A line has to fit; examples may be longer.
        let examples = help.output.firstRange(of: "\nexamples:")?.lowerBound ?? help.output.endIndex
        for line in help.output[..<examples].split(separator: "\n") {
            #expect(line.count <= 100, "\(line)")
        }
    }

    @Test(arguments: [["--version"], ["version"]])
    func theVersionIsALine(words: [String]) throws {
        let result = try Self.project.get().tool.run(words)
        #expect(result.status == 0 && result.errors.isEmpty)
        let parts = result.output.split(separator: " ")
        #expect(parts.count == 2 && parts[0] == "billion")
        #expect(parts.last?.split(separator: ".").count == 3)
        #expect(result.lines.count == 1)
    }
}
