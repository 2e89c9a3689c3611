import Basics
import TestSupport
import Testing

@testable import LanguageModels

/// Folders that are no adapter, or none for the model, each with its whole message.
@Suite struct AdapterBrokenFileTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        /// Keys of adapter_config.json that are replaced, as JSON; nil removes the key.
        var settings: [String: String?] = [:]
        /// Changes of the tensors.
        var tensors: @Sendable ([SafetensorsWriter.Tensor]) -> [SafetensorsWriter.Tensor] = { $0 }
        /// After the folder's path, which messages begin with.
        let message: String

        var testDescription: String { name }
    }

    private static let first = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"

    /// The first tensor in another form.
    @Sendable private static func changingFirst(
        _ change: @escaping @Sendable (SafetensorsWriter.Tensor) -> SafetensorsWriter.Tensor
    ) -> @Sendable ([SafetensorsWriter.Tensor]) -> [SafetensorsWriter.Tensor] {
        { [change($0[0])] + $0.dropFirst() }
    }

    static let cases: [Case] = [
        Case(
            name: "another method", settings: ["peft_type": "\"IA3\""],
            message: "/adapter_config.json: peft_type: wanted 'LORA', found 'IA3'."),
        Case(
            name: "no method", settings: ["peft_type": nil],
            message: "/adapter_config.json: peft_type: wanted 'LORA', found none."),
        Case(
            name: "DoRA", settings: ["use_dora": "true"],
            message: "/adapter_config.json: use_dora is true; this variant of LoRA is not "
                + "supported."),
        Case(
            name: "ranks by layer", settings: ["rank_pattern": "{\"q_proj\": 4}"],
            message: "/adapter_config.json: rank_pattern is {\"q_proj\":4}; this variant of LoRA "
                + "is not supported."),
        Case(
            name: "saved modules", settings: ["modules_to_save": "[\"lm_head\"]"],
            message: "/adapter_config.json: modules_to_save is [\"lm_head\"]; this variant of "
                + "LoRA is not supported."),
        Case(
            name: "biases", settings: ["bias": "\"all\""],
            message: "/adapter_config.json: bias: wanted 'none', found 'all'."),
        Case(
            name: "another base", settings: ["init_lora_weights": "\"pissa_niter_4\""],
            message: "/adapter_config.json: init_lora_weights is 'pissa_niter_4', which changes "
                + "the base model too. Convert the adapter with PEFT "
                + "(path_initial_model_for_weight_conversion)."),
        Case(
            name: "no rank", settings: ["r": "0"],
            message: "/adapter_config.json: r: wanted a rank of 1 or more, found 0."),
        Case(
            name: "no alpha", settings: ["lora_alpha": nil],
            message: "/adapter_config.json: there is no 'lora_alpha', which scales the adapter."),
        Case(
            name: "alpha as text", settings: ["lora_alpha": "\"16\""],
            message: "/adapter_config.json: lora_alpha: wanted a number, found the string '16'."),
        Case(
            name: "all dropped", settings: ["lora_dropout": "1"],
            message: "/adapter_config.json: lora_dropout: wanted 0 to below 1, found 1.0."),
        Case(
            name: "another rank", settings: ["r": "4"],
            message: "/adapter_model.safetensors: tensor '\(first)': wanted [4, 48] for this "
                + "model and rank 4, found [8, 48]."),
        Case(
            name: "no tensors", tensors: { _ in [] },
            message: "/adapter_model.safetensors: it has no tensors."),
        Case(
            name: "half a layer", tensors: { Array($0.dropFirst()) },
            message: "/adapter_model.safetensors: there is no tensor '\(first)', the other half "
                + "of its layer is there."),
        Case(
            name: "another kind of tensor",
            tensors: changingFirst {
                .init(name: "base_model.model.lm_head.weight", shape: $0.shape, values: $0.values)
            },
            message: "/adapter_model.safetensors: tensor 'base_model.model.lm_head.weight' is not "
                + "one of a LoRA adapter for linear layers; this variant is not supported."),
        Case(
            name: "a layer that the model lacks",
            tensors: changingFirst {
                .init(
                    name: "base_model.model.model.layers.7.self_attn.q_proj.lora_A.weight",
                    shape: $0.shape, values: $0.values)
            },
            message: "/adapter_model.safetensors: there is no tensor '\(first)', the other half "
                + "of its layer is there."),
        Case(
            name: "layers of a larger model",
            tensors: { tensors in
                tensors
                    + tensors.prefix(2).map {
                        .init(
                            name: $0.name.split(separator: ".").map { $0 == "0" ? "9" : $0 }
                                .joined(separator: "."), shape: $0.shape, values: $0.values)
                    }
            },
            message: "/adapter_model.safetensors: layer 'model.layers.9.self_attn.q_proj' is none "
                + "of this llama model of 2 layers that an adapter can add to. It was made for "
                + "another model."),
        Case(
            name: "not a number",
            tensors: changingFirst {
                var values = $0.values
                values[50] = .nan
                return .init(name: $0.name, shape: $0.shape, values: values)
            },
            message: "/adapter_model.safetensors: tensor '\(first)': row 1, column 2 is nan."),
    ]

    @Test(arguments: cases)
    func saysWhatIsWrong(_ broken: Case) throws {
        let folder = try TemporaryFolder()
        let adapter = try AdapterTests.adapter("llama-old")
        try adapter.write(to: folder.path, baseModel: nil)
        guard
            case .object(var fields) = try JSON.decode(
                JSONValue.self, from: folder.text(of: AdapterFiles.configurationName))
        else { return }
        for (key, text) in broken.settings {
            fields[key] = try text.map { try JSON.decode(JSONValue.self, from: $0) }
        }
        try folder.write(try JSON.text(fields), to: AdapterFiles.configurationName)
        let file = try SafetensorsFile(path: folder[AdapterFiles.weightsName])
        let tensors = try file.tensors.map {
            SafetensorsWriter.Tensor(name: $0.name, shape: $0.shape, values: try file.floats($0))
        }
        try SafetensorsWriter.write(
            broken.tensors(tensors), to: folder[AdapterFiles.weightsName])
        try expectMessage(folder.path + broken.message, from: folder.path)
    }

    @Test func missingFilesAreNamed() throws {
        let folder = try TemporaryFolder()
        let wanted = "wanted a folder with adapter_config.json and adapter_model.safetensors"
        try expectMessage(
            "\(folder.path)/x: there is no such folder; \(wanted).", from: folder["x"])
        try folder.write("{}", to: "file")
        try expectMessage(
            "\(folder.path)/file: this is not an adapter; \(wanted).", from: folder["file"])
        try expectMessage(
            "\(folder.path): there is no adapter_config.json; \(wanted).", from: folder.path)
        try folder.write("{}", to: "adapter_config.json")
        try expectMessage(
            "\(folder.path): there is no adapter_model.safetensors; \(wanted).", from: folder.path)
        try folder.write("{}", to: "adapter_model.bin")
        try expectMessage(
            "\(folder.path): its weights are in 'adapter_model.bin', a pickle file, which may run "
                + "code when it is read and is never opened. Save the adapter again with "
                + "safe_serialization=True.", from: folder.path)
    }

    private func expectMessage(_ message: String, from folder: String) throws {
        let model = try openCheckpoint(path: CheckpointTests.Fixture(name: "llama-old").path(.gguf))
            .configuration()
        let error = #expect(throws: (any Error).self) {
            try LoRAAdapter(path: folder, for: model)
        }
        #expect(error.map { "\($0)" } == message)
    }
}
