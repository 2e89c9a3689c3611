import Basics
import Experiments
import Testing

/// A second model in a task's settings, and lists that make several cells.
@Suite struct OtherModelSettingTests {
    private static let catalog: Catalog = {
        var catalog = Sample.catalog
        catalog.tasks.append(
            .init(
                kind: "speculative", version: 1,
                settings: [
                    .init(
                        "draft", .otherModel(words: ["lookup", "ngram"]),
                        default: .string("lookup"), ""),
                    .init("k", .integersOrAuto(1...64), default: .string("auto"), ""),
                ]))
        return catalog
    }()

    private func cells(_ task: String, more: String = "") throws -> [Cell] {
        let text = Sample.manifest(
            task: "[spec]", more: "tasks:\n  spec: {kind: speculative\(task)}\n\(more)")
        return try Plan(
            manifest: Manifest.parse(text: text, file: "test.yaml"), catalog: Self.catalog
        ).cells
    }

    private func message(_ task: String) -> String {
        do {
            _ = try cells(task)
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    @Test func aListMakesACellOfEachValue() throws {
        let found = try cells(", k: [2, 8, auto]")
        #expect(found.map(\.task) == ["spec-k2", "spec-k8", "spec-k-auto"])
        #expect(
            found.map { $0.taskSettings["k"] } == [.integer(2), .integer(8), .string("auto")])
        #expect(try cells(", k: 4").map(\.task) == ["spec"])
        #expect(try cells("").map { $0.taskSettings["k"] } == [.string("auto")])
    }

    @Test func aDraftIsAWordOrAModel() throws {
        #expect(try cells("")[0].otherModels.isEmpty)
        #expect(try cells(", draft: ngram")[0].taskSettings["draft"] == .string("ngram"))
        let named = try cells(", draft: smollm2")[0]
        #expect(
            named.otherModels["draft"]
                == OtherModel(
                    model: "smollm2-135m-instruct", source: .catalog("smollm2-135m-instruct"),
                    quantization: "as-stored"))
        let small = try cells(
            ", draft: {model: own, quantization: q4_0}",
            more: """
                models:
                  own: {random: smollm2}
                """)[0]
        #expect(
            small.otherModels["draft"]
                == OtherModel(
                    model: "own", source: .random(shapeOf: "smollm2-135m-instruct"),
                    quantization: "q4_0"))
        #expect(
            small.taskSettings["draft"] == .string("own:q4_0"))
        let own = try cells(", draft: q4_0")[0]
        #expect(own.otherModels["draft"]?.model == own.model)
        #expect(own.otherModels["draft"]?.quantization == "q4_0")
    }

    /// Another draft is another job, whatever it is called.
    @Test func theDraftIsPartOfTheIdentity() throws {
        func id(_ draft: String, digest: String) throws -> JobID {
            try Job(
                cell: cells(", draft: \(draft)")[0], modelDigest: "m", datasetDigest: nil,
                taskVersion: 1, engineVersion: 1, inputs: ["draft": digest]
            ).id
        }
        let one = try id("{model: smollm2, quantization: q4_0}", digest: "a")
        #expect(try id("{model: smollm2-135m-instruct, quantization: q4_0}", digest: "a") == one)
        #expect(try id("{model: smollm2, quantization: q4_0}", digest: "b") != one)
    }

    @Test func mistakesAreNamed() {
        #expect(
            message(", draft: smolm2").contains(
                "unknown model 'smolm2'. Did you mean 'smollm2'?"))
        #expect(
            message(", draft: {model: smollm2, quantization: q4}").contains(
                "unknown quantization 'q4'."))
        #expect(
            message(", draft: {name: smollm2}").contains(
                "'draft' must be lookup, ngram, a quantization, a model or {model, quantization}, "
                    + "found"))
        for k in ["[]", "[0]", "[2, 2]", "[x]", "65", "{a: 1}"] {
            #expect(
                message(", k: \(k)").contains(
                    "'k' must be an integer from 1 to 64, 'auto' or a list of different ones, "
                        + "found"), "\(k)")
        }
    }
}
