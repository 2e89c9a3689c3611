import Basics
import Tensors

/// A checkpoint in GGUF: one file, or the parts of a split one.
package final class GGUFCheckpoint: Checkpoint {
    /// The first has the metadata.
    package let files: [GGUFFile]
    package let tensors: TensorTable

    package init(_ file: GGUFFile) {
        files = [file]
        tensors = file.tensors
    }

    /// - Parameter path: of the file, or of the first part.
    package init(path: String) throws {
        _ = try GGUFShards.paths(of: path)
        files = try GGUFShards.open(GGUFFile(path: path)) { try GGUFFile(path: $0) }
        tensors =
            files.count == 1
            ? files[0].tensors : TensorTable(files.flatMap { Array($0.tensors) }, of: path)
    }

    package var path: String { files[0].path }
    package var metadata: GGUFMetadata { files[0].metadata }
    package var summary: CheckpointSummary { CheckpointSummary(files, tensors) }

    package var beginningToken: Int32? {
        guard (try? metadata.boolIfPresent("tokenizer.ggml.add_bos_token")) == true,
            let id = try? metadata.integerIfPresent("tokenizer.ggml.bos_token_id")
        else { return nil }
        return Int32(exactly: id)
    }

    package func configuration() throws -> ModelConfiguration {
        try ModelConfiguration(gguf: files[0], tensors: tensors)
    }

    package func tokenizerDescription() throws -> TokenizerDescription {
        try TokenizerDescription(gguf: files[0])
    }

    package func metadataForGGUF() throws -> [(String, GGUFValue)] {
        metadata.entries.filter { !$0.key.hasPrefix("split.") }.map { entry in
            let count = entry.isArray ? entry.count : nil
            return (entry.key, .copied(entry.type, arrayCount: count, metadata.rawBytes(entry)))
        }
    }
}
