import Basics
import TestSupport
import Testing

@testable import Experiments

/// The schema for editors against the reader: what one takes, the other takes.
@Suite struct ManifestSchemaTests {
    private static let committed = SharedData.packageRoot + "/experiments"

    /// The value that an editor's YAML reader makes of a text.
    static func value(of text: String) throws -> JSONValue {
        let source = SourceText(bytes: Array(text.utf8)[...], file: "test.yaml")
        var composer = YAMLComposer(
            parser: YAMLEventParser(bytes: Array(text.utf8)[...], source: source))
        return value(of: try composer.document())
    }

    private static func value(of node: YAMLNode) -> JSONValue {
        switch node.content {
        case .mapping(let entries):
            .object(
                Dictionary(
                    uniqueKeysWithValues: entries.map { ($0.key.value, value(of: $0.value)) }))
        case .sequence(let items): .array(items.map(value(of:)))
        case .scalar, .invalid:
            if node.isNull {
                .null
            } else if let bool = node.bool {
                .bool(bool)
            } else if let integer = node.integer {
                .integer(Int64(integer))
            } else if let number = node.number {
                .number(number)
            } else {
                .string(node.text ?? "")
            }
        }
    }

    private func faults(_ text: String) throws -> [String] {
        try JSONSchema(ManifestSchema(Sample.catalog).text).faults(of: Self.value(of: text))
    }

    @Test("committed manifests name the schema and are as it says")
    func committedManifests() throws {
        let schema = try JSONSchema(
            String(
                decoding: FileSystem.read(Self.committed + "/manifest.schema.json"), as: UTF8.self))
        let names = try FileSystem.names(in: Self.committed).filter { $0.hasSuffix(".yaml") }
        #expect(names.count >= 3)
        for name in names {
            let text = String(
                decoding: try FileSystem.read("\(Self.committed)/\(name)"), as: UTF8.self)
            let line = "# yaml-language-server: $schema=manifest.schema.json\n"
            #expect(text.hasPrefix(line), "\(name)")
            let faults = try schema.faults(of: Self.value(of: text))
            #expect(faults.isEmpty, "\(name): \(faults.joined(separator: "\n"))")
        }
    }

    static let good = [
        Sample.manifest(),
        Sample.manifest(model: "smollm2", task: "speed", more: "seed: 0\ndescription: 1.10"),
        Sample.manifest(
            task: "[speed, short, mmlu]",
            more: """
                models:
                  a: {path: ../a.gguf}
                  b: {hf: org/name, file: a.gguf, revision: main}
                  c: {random: smollm2}
                  d: {pypi: a==1, file: a.gguf, sha256: \(String(repeating: "0", count: 64))}
                tasks:
                  speed:
                  short: {kind: speed, n_prompt: 8}
                  mmlu: {limit: null, dataset: mmlu}
                  probe: {rate: 1, strict: true, label: 3}
                hardware:
                  cpu: {threads: auto}
                  one: {backend: cpu, threads: 1, compute: f32}
                """),
        """
        name: included
        matrix:
          include:
            - {model: smollm2, quantization: q8_0, task: mmlu, hardware: cpu, limit: 5}
        """,
    ]

    @Test(arguments: good.indices)
    func goodManifests(index: Int) throws {
        #expect(Sample.message(Array(Self.good[index].utf8)) == nil)
        #expect(try faults(Self.good[index]) == [])
    }

    static let broken: [(text: String, place: String)] = [
        (Sample.manifest(more: "sed: 1"), "$.sed"),
        (Sample.manifest(more: "seed: -1"), "$.seed"),
        (Sample.manifest(quantization: "[q4_km]"), "$.matrix.quantization"),
        (Sample.manifest(quantization: "[]"), "$.matrix.quantization"),
        (Sample.manifest(more: "tasks: {speed: {n_promt: 1}}"), "$.tasks.speed.n_promt"),
        (Sample.manifest(more: "tasks: {speed: {kind: memory}}"), "$.tasks.speed.kind"),
        (Sample.manifest(more: "tasks: {mmlu: {num_fewshot: 6}}"), "$.tasks.mmlu.num_fewshot"),
        (Sample.manifest(more: "tasks: {other: {n_prompt: 1}}"), "$.tasks.other"),
        (Sample.manifest(more: "tasks: {other: }"), "$.tasks.other"),
        (Sample.manifest(more: "tasks: {probe: {rate: 2}}"), "$.tasks.probe.rate"),
        (Sample.manifest(more: "hardware: {cpu: {threads: 0}}"), "$.hardware.cpu.threads"),
        (Sample.manifest(more: "hardware: {cpu: {compute: f64}}"), "$.hardware.cpu.compute"),
        (Sample.manifest(more: "models: {a: {path: x, random: y}}"), "$.models.a"),
        (Sample.manifest(more: "models: {a: {hf: org/name}}"), "$.models.a"),
        (Sample.manifest(more: "models: {a b: {path: x}}"), "$.models"),
        ("name: x\nmatrix: {exclude: [{}]}", "$.matrix.exclude[0]"),
        ("matrix: {}", "$: no name"),
    ]

    @Test(arguments: broken.indices)
    func brokenManifests(index: Int) throws {
        let (text, place) = Self.broken[index]
        #expect(Sample.message(Array(text.utf8)) != nil)
        let faults = try faults(text)
        #expect(faults.contains { $0.hasPrefix(place) }, "\(faults)")
    }

    @Test func everyKeyIsExplained() {
        let reference = ManifestReference(Sample.catalog)
        #expect(Set(reference.entries.map(\.path)).count == reference.entries.count - 1)
        #expect(reference.entries(named: "num_fewshot").map(\.path) == ["tasks.mmlu.num_fewshot"])
        let limit = reference.entries(named: "limit").first
        #expect(limit?.wanted == "an integer of at least 1, or null")
        #expect(limit?.defaultValue == "null" && limit?.isRequired == false)
        #expect(reference.entries(named: "matrix").count == 1 + ManifestKeys.matrix.count)
        #expect(
            reference.entries(named: "cpu").map(\.path) == [
                "hardware.cpu.threads", "hardware.cpu.compute",
            ])
        #expect(reference.entries(named: "nothing").isEmpty)
        for name in reference.names { #expect(!reference.entries(named: name).isEmpty, "\(name)") }
    }
}
