import Basics
import LanguageModels
import TestSupport
import Testing

/// Adapters where a user meets them: `--adapter`, `models merge`, `adapter:` in a manifest.
@Suite struct AdapterCommandTests {
    private let project: ProjectFolder
    private static let model = ProjectFolder.tinyModel

    init() throws {
        project = try ProjectFolder()
        try Self.write(to: project["tuned"], seed: 1)
    }

    /// An adapter of random numbers for the miniature model.
    private static func write(to folder: String, seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        func random(_ count: Int) -> [Float] {
            (0..<count).map { _ in Float.random(in: -0.5...0.5, using: &generator) }
        }
        let targets = ["q_proj", "v_proj"]
        let linears = try openCheckpoint(path: model).configuration().adaptableLinears
            .filter { targets.contains(where: $0.matches) }
        try LoRAAdapter(
            configuration: LoRAConfiguration(
                rank: 2, alpha: 4, dropout: 0, usesRankStabilizedScaling: false,
                targetModules: targets),
            modules: linears.map {
                LoRAModule(
                    path: $0.path, inputs: $0.inputs, outputs: $0.outputs,
                    a: random(2 * $0.inputs), b: random(2 * $0.outputs))
            }
        ).write(to: folder, baseModel: nil)
    }

    private func score(_ options: String...) throws -> ScoredLine {
        let result = try project.tool.run(
            ["score", "--compute", "f32", "--json", "--context", "Hello", "--continuation", " A"]
                + options)
        #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
        return try JSON.decode(ScoredLine.self, from: result.output)
    }

    /// Used beside the weights or added to them: the same model, and not the base.
    @Test func anAdapterIsUsedAndMerged() throws {
        let base = try score("--model", Self.model)
        let adapted = try score("--model", Self.model, "--adapter", "tuned")
        #expect(abs(base.logprobs[0] - adapted.logprobs[0]) > 0.01)
        let merge = try project.run(
            "models", "merge", Self.model, "tuned", "merged.gguf", "--format", "f32")
        #expect(merge.status == 0, "\(merge.errors)")
        #expect(
            merge.output == "merged.gguf: 389.8 kB, 32.00 bits/weight, tensors: 21 f32\n")
        let merged = try score("--model", "merged.gguf")
        #expect(abs(merged.logprobs[0] - adapted.logprobs[0]) < 1e-4)
        let inspected = try project.run("models", "inspect", "merged.gguf")
        #expect(
            inspected.output.contains(
                "quantized from f32, merged with LoRA of rank 2, alpha 4, on 4 layers: q_proj, "
                    + "v_proj\n"))
    }

    struct Refusal: CustomTestStringConvertible, Sendable {
        let arguments: [String]
        let message: String
        var testDescription: String { arguments.joined(separator: " ") }
    }

    static let refusals: [Refusal] = [
        .init(
            arguments: ["models", "merge", model, "tuned", "x.gguf", "--format", "q4"],
            message: "'q4'"),
        .init(
            arguments: ["models", "merge", model, "tuned"],
            message: "merge takes MODEL ADAPTER OUT."),
        .init(
            arguments: ["models", "merge", model, "tuned", "tuned/adapter_config.json"],
            message: "tuned/adapter_config.json exists already."),
        .init(
            arguments: ["models", "merge", model, "absent", "x.gguf"],
            message: "absent: there is no such folder; wanted a folder with adapter_config.json"),
        .init(
            arguments: ["generate", "--model", model, "--prompt", "a", "--adapter", "absent"],
            message: "absent: there is no such folder"),
        .init(
            arguments: ["chat", "--compare", model, model, "--adapter", "tuned"],
            message: "--compare with --adapter takes the one model that it is for."),
    ]

    @Test(arguments: refusals)
    func whatCannotBeDoneIsSaid(_ refusal: Refusal) throws {
        let result = try project.tool.run(refusal.arguments)
        #expect(result.status == 2)
        #expect(result.errors.contains(refusal.message), "\(result.errors)")
        #expect(!FileSystem.exists(project["x.gguf"]))
    }

    /// In a manifest it makes another job, and another adapter another one again.
    @Test func aManifestComparesBaseAndAdapter() throws {
        let project = try ProjectFolder(
            manifest: """
                name: little
                matrix:
                  model: [tiny, tuned]
                  quantization: [as-stored]
                  task: [mmlu]
                  hardware: [one]
                models:
                  tiny: {path: tiny.gguf}
                  tuned: {path: tiny.gguf, adapter: ../tuned}
                tasks: {mmlu: {num_fewshot: 0, limit: 1}}
                hardware: {one: {backend: cpu, threads: 1, compute: f32}}
                """)
        let missing = try project.run("run", "experiments/little.yaml")
        #expect(missing.status != 0)
        #expect(
            missing.errors.contains(
                "tuned as-stored mmlu one: experiments/../tuned: there is no such folder;"))
        try Self.write(to: project["tuned"], seed: 1)
        #expect(try project.run("run", "experiments/little.yaml").status == 0)
        try Self.write(to: project["tuned"], seed: 2)
        #expect(try project.run("run", "experiments/little.yaml").status == 0)
        #expect(
            try project.rows(
                "SELECT model, count(DISTINCT job_id) FROM results WHERE metric = 'acc' "
                    + "GROUP BY 1 ORDER BY 1") == [["tiny", "1"], ["tuned", "2"]])
        #expect(
            try project.rows(
                "SELECT DISTINCT value FROM attempt_facts WHERE name = 'adapter'")
                == [["\"LoRA of rank 2, alpha 4, on 4 layers: q_proj, v_proj\""]])
        let scores = try project.rows(
            "SELECT count(DISTINCT logprobs) FROM samples WHERE sample_index = 0")
        #expect(scores == [["3"]])
    }
}
