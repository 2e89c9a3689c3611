import Basics
import Experiments

/// The names that the tests of this folder plan with.
enum Sample {
    static let catalog = Catalog(
        models: [.init(name: "smollm2-135m-instruct", aliases: ["smollm2"])],
        quantizations: ["as-stored", "f32", "f16", "bf16", "q8_0", "q4_0", "q4_1"],
        tasks: [
            .init(
                kind: "speed", version: 1,
                settings: [
                    .init("n_prompt", .integer(0...1_000_000), default: .integer(512), ""),
                    .init("n_gen", .integer(0...1_000_000), default: .integer(128), ""),
                    .init("n_depth", .integer(0...1_000_000), default: .integer(0), ""),
                    .init("repetitions", .integer(1 ... .max), default: .integer(5), ""),
                ]),
            .init(kind: "memory", version: 1, settings: []),
            .init(
                kind: "mmlu", version: 1,
                settings: [
                    .init(
                        "dataset", .choice(["mini-mmlu", "mmlu"]), default: .string("mini-mmlu"),
                        ""),
                    .init("num_fewshot", .integer(0...5), default: .integer(5), ""),
                    .init("limit", .integer(1 ... .max), default: .null, ""),
                ]),
            .init(
                kind: "against", version: 1,
                settings: [
                    .init("rounds", .integer(1...9), default: .integer(1), ""),
                    .init("parent", .otherModel(words: []), default: .string("f32"), ""),
                ]),
            // Nothing real has these types yet.
            .init(
                kind: "probe", version: 1,
                settings: [
                    .init("rate", .number(0...1), default: .number(0.5), ""),
                    .init("strict", .bool, default: .bool(false), ""),
                    .init("label", .text, default: .string("none"), ""),
                ]),
        ],
        backends: [
            .init(
                name: "cpu",
                settings: [
                    .init("threads", .integerOrAuto(1...1024), default: .string("auto"), ""),
                    .init("compute", .choice(["auto", "f32"]), default: .string("auto"), ""),
                ])
        ])

    static func cells(_ text: String) throws -> [Cell] {
        let manifest = try Manifest.parse(text: text, file: "test.yaml")
        return try Plan(manifest: manifest, catalog: catalog).cells
    }

    /// The whole message that a broken manifest gives; nil for a good one.
    static func message(_ bytes: [UInt8], file: String = "test.yaml") -> String? {
        do {
            let manifest = try Manifest.parse(bytes: bytes, file: file)
            _ = try Plan(manifest: manifest, catalog: catalog)
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// A manifest with one line for each part, so that a test names only what it is about.
    static func manifest(
        model: String = "[smollm2]", quantization: String = "[q8_0]", task: String = "[speed]",
        hardware: String = "[cpu]", more: String = ""
    ) -> String {
        """
        name: sample
        matrix:
          model: \(model)
          quantization: \(quantization)
          task: \(task)
          hardware: \(hardware)
        \(more)
        """
    }
}
