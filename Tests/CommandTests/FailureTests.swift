import Basics
import TestSupport
import Testing

/// What goes wrong in a run stays in its row, and what is wrong in a manifest starts nothing.
@Suite struct FailureTests {
    private static let experiment = "experiments/little.yaml"

    private static let manifest = """
        name: failures
        matrix:
          model: [cut, other, gone, tiny]
          quantization: [as-stored, q8_0]
          task: [mmlu]
          hardware: [one]
          exclude: [{model: gone, quantization: q8_0}, {model: other, quantization: q8_0}]
        models:
          tiny: {path: tiny.gguf}
          cut: {path: cut.gguf}
          gone: {path: gone.gguf}
          other: {path: other.gguf}
        tasks: {mmlu: {num_fewshot: 0, limit: 1}}
        hardware: {one: {backend: cpu, threads: 1}}
        """

    @Test func whatIsNoNumberIsNoResult() throws {
        let project = try ProjectFolder(
            manifest: Self.manifest
                .replacing("model: [cut, other, gone, tiny]", with: "model: [tiny]")
                .replacing("quantization: [as-stored, q8_0]", with: "quantization: [as-stored]")
                .replacing(
                    "  exclude: [{model: gone, quantization: q8_0}, {model: other, quantization: "
                        + "q8_0}]\n", with: ""))
        try project.writeModel("experiments/tiny.gguf", broken: "output_norm.weight")
        let reason =
            "of a text the model's logits are not finite numbers, so its weights or its adapter "
            + "are broken. Fetch or make the file again."
        let run = try project.run("run", Self.experiment)
        #expect(run.status == 1 && run.errors.contains(reason), "\(run.errors)")
        #expect(
            try project.rows(
                "SELECT metric FROM results WHERE metric LIKE 'acc%' "
                    + "UNION ALL SELECT sample_index FROM attempt_samples"
            ).isEmpty)
        let model = "experiments/tiny.gguf"
        let commands = [
            ["generate", "--model", model, "--prompt", "a", "--temperature", "1"],
            ["score", "--model", model, "--context", "a", "--continuation", "b"],
        ]
        for command in commands {
            let result = try project.tool.run(command)
            #expect(result.status == 2 && result.errors.contains(reason), "\(result.errors)")
            #expect(result.output.isEmpty)
        }
        let chat = try project.run("chat", "--model", model, input: "a\n")
        #expect(chat.status != 0 && chat.errors.contains(reason), "\(chat.errors)")
    }

    /// What a second model gives is in the result too.
    @Test func aBrokenReferenceIsNoResult() throws {
        let project = try ProjectFolder(
            manifest: """
                name: failures
                matrix:
                  model: [tiny]
                  quantization: [as-stored]
                  task: [fidelity]
                  hardware: [one]
                models: {tiny: {path: tiny.gguf}, parent: {path: parent.gguf}}
                tasks: {fidelity: {reference: parent, n_ctx: 32, chunks: 2, dataset: none}}
                hardware: {one: {backend: cpu, threads: 1}}
                """)
        try project.writeModel("experiments/parent.gguf", broken: "output_norm.weight")
        let run = try project.run("run", Self.experiment)
        #expect(run.status == 1, "\(run.errors)")
        #expect(
            run.errors.contains("experiments/parent.gguf: at position 16 of a text "),
            "\(run.errors)")
        #expect(try project.rows("SELECT metric FROM results WHERE unit = 'nats'").isEmpty)
    }

    @Test func aFailedJobIsARowAndTheOthersRun() throws {
        let project = try ProjectFolder(manifest: Self.manifest)
        try project.writeModel("experiments/cut.gguf", keeping: 200_000)
        try project.writeModel("experiments/other.gguf", architecture: "mamba")
        let cut =
            "tensor 'blk.1.attn_q.weight': its data takes 16384 bytes from byte 197600, the file "
            + "has 200000. It is incomplete; fetch it again."
        let reasons = [
            (1, "cut as-stored mmlu one", "experiments/cut.gguf: \(cut)"),
            (2, "cut q8_0 mmlu one", "converting to q8_0: experiments/cut.gguf: \(cut)"),
            (
                3, "other as-stored mmlu one",
                "experiments/other.gguf: \(ProjectFolder.mambaIsNotSupported)"
            ),
        ]
        let gone = "experiments/gone.gguf: no such model file. Put it there, or change 'path'."
        let plan = try project.run("plan", Self.experiment)
        #expect(plan.status == 2 && plan.lines.contains("6 jobs: 5 to do, 1 cannot run."))
        #expect(plan.lines[4].hasPrefix("  4  gone as-stored mmlu one "))
        #expect(plan.lines[4].hasSuffix("  —  cannot run"))
        #expect(plan.lines.last == "Job 4: cannot run: \(gone)")

        let run = try project.run("run", Self.experiment)
        #expect(run.status == 1)
        #expect(run.errors.hasPrefix("job 4 cannot run: \(gone)\njob 1 of 6: "), "\(run.errors)")
        #expect(run.errors.contains(": 2 done, 3 failed, 1 cannot run.\n"))
        let failures = reasons.map { "  failed  job \($0.0) of 6: \($0.1): \($0.2)\n" }
        for failure in failures { #expect(run.errors.contains(failure), "\(failure)") }
        #expect(run.errors.contains("  cannot run  job 4 of 6: gone as-stored mmlu one: \(gone)\n"))
        #expect(
            run.errors.hasSuffix(
                "Finished jobs are kept. Try the failed ones again with: billion run "
                    + "\(Self.experiment)\nReport: COMPARISON.md\n"))
        let rows = """
            SELECT m.name, j.quantization, a.status, a.reason FROM attempts a
            JOIN jobs j ON j.id = a.job_id JOIN models m ON m.id = j.model_id ORDER BY a.id
            """
        // A model that is not there has no digest, and so its job has no row.
        #expect(
            try project.rows(rows) == [
                ["cut", "as-stored", "failed", reasons[0].2],
                ["cut", "q8_0", "failed", reasons[1].2],
                ["other", "as-stored", "failed", reasons[2].2],
                ["tiny", "as-stored", "done", nil], ["tiny", "q8_0", "done", nil],
            ])
        #expect(try project.rows("SELECT DISTINCT status FROM runs") == [["failed"]])
        #expect(try project.text(of: "COMPARISON.md").contains("## Jobs without a result"))
        #expect(try project.run("report", "--check").status == 0)
        #expect(try project.files == ["COMPARISON.md", "runs.sqlite"])

        // With the files in order, the same command does what is left.
        for name in ["cut", "other", "gone"] { try project.writeModel("experiments/\(name).gguf") }
        let mended = try project.run("run", Self.experiment)
        #expect(mended.status == 0, "\(mended.errors)")
        #expect(try project.run("plan", Self.experiment).status == 0)
        #expect(try project.run("run", Self.experiment).errors.hasPrefix("Nothing left to do: "))
    }

    /// Planning fetches nothing: what would be fetched is named.
    @Test func modelsThatAreNotHereYetArePlanned() throws {
        let project = try ProjectFolder(
            manifest: """
                matrix:
                  model: [hub, smollm2-135m-instruct, tiny]
                  quantization: [as-stored]
                  task: [memory]
                  hardware: [cpu]
                models:
                  hub: {hf: some/repo, file: model.gguf, revision: main}
                  tiny: {path: tiny.gguf}
                hardware: {cpu: {backend: cpu}}
                name: planned
                """)
        let plan = try project.run("plan", Self.experiment)
        #expect(plan.status == 0 && plan.errors.isEmpty)
        // Of a repository that the catalog does not list nothing is known: no zeros.
        let columns = plan.lines.map { $0.split(separator: " ").map(String.init) }
        #expect(columns[1].suffix(6) == ["—", "—", "—", "—", "to", "do"])
        #expect(columns[2][5...6] == ["92.9", "MB"])
        #expect(columns[3][5...6] == ["none", "none"] && !columns[3].contains("0"))
        #expect(plan.lines[4] == "3 jobs: 3 to do.")
        #expect(plan.lines[5].hasPrefix("To be pulled: "))
        #expect(plan.lines[5].contains("some/repo") && plan.lines[5].contains("smollm2"))
        #expect(plan.lines.allSatisfy { $0.count <= 100 })
        #expect(try project.files.isEmpty)
    }

    /// No machine has room for the keys and values of a million positions of a 7B model.
    @Test func whatDoesNotFitIsSkippedWithTheReason() throws {
        let project = try ProjectFolder(
            manifest: """
                name: large
                matrix:
                  model: [tiny, huge]
                  quantization: [q4_0]
                  task: [memory]
                  hardware: [cpu]
                  include: [{model: huge, n_prompt: 1000000}]
                models:
                  tiny: {path: tiny.gguf}
                  huge: {random: llama-2-7b}
                tasks: {memory: {n_prompt: 16, n_gen: 4}}
                hardware: {cpu: {backend: cpu, threads: 1}}
                """)
        let plan = try project.run("plan", Self.experiment)
        #expect(plan.status == 0 && plan.lines.contains("2 jobs: 1 to do, 1 won't fit."))
        #expect(plan.lines[2].hasSuffix("  won't fit"))
        let reason = "won't fit: it needs "
        #expect(plan.output.contains("\nJob 2: \(reason)"))
        let run = try project.run("run", Self.experiment)
        #expect(run.status == 0 && run.errors.contains(": 1 done, 1 skipped.\n"))
        #expect(run.errors.contains("  skipped  job 2 of 2: huge q4_0 memory cpu: \(reason)"))
        let rows = try project.rows(
            "SELECT status, substr(reason, 1, \(reason.count)) FROM attempts ORDER BY id")
        #expect(rows == [["done", nil], ["skipped", reason]])
    }

    /// A probe predicts a time for every job whose model's shape is known.
    @Test(.enabled(if: SharedData.runsSlowTests, "measures for 20 seconds"))
    func aProbePredictsTimes() throws {
        let project = try ProjectFolder(
            manifest: """
                name: probed
                matrix:
                  model: [shape]
                  quantization: [q4_0, q8_0]
                  task: [memory]
                  hardware: [cpu]
                models: {shape: {random: tinyllama}}
                hardware: {cpu: {backend: cpu}}
                """)
        let plan = try project.run("plan", Self.experiment, "--probe")
        #expect(plan.status == 0 && plan.seconds < 60)
        #expect(plan.output.contains("(2 from the probe)."), "\(plan.output)")
    }

    /// A dataset that only some have is no failure: the job is skipped, with the way to get it.
    @Test func aMissingDatasetIsSkipped() throws {
        let manifest = Self.manifest
            .replacing("[cut, other, gone, tiny]", with: "[tiny]")
            .replacing(
                "exclude: [{model: gone, quantization: q8_0}, {model: other, quantization: q8_0}]",
                with: "exclude: []"
            )
            .replacing("{num_fewshot: 0,", with: "{dataset: mmlu, num_fewshot: 0,")
        let project = try ProjectFolder(manifest: manifest)
        let run = try project.run("run", Self.experiment)
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.errors.contains(": 0 done, 2 skipped.\n"))
        // One line for what both say.
        #expect(
            run.errors.contains(
                "  skipped  jobs 1, 2 of 2: tiny as-stored mmlu one and 1 more: dataset 'mmlu': "
                    + "looked for its folders dev and test in "))
        let plan = try project.run("plan", Self.experiment)
        #expect(plan.status == 0 && plan.lines.contains("2 jobs: 2 skipped."))
        #expect(plan.output.contains("\nJobs 1, 2: skipped: dataset 'mmlu': "))
    }

    /// Every file is checked, every mistake shown, and nothing else happens.
    @Test func validateShowsAllMistakesOfAllFiles() throws {
        let project = try ProjectFolder(manifest: ProjectFolder.manifest)
        try project.write(
            ProjectFolder.manifest.replacing("q8_0", with: "q8_O").replacing(
                "repetitions:", with: "repetitons:"), to: "experiments/two.yaml")
        try project.write("matrix: [\n", to: "experiments/three.yaml")
        let result = try project.run(
            "validate", Self.experiment, "experiments/two.yaml", "experiments/three.yaml",
            "experiments/gone.yaml", Self.experiment)
        #expect(result.status == 2)
        #expect(
            result.output == "\(Self.experiment): fine, 8 jobs\n\(Self.experiment): fine, 8 jobs\n")
        let places = result.errors.split(separator: "\n").filter { $0.hasPrefix("experiments/") }
        #expect(places.count == 4, "\(result.errors)")
        #expect(places[0].hasPrefix("experiments/two.yaml:6:29: unknown quantization 'q8_O'."))
        #expect(places[0].hasSuffix("Did you mean 'q8_0'?"))
        #expect(places[1].hasPrefix("experiments/two.yaml:11:"))
        #expect(places[1].hasSuffix("Did you mean 'repetitions'?"))
        #expect(places[2].hasPrefix("experiments/three.yaml:"))
        #expect(places[3].hasPrefix("experiments/gone.yaml: no such file"))
        #expect(try project.run("validate", Self.experiment).status == 0)
        // The same mistakes stop the other commands before anything is made.
        for command in ["run", "plan"] {
            let stopped = try project.run(command, "experiments/two.yaml")
            #expect(stopped.status == 2 && stopped.output.isEmpty)
            #expect(
                stopped.errors.contains("experiments/two.yaml:6:29: unknown quantization 'q8_O'."))
            #expect(stopped.errors.contains("Did you mean 'repetitions'?"))
        }
        #expect(try project.files.isEmpty)
    }

    /// A database that is not ours, or broken, is left as it is.
    @Test(arguments: [
        ("text", "not a database at all, but long enough to be one"),
        ("header", "SQLite format 3\u{0}"),
    ])
    func aForeignDatabaseIsRefused(name: String, content: String) throws {
        let project = try ProjectFolder(manifest: Self.manifest)
        try project.write(content, to: "runs.sqlite")
        for words in [
            ["run", Self.experiment], ["query", "SELECT 1"], ["report"], ["plan", Self.experiment],
        ] {
            let result = try project.tool.run(words)
            #expect(result.status == 2 && result.output.isEmpty, "\(words)")
            #expect(
                result.errors.hasPrefix("billion \(words[0]): \(project.databasePath): "),
                "\(result.errors)")
        }
        #expect(try project.text(of: "runs.sqlite") == content)
        #expect(try project.files == ["runs.sqlite"])
    }

    @Test func aJobThatTakesTooLongFails() throws {
        let manifest = Self.manifest
            .replacing("[cut, other, gone, tiny]", with: "[tiny]")
            .replacing(
                "exclude: [{model: gone, quantization: q8_0}, {model: other, quantization: q8_0}]",
                with: "exclude: []"
            )
            .replacing("task: [mmlu]", with: "task: [memory]")
            .replacing(
                "tasks: {mmlu: {num_fewshot: 0, limit: 1}}",
                with: "tasks: {memory: {n_prompt: 8, n_gen: 1000000}}")
        let project = try ProjectFolder(manifest: manifest)
        let run = try project.run("run", Self.experiment, "--job-timeout", "1")
        #expect(run.status == 1)
        #expect(
            run.errors.contains(
                "tiny as-stored memory one and 1 more: time limit of 1 s exceeded.\n"))
        #expect(run.errors.contains(": 0 done, 2 failed (2 timed out).\n"))
    }
}
