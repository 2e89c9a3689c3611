import Basics
import Tensors

/// A checkpoint as Hugging Face keeps it: a folder with config.json and safetensors.
///
/// Weights are used in place. Only what GGUF has in another order is copied, when a backend asks
/// for it: the fused matrices of GPT-NeoX.
package final class FolderCheckpoint: Checkpoint {
    package let path: String
    package let tensors: TensorTable
    private let configurationRead: HuggingFaceConfiguration
    private let files: CheckpointFiles.Folder
    private let fileBytes: Int
    /// Ids that end a text: of generation_config.json where it names them, else of config.json.
    package let endTokens: [Int32]

    package init(path: String) throws {
        self.path = path
        files = try CheckpointFiles.Folder(path)
        let configuration = try HuggingFaceConfiguration(JSONFields(path: files.configuration))
        configurationRead = configuration
        var ends = configuration.endTokens
        if let generation = files.generation {
            let named = try JSONFields(path: generation).tokens(
                "eos_token_id", vocabulary: configuration.model.shape.vocabulary)
            if !named.isEmpty { ends = named }
        }
        endTokens = ends
        let weights = try files.weights.map { try SafetensorsFile(path: $0) }
        if let index = files.index {
            try index.check(
                Dictionary(
                    weights.map { (FileSystem.name(of: $0.path), $0) },
                    uniquingKeysWith: { first, _ in first }))
        }
        fileBytes = weights.reduce(0) { $0 + $1.map.count }
        tensors = try Self.table(weights, configuration, path: path)
    }

    package func configuration() -> ModelConfiguration { configurationRead.model }

    /// Which token a text begins with is the tokenizer's business.
    package var beginningToken: Int32? { nil }

    package func tokenizerDescription() throws -> TokenizerDescription {
        try TokenizerDescription(folder: path)
    }

    package var summary: CheckpointSummary {
        CheckpointSummary(
            self, configurationRead.model, form: "safetensors", files: files.weights.count,
            fileBytes: fileBytes)
    }

    // MARK: Tensors

    /// The tensors that the architecture knows, under GGUF's names.
    static func table(
        _ files: [SafetensorsFile], _ configuration: HuggingFaceConfiguration, path: String
    ) throws(CheckpointError) -> TensorTable {
        let conventions = configuration.conventions
        var tensors: [CheckpointTensor] = []
        for file in files {
            for tensor in file.tensors {
                if conventions.ignoredSuffixes.contains(where: tensor.name.hasSuffix) { continue }
                guard let name = conventions.ggufName(of: tensor.name) else {
                    throw CheckpointError(
                        file: file.path,
                        "tensor \(quoted(tensor.name)) is not part of a "
                            + "\(conventions.huggingFaceClass); this variant is not supported.")
                }
                // Saved with some models although it is the embedding once more.
                if configuration.isTied, name == "output.weight" { continue }
                tensors.append(
                    try Self.tensor(tensor, named: name, of: file, configuration.model.shape))
            }
        }
        let table = TensorTable(
            tensors, of: path, fileName: { conventions.huggingFaceName(of: $0) })
        if !configuration.isTied { _ = try table.tensor(named: "output.weight") }
        return table
    }

    private static func tensor(
        _ tensor: SafetensorsFile.Tensor, named name: String, of file: SafetensorsFile,
        _ shape: TransformerShape
    ) throws(CheckpointError) -> CheckpointTensor {
        func fail(_ problem: String) -> CheckpointError {
            CheckpointError(file: file.path, "tensor \(quoted(tensor.name)): \(problem)")
        }
        let type = GGMLType.all.first { $0.name == tensor.dtype.lowercased() }
        guard let type, ["f32", "f16", "bf16"].contains(type.name) else {
            throw fail("its numbers are \(tensor.dtype); wanted F32, F16 or BF16.")
        }
        guard !tensor.shape.contains(0), (1...2).contains(tensor.shape.count) else {
            throw fail("shape \(tensor.shape); wanted a vector or a matrix that is not empty.")
        }
        let isFused =
            name.contains(".attn_qkv.") && tensor.shape[0] % (3 * shape.heads) == 0
        return CheckpointTensor(
            name: name, dimensions: tensor.shape.reversed(), type: type,
            byteRange: tensor.byteRange, file: file.map,
            label: CheckpointTensor.Label(name: tensor.name, listsRowsFirst: true),
            rowOrder: isFused ? .fusedByHead(heads: shape.heads) : .asStored)
    }
}

// MARK: - As GGUF

extension FolderCheckpoint {
    /// With the rows of queries and keys in GGUF's order, and the scaling of positions as a tensor.
    package func tensorsForGGUF() -> TensorTable {
        let model = configurationRead.model
        let isInterleaved = configurationRead.conventions.ggufPairing == .interleaved
        let divisors = model.rotary.scaling.map { scaling in
            var plain = model.rotary
            plain.scaling = nil
            return scaling.divisors(of: RotaryEmbedding(plain).frequencies)
        }
        let added = divisors.map { divisors in
            let bytes = divisors.flatMap { value in
                withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
            }
            return CheckpointTensor(
                name: "rope_freqs.weight", dimensions: [divisors.count],
                type: GGMLType.all.first { $0.id == F32.ggmlType }!, byteRange: 0..<bytes.count,
                file: MappedFile(bytes: bytes, name: path))
        }
        return tensors.replacing(adding: added.map { [$0] } ?? []) { tensor in
            let heads =
                tensor.name.contains(".attn_q.")
                ? model.shape.heads
                : tensor.name.contains(".attn_k.") ? model.shape.keyValueHeads : nil
            guard isInterleaved, let heads, (tensor.dimensions.last ?? 0) % (2 * heads) == 0 else {
                return tensor
            }
            return tensor.reordered(.halvesByHead(heads: heads))
        }
    }

    /// What llama.cpp needs to know of the model and, where the folder has one, of its tokenizer.
    package func metadataForGGUF() throws -> [(String, GGUFValue)] {
        let model = configurationRead.model
        let shape = model.shape
        func count(_ key: String, _ value: Int) -> (String, GGUFValue) {
            ("\(model.architecture).\(key)", .uint32(UInt32(clamping: value)))
        }
        var pairs: [(String, GGUFValue)] = [
            ("general.architecture", .string(model.architecture)),
            ("general.name", .string(FileSystem.name(of: path))),
            count("block_count", shape.layers), count("context_length", shape.contextLength),
            count("embedding_length", shape.width),
            count("feed_forward_length", shape.feedForward),
            count("attention.head_count", shape.heads),
            count("attention.head_count_kv", shape.keyValueHeads),
            count("attention.key_length", shape.headSize),
            count("attention.value_length", shape.headSize),
            count("rope.dimension_count", model.rotary.dimensions),
            count("vocab_size", shape.vocabulary),
            ("\(model.architecture).rope.freq_base", .float32(model.rotary.base)),
            (
                "\(model.architecture).\(configurationRead.conventions.epsilonKeys.gguf)",
                .float32(model.epsilon)
            ),
        ]
        if let isParallel = model.hasParallelResidual {
            pairs.append(("\(model.architecture).use_parallel_residual", .bool(isParallel)))
        }
        guard TokenizerDescription.isPresent(inFolder: path) else { return pairs }
        return pairs + (try tokenizerDescription().metadataForGGUF(vocabulary: shape.vocabulary))
    }
}
