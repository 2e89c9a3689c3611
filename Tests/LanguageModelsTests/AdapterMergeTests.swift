import Basics
import Tensors
import TestSupport
import Testing

@testable import LanguageModels

/// Adapters added to the weights of a file, against the model used with the adapter.
@Suite struct AdapterMergeTests {
    private func merged(
        _ name: String, _ form: CheckpointTests.Form, as target: String, in folder: TemporaryFolder
    ) throws -> any Checkpoint {
        let checkpoint = try openCheckpoint(path: CheckpointTests.Fixture(name: name).path(form))
        let adapter = try LoRAAdapter(
            path: AdapterTests.folder(name), for: checkpoint.configuration())
        try Requantizer(
            merging: adapter, into: checkpoint, as: QuantizationTarget.named(target), threads: 2
        ).write(to: folder["merged.gguf"])
        return try openCheckpoint(path: folder["merged.gguf"])
    }

    /// In f32 nothing is lost: both are PEFT's logits.
    @Test(arguments: CheckpointTests.names, CheckpointTests.Form.allCases)
    func logitsAreThoseOfBaseAndAdapter(name: String, form: CheckpointTests.Form) throws {
        let folder = try TemporaryFolder()
        let model = try LanguageModel(
            checkpoint: merged(name, form, as: "f32", in: folder),
            backend: CPUBackend(threads: 2, computation: .f32))
        let found = try AdapterTests.logits(model, of: name)
        #expect(
            AdapterTests.difference(found, try AdapterTests.reference(name))
                < AdapterTests.tolerance)
    }

    /// Only what the adapter adds to is another tensor, also where the format stays the same.
    @Test func otherTensorsAreCopied() throws {
        let folder = try TemporaryFolder()
        let base = try openCheckpoint(
            path: CheckpointTests.Fixture(name: "gptneox").path(.gguf))
        let merged = try merged("gptneox", .gguf, as: "f16", in: folder)
        for tensor in base.tensors {
            let other = try merged.tensors.tensor(
                named: tensor.name, dimensions: tensor.dimensions)
            let isChanged = try tensor.floats() != other.floats()
            #expect(isChanged == tensor.name.hasSuffix("attn_qkv.weight"), "\(tensor.name)")
        }
        #expect(
            merged.summary.provenance
                == "quantized from f16, merged with LoRA of rank 4, alpha 8, on 2 layers: "
                + "query_key_value")
    }

    /// A matrix of two blocks of rows and an odd end, in several threads: every row gets its own
    /// row of B.
    @Test func everyRowGetsItsOwn() throws {
        let (rows, columns, rank) = (37, 24, 3)
        let a = (0..<rank * columns).map { Float($0 % 7) - 3 }
        let b = (0..<rows * rank).map { Float($0 % 5) - 2 }
        let sum = LowRankSums.Sum(rank: rank, columns: columns, a: a, b: b)
        var values = [Float](repeating: 1, count: 20 * columns)
        sum.add(to: &values, firstRow: 11, count: values.count)
        for row in 0..<20 {
            for column in 0..<columns {
                let wanted = (0..<rank).reduce(Float(1)) {
                    $0 + b[(row + 11) * rank + $1] * a[$1 * columns + column]
                }
                #expect(values[row * columns + column] == wanted)
            }
        }
    }
}
