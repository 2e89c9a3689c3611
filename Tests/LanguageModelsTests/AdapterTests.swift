import Basics
import Tensors
import TestSupport
import Testing

@testable import LanguageModels

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Adapters against PEFT (`Tests/Fixtures/make_tiny_adapters.py`), on small models of every
/// architecture in both forms: Hugging Face's order of rows and GGUF's.
@Suite struct AdapterTests {
    static func folder(_ name: String) -> String { Fixtures.path("adapters/\(name)") }

    /// PEFT's logits [16, V] of the model with the adapter.
    static func reference(_ name: String) throws -> [Float] {
        let bytes = try FileSystem.read(folder(name) + "/logits.f32")
        return bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    }

    static func adapter(_ name: String) throws -> LoRAAdapter {
        let checkpoint = try openCheckpoint(
            path: CheckpointTests.Fixture(name: name).path(.huggingFace))
        return try LoRAAdapter(path: folder(name), for: checkpoint.configuration())
    }

    static func logits(
        _ model: LanguageModel, of name: String, pieces: [Int] = [16],
        computation: Computation = .f32
    ) throws -> [Float] {
        let tokens = try CheckpointTests.Fixture(name: name).reference.tokens
        let session = model.makeSession(capacity: 16, computation: computation)
        var all: [Float] = []
        var first = 0
        for piece in pieces {
            session.append(Array(tokens[first..<first + piece]), outputs: 0..<piece) { all += $1 }
            first += piece
        }
        return all
    }

    static func model(
        _ name: String, _ form: CheckpointTests.Form, adapter: String? = nil,
        computation: Computation = .f32
    ) throws -> LanguageModel {
        try LanguageModel(
            path: CheckpointTests.Fixture(name: name).path(form),
            backend: CPUBackend(threads: 2, computation: computation),
            adapter: adapter ?? folder(name))
    }

    static func difference(_ a: [Float], _ b: [Float]) -> Float {
        a.count == b.count ? zip(a, b).map { abs($0 - $1) }.max() ?? .infinity : .infinity
    }

    /// Random adapters change logits by about 5; sums of a few hundred products in f32 differ by
    /// their order alone.
    static let tolerance: Float = 5e-4

    // MARK: Use

    @Test(arguments: CheckpointTests.names, CheckpointTests.Form.allCases)
    func logitsEqualPEFT(name: String, form: CheckpointTests.Form) throws {
        let found = try Self.logits(Self.model(name, form), of: name)
        #expect(Self.difference(found, try Self.reference(name)) < Self.tolerance)
    }

    @Test(arguments: CheckpointTests.names)
    func decodingEqualsPrefill(name: String) throws {
        let model = try Self.model(name, .gguf)
        let pieces = [Int](repeating: 1, count: 16)
        let found = try Self.logits(model, of: name, pieces: pieces)
        #expect(Self.difference(found, try Self.reference(name)) < Self.tolerance)
    }

    /// A quantized base keeps its own products: what differs from it is the adapter's part alone.
    @Test func anAdapterOfZerosChangesNothing() throws {
        let base = try LanguageModel(
            path: Fixtures.path("tiny-llama.gguf"),
            backend: CPUBackend(threads: 2, computation: .auto))
        let configuration = try base.checkpoint.configuration()
        var adapter = LoRAAdapter(zerosFor: configuration, targets: ["q_proj", "down_proj"])
        let adapted = try LanguageModel(
            checkpoint: base.checkpoint, backend: CPUBackend(threads: 2, computation: .auto),
            adapter: adapter)
        #expect(try last(base) == last(adapted))
        adapter.modules[0].b[0] = 0.5
        let changed = try LanguageModel(
            checkpoint: base.checkpoint, backend: CPUBackend(threads: 2, computation: .auto),
            adapter: adapter)
        #expect(try last(base) != last(changed))
    }

    private func last(_ model: LanguageModel) throws -> [Float] {
        let session = model.makeSession(capacity: 4, computation: .auto)
        var logits: [Float] = []
        session.append([3, 5, 7], outputs: 2..<3) { logits = Array($1) }
        return logits
    }

    // MARK: Layers

    /// The law over all architectures: each adaptable layer is a matrix of the model by both its
    /// names, and defaults mean at least one in each layer of the model.
    @Test(arguments: CheckpointTests.names)
    func everyAdaptableLayerIsAMatrixOfTheModel(name: String) throws {
        let fixture = CheckpointTests.Fixture(name: name)
        let checkpoint = try openCheckpoint(path: fixture.path(.gguf))
        let configuration = try checkpoint.configuration()
        let linears = configuration.adaptableLinears
        let matrices = checkpoint.tensors.filter {
            $0.rank == 2 && $0.name.hasPrefix("blk.")
        }
        #expect(Set(linears.map(\.weight)) == Set(matrices.map(\.name)))
        for linear in linears {
            _ = try checkpoint.tensors.tensor(
                named: linear.weight, dimensions: [linear.inputs, linear.outputs])
        }
        for layer in 0..<configuration.shape.layers {
            let chosen = linears.filter { linear in
                linear.layer == layer
                    && configuration.defaultAdapterTargets.contains(where: linear.matches)
            }
            #expect(chosen.count == configuration.defaultAdapterTargets.count)
        }
    }

    @Test func targetsMatchByWholeNames() throws {
        let linear = try #require(
            try openCheckpoint(path: CheckpointTests.Fixture(name: "llama-old").path(.gguf))
                .configuration().adaptableLinears.first)
        #expect(linear.path == "model.layers.0.self_attn.q_proj")
        let targets = ["q_proj", "self_attn.q_proj", linear.path, "proj", "_proj", "k_proj", ""]
        #expect(targets.map(linear.matches) == [true, true, true, false, false, false, false])
    }

    @Test(arguments: CheckpointTests.names)
    func ordersOfRowsAreInverse(name: String) throws {
        let checkpoint = try openCheckpoint(path: CheckpointTests.Fixture(name: name).path(.gguf))
        for linear in try checkpoint.configuration().adaptableLinears {
            let b = (0..<linear.outputs * 2).map { Float($0) }
            #expect(linear.inFileOrder(linear.inModelOrder(b)) == b)
            #expect(linear.inModelOrder(linear.inFileOrder(b)) == b)
        }
    }

    // MARK: Files

    @Test(arguments: CheckpointTests.names)
    func whatIsWrittenIsReadAgain(name: String) throws {
        let folder = try TemporaryFolder()
        let adapter = try Self.adapter(name)
        try adapter.write(to: folder.path, baseModel: name)
        let configuration = try openCheckpoint(
            path: CheckpointTests.Fixture(name: name).path(.gguf)
        ).configuration()
        #expect(try LoRAAdapter(path: folder.path, for: configuration) == adapter)
        let weights = try FileSystem.read(folder["adapter_model.safetensors"])
        try adapter.write(to: folder.path, baseModel: name)
        #expect(try FileSystem.read(folder["adapter_model.safetensors"]) == weights)
    }

    private static let python = ProcessInfo.processInfo.environment["BILLION_REFERENCE_PYTHON"]

    /// PEFT reads what this program writes, and computes the same logits with it.
    @Test(
        .enabled(
            if: SharedData.runsSlowTests && python != nil,
            "needs BILLION_REFERENCE_PYTHON, a Python with transformers and peft; run with --slow"),
        arguments: CheckpointTests.names)
    func peftReadsWhatIsWritten(name: String) throws {
        let folder = try TemporaryFolder()
        try Self.adapter(name).write(to: folder.path, baseModel: nil)
        let outcome = try Subprocess(
            try #require(Self.python),
            [
                Fixtures.path("make_tiny_adapters.py"), "--check",
                Fixtures.path("checkpoints/\(name)"), folder.path,
            ], environment: ProcessInfo.processInfo.environment, timeLimit: .seconds(300)
        ).run()
        try #require(outcome.succeeded, "\(outcome.errorText.suffix(500))")
        let found = try JSON.decode([Float].self, from: outcome.outputText)
        let own = try Self.logits(
            Self.model(name, .huggingFace, adapter: folder.path), of: name)
        #expect(Self.difference(found, own) < Self.tolerance)
    }
}

extension LoRAAdapter {
    /// A of ones and B of zeros, of rank 2.
    init(zerosFor model: ModelConfiguration, targets: [String]) {
        let linears = model.adaptableLinears.filter { targets.contains(where: $0.matches) }
        self.init(
            configuration: LoRAConfiguration(
                rank: 2, alpha: 4, dropout: 0, usesRankStabilizedScaling: false,
                targetModules: targets),
            modules: linears.map {
                LoRAModule(
                    path: $0.path, inputs: $0.inputs, outputs: $0.outputs,
                    a: [Float](repeating: 1, count: 2 * $0.inputs),
                    b: [Float](repeating: 0, count: 2 * $0.outputs))
            })
    }
}
