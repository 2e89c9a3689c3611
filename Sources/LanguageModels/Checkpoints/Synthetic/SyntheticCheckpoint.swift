import Basics
import Dispatch
import Tensors

/// What a model with made-up weights is like: everything but the weights themselves.
package struct SyntheticModel: Codable, Hashable, Sendable {
    /// What it is called in reports: the name of the model whose shape it has.
    package var name: String
    /// GGUF's name of the family.
    package var architecture: String
    package var shape: TransformerShape
    package var epsilon: Float
    package var ropeBase: Float
    /// Elements of a head that positions turn.
    package var rotaryDimensions: Int
    package var scaling: Llama3Scaling?
    package var isTied: Bool
    package var seed: UInt64

    package init(
        name: String, architecture: String, shape: TransformerShape, epsilon: Float,
        ropeBase: Float, rotaryDimensions: Int, scaling: Llama3Scaling? = nil, isTied: Bool,
        seed: UInt64
    ) {
        self.name = name
        self.architecture = architecture
        self.shape = shape
        self.epsilon = epsilon
        self.ropeBase = ropeBase
        self.rotaryDimensions = rotaryDimensions
        self.scaling = scaling
        self.isTied = isTied
        self.seed = seed
    }
}

/// A checkpoint with the shape of a real one and seeded random weights, made in memory.
///
/// Speed, memory and loading do not depend on what the weights are, so they can be measured before
/// anything is downloaded. There is no tokenizer: what needs a text is refused.
package final class SyntheticCheckpoint: Checkpoint {
    package let model: SyntheticModel
    package let tensors: TensorTable
    private let conventions: ArchitectureConventions

    /// Makes the weights with all threads, in the stored size and little more.
    ///
    /// Throws when the architecture is unknown or its rows do not fit any format.
    package init(_ model: SyntheticModel, target: QuantizationTarget, threads: Int) throws {
        guard let type = ArchitectureRegistry.architecture(named: model.architecture) else {
            throw CheckpointError(
                file: model.name,
                "architecture \(quoted(model.architecture)) is not supported.")
        }
        self.model = model
        conventions = type.conventions
        let shapes = conventions.tensorShapes(of: model.shape, isTied: model.isTied)
        let formats = RequantizationPlan.formats(
            of: shapes, target: target, isTied: model.isTied, blockCount: model.shape.layers)
        var pools: [PoolKey: RandomBlocks] = [:]
        var made: [CheckpointTensor] = []
        for (index, (tensor, format)) in zip(shapes, formats).enumerated() {
            let (name, dimensions) = tensor
            let key = PoolKey(
                format: format.ggmlType, columns: dimensions.count == 1 ? 0 : dimensions[0])
            let pool = pools[key] ?? RandomBlocks(format, key.columns, seed: model.seed)
            pools[key] = pool
            let seed = model.seed &+ UInt64(index) &* 0x2545_F491_4F6C_DD1D
            made.append(
                try Self.tensor(
                    name, dimensions, format, pool, seed: seed, threads: threads,
                    model: model.name))
        }
        tensors = TensorTable(made, of: model.name)
    }

    private struct PoolKey: Hashable {
        let format: UInt32
        let columns: Int
    }

    private static func tensor(
        _ name: String, _ dimensions: [Int], _ format: QuantizationTarget.Format,
        _ pool: RandomBlocks, seed: UInt64, threads: Int, model: String
    ) throws(CheckpointError) -> CheckpointTensor {
        guard let type = GGMLType.withID(format.ggmlType) else {
            preconditionFailure("every format has a type")
        }
        let count = dimensions.reduce(1, *)
        let bytes = type.byteCount(elements: count)
        // A backend that has its own copy of weights lets go of these; single rows are only ever
        // looked up in the embedding.
        let file = MappedFile(
            byteCount: bytes, name: model, forgets: name != "token_embd.weight"
        ) { memory in
            if dimensions.count == 1 {
                pool.fillVector(memory, isNorm: name.hasSuffix("norm.weight"), seed: seed)
            } else {
                pool.fill(memory, seed: seed, threads: threads)
            }
        }
        return CheckpointTensor(
            name: name, dimensions: dimensions, type: type, byteRange: 0..<bytes, file: file)
    }

    package var path: String { model.name }
    package var beginningToken: Int32? { nil }

    package func configuration() -> ModelConfiguration {
        ModelConfiguration(
            architecture: model.architecture, shape: model.shape, epsilon: model.epsilon,
            rotary: RotaryConfiguration(
                base: model.ropeBase, dimensions: model.rotaryDimensions,
                pairing: conventions.ggufPairing, scaling: model.scaling))
    }

    /// What reports say of where the weights come from.
    package static let provenance = "synthetic: random weights"

    package var summary: CheckpointSummary {
        CheckpointSummary(
            self, configuration(), form: "synthetic", files: 0, fileBytes: 0,
            provenance: Self.provenance)
    }

    package func tokenizerDescription() throws -> TokenizerDescription {
        throw fail(
            "its weights are random and it has no tokenizer; only speed and memory can be "
                + "measured.")
    }

    package func metadataForGGUF() throws -> [(String, GGUFValue)] {
        throw fail("random weights are not written to files.")
    }
}
