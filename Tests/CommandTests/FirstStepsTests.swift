import Basics
import TestSupport
import Testing

/// `init`, `explain` and `schema`: from an empty folder to an experiment of one's own.
@Suite struct FirstStepsTests {
    private let project: ProjectFolder

    init() throws { project = try ProjectFolder() }

    @Test func aManifestForWhatIsThere() throws {
        let bytes = try FileSystem.read(ProjectFolder.tinyModel)
        for name in ["my model.gguf", "weights/second.gguf", "parts-00002-of-00002.gguf"] {
            try FileSystem.makeFolder(FileSystem.folder(of: project[name]))
            try FileSystem.write(bytes, atomicallyTo: project[name])
        }
        let first = try project.run("init")
        #expect(first.status == 0 && first.errors.isEmpty, "\(first.errors)")
        #expect(
            first.output == """
                experiments/mine.yaml: written for my-model, second.
                next: billion plan experiments/mine.yaml
                then: billion run experiments/mine.yaml

                """)
        let text = try project.text(of: "experiments/mine.yaml")
        #expect(text.contains("model: [my-model, second]"))
        #expect(text.contains("my-model: {path: '../my model.gguf'}"))
        #expect(
            text.contains(
                "  # Others go by name (billion models list): 'run' pulls smollm2-135m-instruct (92.9 MB).\n"
            ))
        #expect(text.contains("second: {path: '../weights/second.gguf'}"))
        #expect(!text.contains("yaml-language-server"), "there is no schema beside it")
        let plan = try project.run("plan", "experiments/mine.yaml")
        #expect(plan.status == 0 && plan.output.contains("6 jobs"), "\(plan.output + plan.errors)")

        let again = try project.run("init")
        #expect(again.status == 2)
        #expect(
            again.errors.hasPrefix(
                "billion init: experiments/mine.yaml exists already and is left alone. Name another "
                    + "file: billion init FILE\n"))
        #expect(try project.text(of: "experiments/mine.yaml") == text)
        #expect(try project.run("init", "deep/other.yaml").status == 0)
        #expect(try project.text(of: "deep/other.yaml").contains("{path: '../my model.gguf'}"))
    }

    @Test func withoutAModelTheSmallestIsNamed() throws {
        let result = try project.run("init")
        #expect(result.status == 0)
        #expect(result.lines[0].contains("no model is here yet, so it names smollm2-135m-instruct"))
        let check = try project.run("validate", "experiments/mine.yaml")
        #expect(
            check.output == "experiments/mine.yaml: fine, 3 jobs; 'run' first pulls "
                + "smollm2-135m-instruct (92.9 MB)\n")
    }

    @Test func keysAreExplained() throws {
        let result = try project.run("explain", "tasks.mmlu.num_fewshot")
        #expect(
            result.output == """
                tasks.mmlu.num_fewshot: solved examples before each question
                    an integer from 0 to 5; default 5

                """)
        let task = try project.run("explain", "speed")
        #expect(task.output.hasPrefix("task speed: ") && task.output.contains("n_depth"))
        let wrong = try project.run("explain", "num_fewshots")
        #expect(wrong.status == 2)
        #expect(
            wrong.errors.hasPrefix(
                "billion explain: no key of a manifest is called 'num_fewshots'. Did you mean "
                    + "'num_fewshot'?\n"))
        // The user's own name is left out, or stands in the path.
        let path = try project.run("explain", "models.path")
        #expect(path.status == 0 && path.output.hasPrefix("models.NAME.path: a GGUF file or "))
        #expect(try project.run("explain", "models.mine.path").output == path.output)
        #expect(try project.run("explain", "models.NAME.path").output == path.output)
        let limits = try project.run("explain", "tasks.mmlu-0shot.num_fewshot")
        #expect(limits.output.contains("tasks.mmlu.num_fewshot: "))
        #expect(limits.output.contains("tasks.fidelity.num_fewshot: "))
        #expect(
            try project.run("explain", "models.pth").errors.hasPrefix(
                "billion explain: no key of a manifest is called 'models.pth'. Did you mean 'path'?\n"
            ))
        let all = try project.run("explain")
        for key in ["name: ", "matrix.include: ", "models.NAME.random: ", "hardware.cpu.threads: "]
        {
            #expect(all.output.contains("\n" + key) || all.output.hasPrefix(key), "\(key)")
        }
    }

    @Test func theSchemaIsTheCommittedOne() throws {
        let committed = try String(
            decoding: FileSystem.read(
                SharedData.packageRoot + "/experiments/manifest.schema.json"), as: UTF8.self)
        let schema = try project.run("schema").output
        #expect(
            schema == committed,
            "run: ./billion schema > experiments/manifest.schema.json")
    }
}
