extension ModelCatalog {
    static let llamas = tinyLlamas + llama2 + llama31 + llama32

    private static let tinyLlamas: [CatalogModel] = {
        let chat = CatalogModel(
            name: "tinyllama-1.1b-chat",
            aliases: ["tinyllama", "tinyllama-1.1b", "tinyllama-chat", "tinyllama-1.1b-chat-v1.0"],
            license: "Apache-2.0",
            shape: ModelShape(
                .llama, width: 2048, layers: 22, heads: 32, keyValueHeads: 4, feedForward: 5632,
                vocabulary: 32_000, context: 2048),
            source: .hub(HubSource("TinyLlama/TinyLlama-1.1B-Chat-v1.0")))
        return [
            chat,
            chat.sibling(
                "tinyllama-1.1b-base", aliases: ["tinyllama-base"],
                repository: "TinyLlama/TinyLlama-1.1B-intermediate-step-1431k-3T"),
        ]
    }()

    private static let llama32: [CatalogModel] = {
        let base = CatalogModel(
            name: "llama-3.2-1b", aliases: ["llama3.2-1b", "llama-3.2-1b-base"],
            license: "Llama 3.2 Community", access: .gated,
            shape: ModelShape(
                .llama, width: 2048, layers: 16, heads: 32, keyValueHeads: 8, feedForward: 8192,
                vocabulary: 128_256, context: 131_072, theta: 500_000, scalingFactor: 32,
                isTied: true),
            source: .hub(HubSource("meta-llama/Llama-3.2-1B")))
        return [
            base,
            base.sibling(
                "llama-3.2-1b-instruct", aliases: ["llama3.2-1b-instruct"],
                repository: "meta-llama/Llama-3.2-1B-Instruct"),
        ]
    }()

    private static let llama31: [CatalogModel] = {
        let base = CatalogModel(
            name: "llama-3.1-8b", aliases: ["llama3.1-8b", "llama-3.1-8b-base"],
            license: "Llama 3.1 Community", access: .gated,
            shape: ModelShape(
                .llama, width: 4096, layers: 32, heads: 32, keyValueHeads: 8, feedForward: 14_336,
                vocabulary: 128_256, context: 131_072, theta: 500_000, scalingFactor: 8),
            source: .hub(HubSource("meta-llama/Llama-3.1-8B")))
        return [
            base,
            base.sibling(
                "llama-3.1-8b-instruct", aliases: ["llama3.1-8b-instruct"],
                repository: "meta-llama/Llama-3.1-8B-Instruct"),
        ]
    }()

    private static let llama2: [CatalogModel] = {
        let base = CatalogModel(
            name: "llama-2-7b", aliases: ["llama2-7b", "llama-2-7b-base"],
            license: "Llama 2 Community", access: .gated,
            shape: ModelShape(
                .llama, width: 4096, layers: 32, heads: 32, feedForward: 11_008,
                vocabulary: 32_000, context: 4096),
            source: .hub(HubSource("meta-llama/Llama-2-7b-hf")))
        return [
            base,
            base.sibling(
                "llama-2-7b-chat", aliases: ["llama2-7b-chat"],
                repository: "meta-llama/Llama-2-7b-chat-hf"),
        ]
    }()
}
