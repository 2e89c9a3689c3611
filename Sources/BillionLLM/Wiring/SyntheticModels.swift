import Basics
import Hub
import LanguageModels

/// Models with random weights: `random:` in a manifest takes its shape from the catalog.
enum SyntheticModels {
    /// - Parameter name: of the catalog.
    static func model(_ name: String, seed: UInt64) throws -> SyntheticModel {
        guard let entry = ModelCatalog.model(named: name) else {
            throw ModelError("the catalog has no model '\(name)' to take the shape of.")
        }
        let shape = entry.shape
        return SyntheticModel(
            name: entry.name, architecture: shape.architecture.rawValue,
            shape: TransformerShape(
                layers: shape.layers, width: shape.width, feedForward: shape.feedForward,
                heads: shape.heads, keyValueHeads: shape.keyValueHeads, headSize: shape.headSize,
                vocabulary: shape.vocabulary, contextLength: shape.context),
            epsilon: Float(shape.normEpsilon), ropeBase: Float(shape.rotary.theta),
            rotaryDimensions: shape.rotary.dimensions,
            scaling: shape.rotary.scaling.map { scaling in
                Llama3Scaling(
                    factor: Float(scaling.factor),
                    lowFrequencyFactor: Float(scaling.lowFrequencyFactor),
                    highFrequencyFactor: Float(scaling.highFrequencyFactor),
                    originalContextLength: scaling.originalContext)
            }, isTied: shape.isTied, seed: seed)
    }

    /// What identifies the random weights of a shape and a seed.
    static func digest(_ name: String, seed: UInt64) throws -> String {
        SHA256.hex(try JSON.text(model(name, seed: seed)))
    }
}
