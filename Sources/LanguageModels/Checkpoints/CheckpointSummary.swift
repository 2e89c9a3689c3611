import Basics
import Tensors

/// What a model file says about itself, for `billion models inspect` and for reports.
package struct CheckpointSummary: Codable, Hashable, Sendable {
    /// Tensors of one type together.
    package struct TypeShare: Codable, Hashable, Sendable {
        package let type: String
        package let tensors: Int
        package let elements: Int
        package let bytes: Int
    }

    /// Nil where the file says nothing: a vocabulary-only file has no counts.
    package let architecture: String?
    package let name: String?
    /// `GGUF v3`, `safetensors`, `synthetic`.
    package let form: String
    package let files: Int
    /// Bytes of all of them.
    package let fileBytes: Int
    package let tensorCount: Int
    package let metadataCount: Int
    /// Elements of all tensors; tied embeddings count once.
    package let parameterCount: Int
    package let weightsBytes: Int
    /// Largest share of bytes first.
    package let types: [TypeShare]
    /// The type most layer weights are stored in: `q4_1`.
    package let dominantType: String?
    package let provenance: String?
    package let blockCount: Int?
    package let contextLength: Int?
    package let embeddingLength: Int?
    package let feedForwardLength: Int?
    package let headCount: Int?
    package let headCountKV: Int?
    package let tokenizerModel: String?
    package let tokenizerPre: String?
    package let vocabularySize: Int?
    package let hasChatTemplate: Bool

    /// Mean stored size of a weight, scales included.
    package var bitsPerWeight: Double? {
        parameterCount > 0 ? 8 * Double(weightsBytes) / Double(parameterCount) : nil
    }

    package init(_ file: GGUFFile) { self.init([file], file.tensors) }

    /// - Parameter files: of a GGUF checkpoint; the first has the metadata.
    init(_ files: [GGUFFile], _ tensors: TensorTable) {
        let metadata = files[0].metadata
        let architecture = metadata.text("general.architecture")
        // A summary shows what can be shown: values of a wrong type are left out, not errors.
        func count(_ key: String) -> Int? {
            guard let architecture else { return nil }
            let values = (try? metadata.integersIfPresent("\(architecture).\(key)")).flatMap { $0 }
            // Counts per layer may differ; the largest tells the cost.
            return values?.max()
        }
        self.architecture = architecture
        name = metadata.text("general.name")
        form = "GGUF v\(files[0].version)"
        self.files = files.count
        fileBytes = files.reduce(0) { $0 + $1.byteCount }
        tensorCount = tensors.count
        metadataCount = metadata.entries.count
        parameterCount = tensors.elementCount
        weightsBytes = tensors.byteCount
        types = Self.types(of: tensors)
        dominantType = tensors.dominantType?.name
        provenance = metadata.text(Requantizer.provenanceKey)
        blockCount = count("block_count")
        contextLength = count("context_length")
        embeddingLength = count("embedding_length")
        feedForwardLength = count("feed_forward_length")
        headCount = count("attention.head_count")
        headCountKV = count("attention.head_count_kv") ?? count("attention.head_count")
        tokenizerModel = metadata.text("tokenizer.ggml.model")
        tokenizerPre = metadata.text("tokenizer.ggml.pre")
        vocabularySize = metadata["tokenizer.ggml.tokens"]?.count ?? count("vocab_size")
        hasChatTemplate = metadata.contains("tokenizer.chat_template")
    }

    /// Of a checkpoint that is not GGUF.
    init(
        _ checkpoint: any Checkpoint, _ configuration: ModelConfiguration, form: String, files: Int,
        fileBytes: Int, provenance: String? = nil
    ) {
        let (tensors, shape) = (checkpoint.tensors, configuration.shape)
        architecture = configuration.architecture
        name = FileSystem.name(of: checkpoint.path)
        self.form = form
        self.files = files
        self.fileBytes = fileBytes
        tensorCount = tensors.count
        metadataCount = 0
        parameterCount = tensors.elementCount
        weightsBytes = tensors.byteCount
        types = Self.types(of: tensors)
        dominantType = tensors.dominantType?.name
        self.provenance = provenance
        blockCount = shape.layers
        contextLength = shape.contextLength
        embeddingLength = shape.width
        feedForwardLength = shape.feedForward
        headCount = shape.heads
        headCountKV = shape.keyValueHeads
        tokenizerModel = nil
        tokenizerPre = nil
        vocabularySize = shape.vocabulary
        hasChatTemplate = false
    }

    private static func types(of tensors: TensorTable) -> [TypeShare] {
        Dictionary(grouping: tensors, by: \.type).map { type, tensors in
            TypeShare(
                type: type.name, tensors: tensors.count,
                elements: tensors.reduce(0) { $0 + $1.elementCount },
                bytes: tensors.reduce(0) { $0 + $1.byteRange.count })
        }
        .sorted { ($1.bytes, $0.type) < ($0.bytes, $1.type) }
    }
}

extension GGUFMetadata {
    fileprivate func text(_ key: String) -> String? {
        (try? stringIfPresent(key)).flatMap { $0 }
    }
}
