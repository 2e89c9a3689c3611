import Basics
import TestSupport
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The task `fidelity`, and the commands `compare` and `export`, on the miniature model.
@Suite struct ComparingTests {
    private static let manifest = """
        name: damage
        matrix:
          model: [tiny]
          quantization: [f32, q4_0]
          task: [mmlu, fidelity]
          hardware: [one]
        models: {tiny: {path: tiny.gguf}}
        tasks:
          mmlu: {num_fewshot: 0, limit: 5}
          fidelity: {n_ctx: 32, chunks: 3, num_fewshot: 0, limit: 2}
        hardware: {one: {backend: cpu, threads: 1, compute: f32}}
        """
    private static let experiment = "experiments/little.yaml"

    private static func measured() throws -> ProjectFolder {
        let project = try ProjectFolder(manifest: manifest)
        let result = try project.run("run", experiment)
        #expect(result.status == 0, "\(result.errors)")
        return project
    }

    @Test func damageIsMeasuredComparedAndExported() throws {
        let project = try Self.measured()
        try fidelityHasItsRows(project)
        try sidesAreCompared(project)
        try resultsAreExported(project)
        try runsAreCompared(project)
    }

    private func fidelityHasItsRows(_ project: ProjectFolder) throws {
        let rows = try project.rows(
            """
            SELECT quantization, value = 0, n FROM results
            WHERE metric = 'kl_divergence' ORDER BY quantization
            """)
        // A parent is its own equal; its quantization is not.
        #expect(rows == [["f32", "1", "45"], ["q4_0", "0", "45"]])
        #expect(
            try project.rows(
                "SELECT count(*), sum(tokens) FROM fidelity_chunks WHERE quantization = 'q4_0'")
                == [["3", "45"]])
        #expect(
            try project.rows(
                """
                SELECT count(*), sum(prediction <> reference)
                    = (SELECT round(value * n) FROM results
                        WHERE metric = 'answers_changed' AND quantization = 'q4_0')
                FROM fidelity_questions WHERE quantization = 'q4_0'
                """) == [["20", "1"]])
        let report = try project.text(of: "COMPARISON.md")
        #expect(report.contains("## Quantization damage"))
        #expect(report.contains("## Differences in accuracy"))
        #expect(report.contains("| tiny f32"))
        // Another parent is another job, and so is another text.
        let changed = Self.manifest.replacing("n_ctx: 32,", with: "n_ctx: 32, reference: f16,")
        try project.write(changed, to: "experiments/other.yaml")
        let plan = try project.run("plan", "experiments/other.yaml")
        #expect(plan.output.contains("4 jobs: 2 to do, 2 done."), "\(plan.output)")
        try project.write("the cat sat on the mat. ", to: "datasets/fidelity-text/mine.txt")
        let other = try project.run("plan", Self.experiment)
        #expect(other.output.contains("4 jobs: 2 to do, 2 done."), "\(other.output)")
        try FileSystem.remove(project["datasets"])
    }

    private struct Output: Decodable {
        struct Part: Decodable {
            struct Questions: Decodable {
                var shared, right_a, right_b, only_a, only_b: Int
                var difference, ci_low, ci_high, mcnemar_p: Double
                var finding: String
            }
            var task: String
            var questions: Questions?
        }
        var a, b: String
        var parts: [Part]
    }

    private func sidesAreCompared(_ project: ProjectFolder) throws {
        let text = try project.run("compare", "tiny:f32", "tiny:q4_0")
        #expect(text.status == 0, "\(text.errors)")
        #expect(text.output.hasPrefix("A  tiny f32\nB  tiny q4_0\n\nmini-mmlu (0-shot), one, "))
        // An alias stands for the name that the rows have.
        let alias = try project.run("compare", "smollm2:q8_0", "tiny")
        #expect(alias.status == 2)
        #expect(alias.errors.contains("no finished job has a model 'smollm2-135m-instruct'"))
        let json = try project.run("compare", "tiny:f32", "tiny:q4_0", "--json")
        let output = try JSON.decode(Output.self, from: json.output)
        let questions = try #require(
            output.parts.first { $0.task == "mini-mmlu (0-shot)" }?.questions)
        #expect(questions.shared == 50)
        #expect(questions.right_b - questions.right_a == questions.only_b - questions.only_a)
        #expect(questions.ci_low <= questions.difference)
        #expect(questions.difference <= questions.ci_high)
        let counted = try project.rows(
            """
            SELECT sum(a.correct), sum(b.correct), sum(a.correct > b.correct),
                sum(a.correct < b.correct)
            FROM samples a JOIN samples b USING (model, task, sample_index)
            WHERE a.quantization = 'f32' AND b.quantization = 'q4_0'
            """)
        #expect(
            counted == [
                [questions.right_a, questions.right_b, questions.only_a, questions.only_b]
                    .map { String($0) }
            ])
    }

    private func resultsAreExported(_ project: ProjectFolder) throws {
        let lines = try project.run("export", "--format", "lm-eval", "--output", "out")
        #expect(lines.status == 0 && lines.lines.count == 2 * 11, "\(lines.errors)")
        let folders = try FileSystem.names(in: project["out"]).sorted()
        #expect(folders == ["tiny__f32", "tiny__q4_0"])
        let files = try FileSystem.names(in: project["out/tiny__f32"])
        #expect(files.count { $0.hasPrefix("results_") && $0.hasSuffix(".json") } == 1)
        #expect(files.count { $0.hasPrefix("samples_mini_mmlu_world_religions_") } == 1)

        let tables = try project.run("export", "--format", "csv", "--output", "tables")
        #expect(tables.status == 0, "\(tables.errors)")
        for view in ["results", "samples", "leaderboard"] {
            let exported = try project.text(of: "tables/\(view).csv")
            let asked = try project.run("query", "SELECT * FROM \(view)", "--csv")
            #expect(exported == asked.output, "\(view)")
        }
        let json = try project.run("export", "--format", "json", "--output", "tables")
        #expect(json.status == 0)
        let samples = try JSON.decode(
            [[String: JSONValue]].self, from: project.text(of: "tables/samples.json"))
        #expect(samples.count == 100)
    }

    private func runsAreCompared(_ project: ProjectFolder) throws {
        let again = try project.run("run", Self.experiment, "--fresh")
        #expect(again.status == 0, "\(again.errors)")
        let runs = try project.run("compare", "1", "2")
        #expect(runs.status == 0, "\(runs.errors)")
        // The same numbers again: each cell against itself.
        #expect(runs.lines.count { $0.contains("only A 0, only B 0") } == 2, "\(runs.output)")
        #expect(runs.lines.count { $0.contains("McNemar's exact p 1.000") } == 2)
        #expect(runs.output.contains(", tiny q4_0, one, "))
    }

    /// What lm-evaluation-harness's own utilities make of an export.
    @Test(
        .enabled(
            if: SharedData.runsSlowTests && referencePython != nil,
            "slow, and needs BILLION_REFERENCE_PYTHON with lm-eval"))
    func theHarnessReadsTheExport() throws {
        let project = try Self.measured()
        _ = try project.run("export", "--format", "lm-eval", "--output", "out")
        let outcome = try Subprocess(
            try #require(Self.referencePython),
            [Fixtures.path("Reporting/read_export.py"), project["out"]],
            timeLimit: CommandLineTool.timeLimit
        ).run()
        #expect(outcome.succeeded, "\(outcome.errorText)")
        #expect(outcome.outputText.contains("\"mini_mmlu_world_religions\": 5"))
    }

    private static let referencePython =
        ProcessInfo.processInfo.environment["BILLION_REFERENCE_PYTHON"]

    struct Mistake: Sendable, CustomTestStringConvertible {
        var words: [String]
        var message: String
        var testDescription: String { words.joined(separator: " ") }
    }

    static let mistakes = [
        Mistake(words: ["compare", "a"], message: "billion compare: A B is missing.\n"),
        Mistake(
            words: ["compare", "1", "1"],
            message: "billion compare: both sides are run 1: name two different things.\n"),
        Mistake(
            words: ["compare", "a", "b"],
            message: "runs.sqlite: there is no such database."),
        Mistake(
            words: ["export", "--output", "out"],
            message: "billion export: --format lm-eval|csv|json is missing.\n"),
        Mistake(
            words: ["export", "--format", "xml", "--output", "out"],
            message: "billion export: --format is 'xml'."),
        Mistake(
            words: ["export", "--format", "csv"],
            message: "billion export: --output FOLDER is missing.\n"),
    ]

    @Test(arguments: mistakes) func mistakesAreNamed(_ mistake: Mistake) throws {
        let project = try ProjectFolder()
        let result = try project.tool.run(mistake.words)
        #expect(result.status == 2)
        #expect(result.errors.contains(mistake.message), "\(result.errors)")
        #expect(try project.files.isEmpty)
    }

    @Test func aTextThatIsNotThereIsAReason() throws {
        let project = try ProjectFolder(
            manifest: Self.manifest.replacing("n_ctx: 32,", with: "n_ctx: 32, text: diary,"))
        let plan = try project.run("plan", Self.experiment)
        #expect(
            plan.output.contains("text 'diary': looked for a folder with a .txt file in it at"),
            "\(plan.output)")
        #expect(plan.output.contains("4 jobs: 2 to do, 2 skipped."), "\(plan.output)")
    }
}
