extension ModelCatalog {
    static let stableLMs: [CatalogModel] = {
        let base = CatalogModel(
            name: "stablelm-2-1.6b",
            aliases: ["stablelm", "stablelm-2", "stablelm2-1.6b", "stablelm-2-1_6b"],
            license: "Stability AI Community",
            shape: ModelShape(
                .stablelm, width: 2048, layers: 24, heads: 32, feedForward: 5632,
                vocabulary: 100_352, context: 4096, rotaryShare: 0.25),
            source: .hub(HubSource("stabilityai/stablelm-2-1_6b")))
        return [
            base,
            base.sibling(
                "stablelm-2-1.6b-chat", aliases: ["stablelm-chat", "stablelm-2-1_6b-chat"],
                repository: "stabilityai/stablelm-2-1_6b-chat"),
        ]
    }()
}
