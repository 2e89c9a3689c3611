import Basics
import Experiments
import Testing

/// Settings that name another model for the job to open.
@Suite struct OtherModelTests {
    private func cells(_ setting: String?, model: String = "[smollm2]") throws -> [Cell] {
        try Sample.cells(
            Sample.manifest(
                model: model, task: "[against]",
                more: """
                    models: {mine: {path: mine.gguf}}
                    tasks:
                      against: {rounds: 1\(setting.map { ", parent: \($0)" } ?? "")}
                    """))
    }

    @Test func aQuantizationIsThatOfTheSameModel() throws {
        let cell = try cells(nil, model: "[mine]")[0]
        #expect(
            cell.otherModels == [
                "parent": OtherModel(
                    model: "mine", source: .path("mine.gguf"), quantization: "f32")
            ])
        #expect(try cells("bf16")[0].otherModels["parent"]?.quantization == "bf16")
    }

    @Test func aModelIsLookedUp() throws {
        let other = try cells("mine")[0].otherModels["parent"]
        #expect(
            other
                == OtherModel(
                    model: "mine", source: .path("mine.gguf"), quantization: "as-stored"))
        let cell = try cells("smollm2:f16", model: "[mine]")[0]
        #expect(
            cell.otherModels["parent"]
                == OtherModel(
                    model: "smollm2-135m-instruct", source: .catalog("smollm2-135m-instruct"),
                    quantization: "f16"))
        // An alias is another name of the same.
        #expect(cell.taskSettings["parent"] == .string("smollm2-135m-instruct:f16"))
        let twin = cell.with(try #require(cell.otherModels["parent"]))
        #expect(twin.model == "smollm2-135m-instruct" && twin.otherModels.isEmpty)
    }

    @Test(arguments: [
        ("f33", "'parent': unknown model 'f33'."),
        ("mine:f33", "'parent': unknown quantization 'f33'. Did you mean 'f32'?"),
        ("min:f32", "'parent': unknown model 'min'. Did you mean 'mine'?"),
        ("[a]", "'parent' must be a quantization, a model or {model, quantization}, found a list."),
    ])
    func unknownNamesAreRefused(setting: String, message: String) throws {
        do {
            _ = try cells(setting)
            Issue.record("it was planned")
        } catch {
            #expect("\(error)".contains(message), "\(error)")
        }
    }

    @Test func inputsAreAPartOfTheIdentityAndTheirNamesAreNot() throws {
        var cell = try cells("mine")[0]
        func id(_ inputs: [String: String]) throws -> String {
            try Job(
                cell: cell, modelDigest: "m", datasetDigest: nil, taskVersion: 1,
                engineVersion: 1, inputs: inputs
            ).id.text
        }
        let first = try id(["parent": "d1 f32"])
        #expect(try id(["parent": "d2 f32"]) != first)
        #expect(try id(["parent": "d1 f16"]) != first)
        #expect(try id(["parent": "d1 f32", "text": "t"]) != first)
        #expect(try id([:]) != first)
        cell.taskSettings["parent"] = .string("the same under another name")
        #expect(try id(["parent": "d1 f32"]) == first)
    }

    @Test func noneIsNoDatasetAndNoText() throws {
        var cell = try cells(nil)[0]
        #expect(cell.datasetName == nil && cell.textName == nil)
        cell.taskSettings["dataset"] = .string("mini-mmlu")
        cell.taskSettings["text"] = .string("none")
        #expect(cell.datasetName == "mini-mmlu" && cell.textName == nil)
    }
}
