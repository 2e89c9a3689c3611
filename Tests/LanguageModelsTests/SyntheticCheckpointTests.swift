import Basics
import Tensors
import Testing

@testable import LanguageModels

/// Random weights with the shape of a real model.
@Suite struct SyntheticCheckpointTests {
    /// Of odd sizes; the width is no multiple of the k-quants' blocks.
    static func model(_ architecture: String, seed: UInt64 = 1, isTied: Bool = false)
        -> SyntheticModel
    {
        SyntheticModel(
            name: "tiny", architecture: architecture,
            shape: TransformerShape(
                layers: 3, width: 96, feedForward: 256, heads: 6,
                keyValueHeads: architecture == "gptneox" ? 6 : 2, headSize: 16, vocabulary: 130,
                contextLength: 128), epsilon: 1e-5, ropeBase: 10000,
            rotaryDimensions: architecture == "llama" ? 16 : 4, isTied: isTied, seed: seed)
    }

    static let architectures = ArchitectureRegistry.all.map { $0.name }

    private func logits(_ model: SyntheticModel, _ target: QuantizationTarget, threads: Int = 2)
        throws -> [Float]
    {
        let checkpoint = try SyntheticCheckpoint(model, target: target, threads: threads)
        let model = try LanguageModel(
            checkpoint: checkpoint, backend: CPUBackend(threads: threads, computation: .auto))
        var found: [Float] = []
        model.makeSession(capacity: 16, computation: .auto).append(
            (0..<16).map { Int32($0 * 7) }, outputs: 0..<16
        ) { found += $1 }
        return found
    }

    /// Every architecture runs in every format, with logits as large as a real model's.
    @Test(arguments: architectures, QuantizationTarget.names)
    func runsAtASaneScale(architecture: String, target: String) throws {
        let found = try logits(Self.model(architecture), .named(target))
        #expect(found.allSatisfy { $0.isFinite })
        let mean = found.reduce(0, +) / Float(found.count)
        let deviation =
            (found.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(found.count)).squareRoot()
        #expect((0.5...2).contains(deviation), "deviation \(deviation)")
    }

    @Test(arguments: architectures)
    func isRepeatable(architecture: String) throws {
        let target = try QuantizationTarget.named("q4_0")
        let first = try logits(Self.model(architecture), target, threads: 1)
        #expect(try logits(Self.model(architecture), target, threads: 3) == first)
        #expect(try logits(Self.model(architecture, seed: 2), target) != first)
    }

    /// Each tensor has the name, the shape and the type that requantizing a real model gives it.
    @Test(arguments: QuantizationTarget.names, [false, true])
    func followsTheRulesOfRequantizing(target: String, isTied: Bool) throws {
        let target = try QuantizationTarget.named(target)
        let model = Self.model("llama", isTied: isTied)
        let source = try SyntheticCheckpoint(model, target: .named("f32"), threads: 1)
        let plan = try RequantizationPlan(source, target: target)
        let made = try SyntheticCheckpoint(model, target: target, threads: 2)
        #expect(plan.steps.map(\.output.name) == made.tensors.map(\.name))
        #expect(plan.steps.map(\.output.dimensions) == made.tensors.map(\.dimensions))
        #expect(plan.steps.map(\.output.type) == made.tensors.map(\.type))
    }

    @Test func hasNoTokenizer() throws {
        let checkpoint = try SyntheticCheckpoint(
            Self.model("llama"), target: .named("f16"), threads: 1)
        let error = #expect(throws: CheckpointError.self) { try checkpoint.tokenizer() }
        #expect(
            error?.description
                == "tiny: its weights are random and it has no tokenizer; only speed and memory "
                + "can be measured.")
        #expect(checkpoint.summary.provenance == "synthetic: random weights")
    }

    @Test func tensorsAreMatchedByOneTable() {
        for architecture in ArchitectureRegistry.all {
            let conventions = architecture.conventions
            for (name, _) in conventions.tensorShapes(of: Self.model("llama").shape, isTied: false)
            {
                let other = conventions.huggingFaceName(of: name)
                #expect(other != name)
                #expect(conventions.ggufName(of: other) == name)
            }
        }
    }
}
