extension ModelCatalog {
    static let pythias: [CatalogModel] = [
        pythia("70m", width: 512, layers: 6, heads: 8),
        pythia("160m", width: 768, layers: 12, heads: 12),
        pythia("410m", width: 1024, layers: 24, heads: 16),
        pythia("1b", aliases: ["pythia"], width: 2048, layers: 16, heads: 8),
        pythia("6.9b", width: 4096, layers: 32, heads: 32, vocabulary: 50_432),
    ]

    /// The branches that hold the states during training; `step143000` is the end, and `main`.
    static let pythiaSteps: [String] = {
        let early = [0] + (0...9).map { 1 << $0 }
        let steps = early + Array(stride(from: 1000, through: 143_000, by: 1000))
        return ["main"] + steps.map { "step\($0)" }
    }()

    /// Trained on the same data in the same order; the vocabulary has padding rows (50,277 tokens).
    private static func pythia(
        _ size: String, aliases: [String] = [], width: Int, layers: Int, heads: Int,
        vocabulary: Int = 50_304
    ) -> CatalogModel {
        CatalogModel(
            name: "pythia-\(size)", aliases: aliases, license: "Apache-2.0",
            shape: ModelShape(
                .gptneox, width: width, layers: layers, heads: heads, feedForward: 4 * width,
                vocabulary: vocabulary, context: 2048, rotaryShare: 0.25),
            source: .hub(HubSource("EleutherAI/pythia-\(size)", revisions: pythiaSteps)))
    }
}
