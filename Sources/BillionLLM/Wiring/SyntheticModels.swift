import Hub
import LanguageModels

/// Models with random weights: `random:` in a manifest takes its shape from the catalog.
enum SyntheticModels {
    /// - Parameter name: of the catalog.
    static func model(_ name: String, seed: UInt64) throws -> SyntheticModel {
        throw ModelError("the catalog does not say which shape '\(name)' has.")
    }
}
