import Basics
import LanguageModels
import Tensors

/// What every command that runs a model takes: which, how stored, how many threads, how exact.
struct ModelOptions {
    let model: String
    let quantization: String
    /// The folder of an adapter; nil for none.
    let adapter: String?
    let threads: Int
    let computation: Computation

    static let options: [CommandSpecification.Option] = [
        .init("model", "MODEL", "catalog name or path of a GGUF file"),
        .init(
            "quantization", "FORMAT",
            "as-stored (default), or what to requantize to: q8_0, q4_k_m, f16, ..."),
        .init("threads", "N", "threads that compute (default: the cores of this process)"),
        .init("compute", "f32|auto", "f32: f32 activations, products and cache (default auto)"),
        .init(
            "cache-type", "TYPE",
            "keys and values in f32, f16 or q8_0 (default f16; f32 with --compute f32)"),
    ]

    static let adapter: CommandSpecification.Option = .init(
        "adapter", "FOLDER", "LoRA adapter to use the model with, in PEFT's form")

    init(_ arguments: Arguments) throws {
        model = try arguments.required("model")
        quantization = try Quantizations.chosen(in: arguments)
        adapter = arguments.string("adapter")
        threads = try Self.threads(in: arguments)
        computation = try Self.computation(in: arguments)
    }

    static func threads(in arguments: Arguments) throws -> Int {
        try arguments.integer("threads", in: 1...1024, default: Host.cores)
    }

    static func computation(in arguments: Arguments) throws -> Computation {
        let products = try arguments.choice(
            "compute", of: Computation.Products.allCases.map(\.rawValue),
            default: Computation.Products.auto.rawValue)
        let cache = try arguments.choice(
            "cache-type", of: ["auto"] + CacheFormat.allCases.map(\.rawValue), default: "auto")
        return Computation(
            Computation.Products(rawValue: products) ?? .auto,
            cacheFormat: CacheFormat(rawValue: cache))
    }

    /// The model's file, pulled and requantized when needed, with progress on stderr.
    func path() throws -> String {
        try ModelAccess.standard().path(of: model, quantization: quantization)
    }

    func load() throws -> LanguageModel {
        try LanguageModel(
            path: path(), backend: CPUBackend(threads: threads, computation: computation),
            adapter: adapter)
    }
}

/// The quantizations that a manifest or `--quantization` may name.
enum Quantizations {
    /// The file as it is.
    static let asStored = "as-stored"

    static var names: [String] { [asStored] + QuantizationTarget.names }

    /// What `--quantization` says; a format that can only be read is refused as such.
    static func chosen(in arguments: Arguments) throws -> String {
        if let name = arguments.string("quantization"), !names.contains(name),
            QuantizationRegistry.names.contains(name)
        {
            let error = QuantizationError.noTarget(named: name, available: names)
            throw UsageError("--quantization: \(error)")
        }
        return try arguments.choice("quantization", of: names, default: asStored)
    }
}
