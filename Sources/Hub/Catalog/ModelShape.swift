/// The sizes of a model: all that decides its parameters, its memory and its speed.
///
/// Letters as in `Sources/README.md`: D width, F feed-forward width, H heads, K key/value heads,
/// V vocabulary. A downloaded `config.json` always wins over these values.
package struct ModelShape: Sendable, Hashable {
    package enum Architecture: String, Sendable, Hashable, CaseIterable {
        /// The names that GGUF files use.
        case llama, stablelm, gptneox
    }

    package let architecture: Architecture
    /// D.
    package let width: Int
    package let layers: Int
    /// H.
    package let heads: Int
    /// K.
    package let keyValueHeads: Int
    /// Components of one head; H x `headSize` is D in all these models.
    package let headSize: Int
    /// F.
    package let feedForward: Int
    /// V, padding rows included.
    package let vocabulary: Int
    /// Positions that the model was made for.
    package let context: Int
    package let rotary: Rotary
    package let normEpsilon: Double
    /// The output head is the embedding matrix.
    package let isTied: Bool

    package struct Rotary: Sendable, Hashable {
        package let theta: Double
        /// Components of a head that are rotated: the first ones.
        package let dimensions: Int
        package let scaling: Llama3Scaling?
    }

    /// How Llama 3.1 and 3.2 stretch the rotary frequencies.
    package struct Llama3Scaling: Sendable, Hashable {
        package let factor: Double
        package var lowFrequencyFactor = 1.0
        package var highFrequencyFactor = 4.0
        package var originalContext = 8192
    }

    init(
        _ architecture: Architecture, width: Int, layers: Int, heads: Int,
        keyValueHeads: Int? = nil, feedForward: Int, vocabulary: Int, context: Int,
        theta: Double = 10_000, rotaryShare: Double = 1, scalingFactor: Double? = nil,
        isTied: Bool = false
    ) {
        precondition(width % heads == 0, "a head is a whole number of components")
        self.architecture = architecture
        self.width = width
        self.layers = layers
        self.heads = heads
        self.keyValueHeads = keyValueHeads ?? heads
        headSize = width / heads
        self.feedForward = feedForward
        self.vocabulary = vocabulary
        self.context = context
        rotary = Rotary(
            theta: theta, dimensions: Int(Double(width / heads) * rotaryShare),
            scaling: scalingFactor.map { Llama3Scaling(factor: $0) })
        normEpsilon = 1e-5
        self.isTied = isTied
    }
}

extension ModelShape {
    /// Weights of all tensors, each counted once.
    package var parameterCount: Int64 {
        Int64(vocabulary * width * (isTied ? 1 : 2) + layers * layerParameters + finalNorm)
    }

    /// Values of a key and of a value of one position in all layers.
    package var cacheValuesPerToken: Int { 2 * layers * keyValueHeads * headSize }

    private var finalNorm: Int { architecture == .llama ? width : 2 * width }

    private var layerParameters: Int {
        let query = heads * headSize
        let keyValue = keyValueHeads * headSize
        let attention = width * (query + 2 * keyValue) + query * width
        switch architecture {
        case .llama:
            return attention + 3 * width * feedForward + 2 * width
        case .stablelm:
            // Norms with biases, and biases on queries, keys and values.
            return attention + query + 2 * keyValue + 3 * width * feedForward + 4 * width
        case .gptneox:
            // Two linear layers instead of three, a bias on each, norms with biases.
            return attention + query + 2 * keyValue + width + 2 * width * feedForward + feedForward
                + width + 4 * width
        }
    }
}
