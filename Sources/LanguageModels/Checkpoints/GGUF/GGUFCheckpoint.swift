import Basics
import Tensors

/// A checkpoint in GGUF.
package final class GGUFCheckpoint: Checkpoint {
    package let file: GGUFFile

    package init(_ file: GGUFFile) { self.file = file }

    package convenience init(path: String) throws { try self.init(GGUFFile(path: path)) }

    package var path: String { file.path }
    package var tensors: TensorTable { file.tensors }
    package var metadata: GGUFMetadata { file.metadata }
    package var summary: CheckpointSummary { CheckpointSummary(file) }

    package var beginningToken: Int32? {
        guard (try? metadata.boolIfPresent("tokenizer.ggml.add_bos_token")) == true,
            let id = try? metadata.integerIfPresent("tokenizer.ggml.bos_token_id")
        else { return nil }
        return Int32(exactly: id)
    }

    package func configuration() throws -> ModelConfiguration { try ModelConfiguration(gguf: file) }

    package func tokenizerDescription() throws -> TokenizerDescription {
        try TokenizerDescription(gguf: file)
    }

    package func metadataForGGUF() throws -> [(String, GGUFValue)] {
        metadata.entries.map { entry in
            let bytes = metadata.rawBytes(entry)
            return (
                entry.key,
                .copied(entry.type, arrayCount: entry.isArray ? entry.count : nil, bytes)
            )
        }
    }
}
