import Basics
import Tensors

/// What a model is apart from its weights, the same whatever its checkpoint is kept in.
package struct ModelConfiguration: Hashable, Sendable {
    /// GGUF's name of the family: `llama`.
    package var architecture: String
    package var shape: TransformerShape
    /// What norms add to a variance before its root is taken.
    package var epsilon: Float
    package var rotary: RotaryConfiguration
    /// Whether both halves of a layer read the same stream; nil when the checkpoint does not say.
    package var hasParallelResidual: Bool?

    package init(
        architecture: String, shape: TransformerShape, epsilon: Float,
        rotary: RotaryConfiguration, hasParallelResidual: Bool? = nil
    ) {
        self.architecture = architecture
        self.shape = shape
        self.epsilon = epsilon
        self.rotary = rotary
        self.hasParallelResidual = hasParallelResidual
    }
}

/// Rotary positions: how far each pair of a head's elements turns, and which elements are a pair.
package struct RotaryConfiguration: Hashable, Sendable {
    /// Theta, the base of the wavelengths.
    package var base: Float
    /// Elements of a head that turn; the others stay as they are.
    package var dimensions: Int
    package var pairing: RotaryPairing
    /// Nil for none, and where a tensor `rope_freqs.weight` has it already.
    package var scaling: Llama3Scaling?

    package init(
        base: Float, dimensions: Int, pairing: RotaryPairing, scaling: Llama3Scaling? = nil
    ) {
        self.base = base
        self.dimensions = dimensions
        self.pairing = pairing
        self.scaling = scaling
    }
}

// MARK: - Reading

/// A number of the configuration, by its meaning.
enum ConfigurationField {
    case layers, width, feedForward, heads, keyValueHeads, headSize, contextLength
    case rotaryDimensions
}

/// Somewhere that a configuration is written down.
protocol ConfigurationSource {
    /// What messages call the field: the key or the dotted path.
    func name(of field: ConfigurationField) -> String
    /// Nil when the source does not say.
    func integer(_ field: ConfigurationField) throws -> Int?
    func problem(_ text: String) -> CheckpointError
}

extension ConfigurationSource {
    /// A required number from 1 to `limit`.
    func positive(
        _ field: ConfigurationField, default value: Int? = nil, limit: Int = 1 << 30
    ) throws -> Int {
        guard let found = try integer(field) ?? value else {
            throw problem("there is no \(quoted(name(of: field))), which this model needs.")
        }
        guard (1...limit).contains(found) else {
            throw problem("\(name(of: field)) is \(found); wanted 1 to \(limit).")
        }
        return found
    }

    /// The shape, checked to be one that a forward pass can have.
    func shape(vocabulary: Int) throws -> TransformerShape {
        let width = try positive(.width)
        let heads = try positive(.heads)
        let keyValueHeads = try positive(.keyValueHeads, default: heads)
        let headSize = try positive(.headSize, default: max(width / heads, 1))
        guard heads % keyValueHeads == 0 else {
            throw problem(
                "\(heads) heads (\(name(of: .heads))) do not share \(keyValueHeads) key/value "
                    + "heads (\(name(of: .keyValueHeads))) evenly.")
        }
        guard headSize % 2 == 0, headSize <= width else {
            throw problem(
                "a head size of \(headSize) is odd or larger than the width of \(width) "
                    + "(\(name(of: .heads)) is \(heads)).")
        }
        return TransformerShape(
            layers: try positive(.layers, limit: 10_000), width: width,
            feedForward: try positive(.feedForward), heads: heads, keyValueHeads: keyValueHeads,
            headSize: headSize, vocabulary: vocabulary,
            contextLength: try positive(.contextLength))
    }

    /// Elements of a head that rotary positions turn.
    func rotaryDimensions(headSize: Int) throws -> Int {
        let dimensions = try positive(.rotaryDimensions, default: headSize)
        guard dimensions % 2 == 0, dimensions <= headSize else {
            throw problem(
                "\(name(of: .rotaryDimensions)) is \(dimensions); wanted an even number of at "
                    + "most the head size, \(headSize).")
        }
        return dimensions
    }
}
