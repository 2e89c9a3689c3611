import Basics
import Tensors

/// A checkpoint on a backend, ready to run.
package final class LanguageModel {
    package let checkpoint: GGUFFile
    package let backend: any Backend
    package let architecture: any Architecture
    /// From the start of loading until the first pass could run.
    package let loadSeconds: Double
    private var loadedTokenizer: Tokenizer?

    /// Maps a GGUF file and hands its weights to the backend.
    package init(path: String, backend: any Backend) throws {
        let clock = ContinuousClock()
        let start = clock.now
        checkpoint = try GGUFFile(path: path)
        let name = try checkpoint.architecture
        guard let type = ArchitectureRegistry.architecture(named: name) else {
            throw ModelError(
                "\(path): architecture '\(name)' is not supported."
                    + Suggestion.sentence(
                        for: name, among: ArchitectureRegistry.all.map { $0.name }))
        }
        architecture = try type.init(checkpoint: checkpoint, backend: backend)
        self.backend = backend
        loadSeconds = (clock.now - start).seconds
    }

    package var shape: TransformerShape { architecture.shape }

    /// Stored size of all tensors.
    package var weightsBytes: Int { checkpoint.tensors.reduce(0) { $0 + $1.byteRange.count } }

    /// `q4_1 210, f32 61, q8_0 1`: tensors by format, the most frequent first.
    package var storedFormats: String {
        let counts = Dictionary(grouping: checkpoint.tensors) { $0.type.name }
            .map { (name: $0.key, count: $0.value.count) }
            .sorted { ($1.count, $0.name) < ($0.count, $1.name) }
        return counts.map { "\($0.name) \($0.count)" }.joined(separator: ", ")
    }

    /// How the weights came to their format, when this program made the file.
    package var provenance: String? { CheckpointSummary(checkpoint).provenance }

    /// The token that a text begins with when the model's tokenizer adds one.
    package var beginningToken: Int32? {
        guard (try? checkpoint.metadata.boolIfPresent("tokenizer.ggml.add_bos_token")) == true,
            let id = try? checkpoint.metadata.integerIfPresent("tokenizer.ggml.bos_token_id"),
            (0..<shape.vocabulary).contains(id)
        else { return nil }
        return Int32(id)
    }

    /// Made when first asked for: speed needs no text.
    package func tokenizer() throws -> Tokenizer {
        if let loadedTokenizer { return loadedTokenizer }
        let tokenizer = try Tokenizer(TokenizerDescription(gguf: checkpoint))
        loadedTokenizer = tokenizer
        return tokenizer
    }

    package func makeSession(capacity: Int, computation: Computation) -> DecodingSession {
        DecodingSession(model: self, capacity: capacity, cacheFormat: computation.cacheFormat)
    }
}

/// A model that cannot be run.
package struct ModelError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

extension Duration {
    package var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
