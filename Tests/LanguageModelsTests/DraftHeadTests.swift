import Basics
import Tensors
import TestSupport
import Testing

@testable import LanguageModels

/// The output layer of drafts against the model's own.
@Suite struct DraftHeadTests {
    static let formats = ["f16", "q8_0", "f32"]

    /// Small ones, whose output layer is a good part of them.
    private func model(
        _ architecture: String, _ format: String, computation: Computation = .auto
    ) throws -> LanguageModel {
        let folder = try TemporaryFolder()
        let path = folder["model.gguf"]
        let whole = try openCheckpoint(path: Fixtures.path("tiny-\(architecture).gguf"))
        try Requantizer(whole, to: .named(format)).write(to: path)
        return try LanguageModel(
            path: path, backend: CPUBackend(threads: 2, computation: computation))
    }

    private func logits(_ session: DecodingSession, _ tokens: [Int32]) -> [[Float]] {
        var all: [[Float]] = []
        session.append(tokens, outputs: 0..<tokens.count) { all.append(Array($1)) }
        return all
    }

    @Test(arguments: ArchitectureRegistry.all.map { $0.name }, formats)
    func likelyTokensHaveTheModelsLogits(architecture: String, format: String) throws {
        let model = try model(architecture, format)
        #expect(try DraftHead(model) != nil)
        let tokens = (0..<20).map { Int32($0 * 11) }
        let wanted = logits(model.makeSession(capacity: 20, computation: .auto), tokens)
        let found = logits(try model.makeDraftSession(capacity: 20, computation: .auto), tokens)
        var differing = 0
        for (found, wanted) in zip(found, wanted) {
            let best = wanted.indices.max { wanted[$0] < wanted[$1] } ?? 0
            #expect(found.indices.max { found[$0] < found[$1] } == best)
            #expect(found[best] == wanted[best])
            differing += zip(found, wanted).count { $0 != $1 }
            let error = zip(found, wanted).map { abs($0 - $1) }.max() ?? .infinity
            let size = wanted.map { abs($0) }.max() ?? 0
            #expect(error < 0.5 * size, "near the model's: \(error) of \(size)")
        }
        // The others are rough: were all alike, the layer would have been read as a whole.
        #expect(differing > 20 * model.shape.vocabulary / 2)
    }

    @Test func oneStepWhereTwoAreNoBetter() throws {
        #expect(try DraftHead(model("llama", "f16", computation: .f32)) == nil)
        let small = try model("llama", "f16")
        #expect(try small.coarseHead(leastShare: 0.9) == nil)
        let quantized = try small.backend.makeCoarse(small.architecture.head)
        let coarse = try #require(quantized)
        #expect(try small.backend.makeCoarse(coarse) == nil)
    }

    /// Random weights that are packed are nowhere else: there is nothing to make coarse ones of.
    @Test(arguments: formats) func weightsThatAreGoneAreNotRead(format: String) throws {
        var synthetic = SyntheticCheckpointTests.model("llama", seed: 11)
        synthetic.shape.vocabulary = 3001
        let model = try LanguageModel(
            checkpoint: SyntheticCheckpoint(synthetic, target: .named(format), threads: 1),
            backend: CPUBackend(threads: 2, computation: .auto))
        let before = logits(model.makeSession(capacity: 4, computation: .auto), [1, 2, 3])
        #expect(try (DraftHead(model) == nil) == (format == "q8_0"))
        #expect(logits(model.makeSession(capacity: 4, computation: .auto), [1, 2, 3]) == before)
    }

    /// Sampled from what it says it sampled from: the acceptance rule asks for no more.
    @Test func sampledTokensComeFromTheirDistribution() throws {
        let model = try model("llama", "f16")
        let proposer = DraftModel(
            session: try model.makeDraftSession(capacity: 40, computation: .auto),
            targetVocabulary: model.shape.vocabulary,
            sampling: SamplingOptions(temperature: 1, topK: 40, seed: 2))
        proposer.begin(after: [1, 5, 9])
        for _ in 0..<20 {
            let token = try #require(proposer.next())
            #expect(token.distribution.count == 40)
            #expect(token.distribution.contains { $0.token == token.id && $0.probability > 0 })
        }
    }

    @Test(arguments: CheckpointTests.names, [false, true])
    func chosenRowsAreThoseOfTheWholeProduct(name: String, isAdapted: Bool) throws {
        let checkpoint = try openCheckpoint(path: CheckpointTests.Fixture(name: name).path(.gguf))
        for computation in [Computation.f32, .auto] {
            let loader = try WeightLoader(
                checkpoint: checkpoint, backend: CPUBackend(threads: 2, computation: computation),
                adapter: { _ in isAdapted ? try AdapterTests.adapter(name) : nil })
            for tensor in checkpoint.tensors where tensor.rank == 2 {
                let matrix = try loader.matrix(
                    tensor.name, rows: tensor.rows, columns: tensor.columns)
                let chosen = [matrix.rows - 1, 0, 17 % matrix.rows, matrix.rows / 2]
                let (all, some) = products(of: matrix, chosen: chosen, on: loader.backend)
                #expect(some == all.map { row in chosen.map { row[$0] } }, "\(tensor.name)")
            }
        }
    }

    /// All rows times three activations, and the chosen ones.
    private func products(
        of matrix: any DeviceMatrix, chosen: [Int], on backend: any Backend
    ) -> ([[Float]], [[Float]]) {
        let x = backend.makeTable(rows: 3, width: matrix.columns) { row, out in
            for index in out.indices { out[index] = Float((index * 7 + row * 5) % 11) - 5 }
        }
        let all = backend.makeBuffer(rows: 3, width: matrix.rows)
        backend.multiply(matrix, x, into: all, rows: 3)
        let some = backend.makeBuffer(rows: 3, width: chosen.count)
        backend.multiply(matrix, chosen: chosen, x, into: some, rows: 3)
        func rows(_ buffer: any DeviceBuffer) -> [[Float]] {
            (0..<3).map { backend.withRow($0, of: buffer) { Array($0) } }
        }
        return (rows(all), rows(some))
    }
}
