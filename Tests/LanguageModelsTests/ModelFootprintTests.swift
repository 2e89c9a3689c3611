import Tensors
import Testing

@testable import LanguageModels

/// Sizes worked out by hand, and those that were measured.
@Suite struct ModelFootprintTests {
    /// Matrices of a layer: 64 x (64 + 32 + 32 + 64 + 3 x 128) = 36,864 weights; two norms of 64.
    private static let tiny = TransformerShape(
        layers: 2, width: 64, feedForward: 128, heads: 4, keyValueHeads: 2, headSize: 16,
        vocabulary: 100, contextLength: 256)

    private func footprint(_ format: String, isTied: Bool = false) throws -> ModelFootprint {
        try #require(
            ModelFootprint(
                architecture: "llama", shape: Self.tiny, isTied: isTied, target: .named(format)))
    }

    @Test func sizesAreThoseOfTheTensors() throws {
        let half = try footprint("f16")
        #expect(half.parameters == 2 * 36_864 + 2 * 6_400 + 5 * 64)
        #expect(half.storedBytes == 2 * (2 * 36_864 + 2 * 6_400) + 4 * 5 * 64)
        #expect(half.layerWeights == 2 * 36_864)
        // A step reads everything but the embedding.
        #expect(half.stepBytes == half.storedBytes - 2 * 6_400)
        // Blocks of 32 take 34 bytes.
        let byte = try footprint("q8_0")
        #expect(byte.storedBytes == (2 * 36_864 + 2 * 6_400) / 32 * 34 + 4 * 5 * 64)
        let tied = try footprint("f16", isTied: true)
        #expect(tied.storedBytes == half.storedBytes - 2 * 6_400)
        #expect(tied.stepBytes == tied.storedBytes)
    }

    @Test func theCacheIsWhatASessionMakes() throws {
        // Keys and values, 2 layers, 2 heads of 16 numbers; slots come in groups of 16.
        let memory = try footprint("f16").memory(positions: 20, computation: .f32, threads: 1)
        #expect(memory.cache == 32 * 2 * 2 * 2 * 16 * 4)
        #expect(memory.total == memory.weights + memory.cache + memory.workspace)
        let half = try footprint("f16").memory(positions: 20, computation: .auto, threads: 1)
        #expect(half.cache == memory.cache / 2)
    }

    /// What a checkpoint of random weights really has, for every family and format.
    @Test(arguments: SyntheticCheckpointTests.architectures, QuantizationTarget.names)
    func agreesWithACheckpoint(architecture: String, format: String) throws {
        let model = SyntheticCheckpointTests.model(architecture)
        let target = try QuantizationTarget.named(format)
        let tensors = try SyntheticCheckpoint(model, target: target, threads: 1).tensors
        let footprint = try #require(
            ModelFootprint(
                architecture: architecture, shape: model.shape, isTied: model.isTied,
                target: target))
        #expect(footprint.storedBytes == tensors.byteCount)
        #expect(footprint.parameters == tensors.elementCount)
    }

    @Test func aFamilyThatNobodyKnowsHasNone() throws {
        #expect(
            try ModelFootprint(
                architecture: "mamba", shape: Self.tiny, isTied: false, target: .named("f16"))
                == nil)
    }

    /// SmolLM2-135M with 544 positions and 2 threads, as the notebook `runs.sqlite` has it:
    /// weights, and the peak of the process with the mapped file in it.
    @Test(arguments: [
        ("f32", 538_060_032, 583_376_896), ("q8_0", 143_025_408, 188_817_408),
        ("q4_0", 89_941_248, 135_634_944),
    ])
    func coversWhatWasMeasured(format: String, weights: Int, peak: Int) throws {
        let shape = TransformerShape(
            layers: 30, width: 576, feedForward: 1536, heads: 9, keyValueHeads: 3, headSize: 64,
            vocabulary: 49_152, contextLength: 8192)
        let footprint = try #require(
            ModelFootprint(
                architecture: "llama", shape: shape, isTied: true, target: .named(format)))
        #expect(footprint.storedBytes == weights)
        let memory = footprint.memory(positions: 544, computation: .auto, threads: 2)
        #expect(memory.cache == 544 * 23_040)
        #expect(memory.total >= peak, "\(memory)")
        #expect(Double(memory.total) <= 1.5 * Double(peak), "\(memory)")
    }
}
