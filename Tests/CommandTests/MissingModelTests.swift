import Basics
import TestSupport
import Testing

/// A model that is not where the manifest says: `validate`, `plan` and `run` say the same of it.
@Suite struct MissingModelTests {
    private static let experiment = "experiments/little.yaml"

    private static func manifest(path: String) -> String {
        """
        name: two
        matrix:
          model: [tiny, mine]
          quantization: [as-stored, q8_0]
          task: [memory]
          hardware: [one]
        models:
          tiny: {path: tiny.gguf}
          mine: {path: \(path)}
        tasks: {memory: {n_prompt: 16, n_gen: 4}}
        hardware: {one: {backend: cpu, threads: 1}}
        """
    }

    @Test func threeCommandsSayTheSame() throws {
        let project = try ProjectFolder(manifest: Self.manifest(path: "elsewhere.gguf"))
        let reason =
            "experiments/elsewhere.gguf: no such model file. Put it there, or change 'path'."
        let check = try project.run("validate", Self.experiment)
        #expect(check.status == 2 && check.output.isEmpty)
        #expect(
            check.errors == """
                experiments/little.yaml: well-formed, but 2 of its 4 jobs cannot run:
                experiments/little.yaml:9:3: model 'mine': \(reason)
                    mine: {path: elsewhere.gguf}
                    ^

                """)
        let plan = try project.run("plan", Self.experiment)
        #expect(plan.status == 2)
        #expect(plan.lines[5] == "4 jobs: 2 to do, 2 cannot run.")
        // Its prose is broken at spaces.
        let prose = plan.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(prose.hasSuffix(" Jobs 3, 4: cannot run: \(reason)"))
        #expect(try project.run("run", Self.experiment, "--dry-run").status == 2)
        let commands = try project.run("plan", Self.experiment, "--commands")
        #expect(commands.status == 2 && commands.lines.count == 2)
        #expect(commands.errors.hasPrefix("experiments/little.yaml: some jobs cannot run "))

        let run = try project.run("run", Self.experiment)
        #expect(run.status == 2)
        // Before the others take their time, and at the end.
        #expect(run.errors.hasPrefix("jobs 3, 4 cannot run: \(reason)\njob 1 of 4: "))
        #expect(run.errors.contains(": 2 done, 2 cannot run.\n"))
        #expect(
            run.errors.contains(
                "\n  cannot run  jobs 3, 4 of 4: mine as-stored memory one and 1 more: \(reason)\n")
        )
        #expect(
            run.errors.hasSuffix(
                "\nWith that mended, the same command goes on: billion run "
                    + "experiments/little.yaml\nReport: COMPARISON.md\n"))
        // Without new rows it is no different.
        let again = try project.run("run", Self.experiment)
        #expect(
            again.status == 2 && again.errors.contains(": 0 done, 2 done before, 2 cannot run."))

        try project.writeModel("experiments/elsewhere.gguf")
        #expect(
            try project.run("validate", Self.experiment).output
                == "experiments/little.yaml: fine, 4 jobs\n")
        #expect(try project.run("run", Self.experiment).status == 0)
    }

    @Test func withoutAnyModelNothingIsWritten() throws {
        let project = try ProjectFolder(manifest: Self.manifest(path: "mine.gguf"))
        try FileSystem.remove(project["experiments/tiny.gguf"])
        let check = try project.run("validate", Self.experiment)
        #expect(check.status == 2)
        #expect(
            check.errors.hasPrefix(
                "experiments/little.yaml: well-formed, but none of its 4 jobs can run:\n"
                    + "experiments/little.yaml:8:3: model 'tiny': experiments/tiny.gguf: "))
        let run = try project.run("run", Self.experiment)
        #expect(run.status == 2 && run.errors.hasPrefix("4 jobs in "))
        #expect(run.errors.contains(": 0 done, 4 cannot run.\n"))
    }

    /// What was probably meant, as it has to be written.
    @Test(arguments: [
        ("my-modle.gguf", "Did you mean 'my-model.gguf'?"),
        ("./my-modle.gguf", "Did you mean './my-model.gguf'?"),
        (
            "at-the-top.gguf",
            "Did you mean '../at-the-top.gguf'? Paths start at the manifest's folder."
        ),
        (
            "models/deep.gguf",
            "Did you mean '../models/deep.gguf'? Paths start at the manifest's folder."
        ),
        ("../at-teh-top.gguf", "Did you mean '../at-the-top.gguf'?"),
        ("../modles/dep.gguf", "Did you mean '../models/deep.gguf'?"),
        ("something-else.gguf", "Put it there, or change 'path'."),
    ])
    func nearPathsAreNamed(path: String, hint: String) throws {
        let project = try ProjectFolder(manifest: Self.manifest(path: path))
        for name in ["experiments/my-model.gguf", "at-the-top.gguf", "models/deep.gguf"] {
            try FileSystem.makeFolder(FileSystem.folder(of: project[name]))
            try project.writeModel(name)
        }
        let check = try project.run("validate", Self.experiment)
        #expect(
            check.errors.contains(
                "model 'mine': experiments/\(path): no such model file. \(hint)\n"),
            "\(check.errors)")
    }

    @Test func adaptersAndSecondModelsAreLookedAtToo() throws {
        let project = try ProjectFolder(
            manifest: """
                name: two
                matrix:
                  model: [tiny, tuned]
                  quantization: [as-stored]
                  task: [fidelity]
                  hardware: [cpu]
                models:
                  tiny: {path: tiny.gguf}
                  tuned: {path: tiny.gguf, adapter: my-adapter}
                  parent: {path: parent.gguf}
                tasks: {fidelity: {reference: parent, dataset: none}}
                """)
        let check = try project.run("validate", Self.experiment)
        #expect(check.status == 2)
        let lines = check.errors.split(separator: "\n").filter { $0.contains(": model '") }
        #expect(lines.count == 2, "\(check.errors)")
        #expect(
            check.errors.contains("little.yaml:10:3: model 'parent': experiments/parent.gguf: "))
        #expect(
            check.errors.contains(
                "little.yaml:9:3: model 'tuned': experiments/my-adapter: there is no such folder; ")
        )
        #expect(check.errors.contains("none of its 2 jobs can run"))
    }

    @Test func nearNamesOnTheCommandLine() throws {
        let project = try ProjectFolder(manifest: Self.manifest(path: "mine.gguf"))
        let result = try project.run("models", "inspect", "experiments/tinny.gguf")
        #expect(result.status == 2)
        #expect(
            result.errors == "billion models: experiments/tinny.gguf: no such model file. "
                + "Did you mean 'experiments/tiny.gguf'?\n")
    }
}
