/// How a family of transformers is put together for training.
///
/// The counterpart of `Architecture`, whose forward pass is written for decoding.
protocol TrainableArchitecture {
    /// `general.architecture` in GGUF.
    static var name: String { get }

    static func layer(_ index: Int, from weights: FrozenWeights) throws -> TrainableLayer
}

/// The families that can be trained.
///
/// One line an architecture.
enum TrainableArchitectures {
    static var all: [any TrainableArchitecture.Type] {
        [
            TrainableGPTNeoX.self,
            TrainableLlama.self,
            TrainableStableLM.self,
        ]
    }
}
