import Basics
import Tensors

/// A model's weights and what is known of the model, whatever they are kept in.
///
/// Tensors have GGUF's names and the configuration has one form, so that architectures and
/// everything above them need not know what kind of checkpoint they were given.
package protocol Checkpoint: AnyObject, Sendable {
    /// The path as it was given, or another name for messages.
    var path: String { get }
    /// The tensors by GGUF's names, mapped and not read.
    var tensors: TensorTable { get }
    /// What is said of the checkpoint in reports.
    var summary: CheckpointSummary { get }
    /// Ids that end a text, where the checkpoint names them beside its tokenizer.
    var endTokens: [Int32] { get }
    /// The token that a text begins with when the model's tokenizer adds one.
    var beginningToken: Int32? { get }

    /// What the forward pass needs to know; throws when something is missing or cannot be.
    func configuration() throws -> ModelConfiguration
    /// Throws for checkpoints that come without a tokenizer.
    func tokenizerDescription() throws -> TokenizerDescription
    /// The pairs that a GGUF file made from this checkpoint begins with.
    func metadataForGGUF() throws -> [(String, GGUFValue)]
    /// The tensors of such a file, with their rows in GGUF's order.
    func tensorsForGGUF() -> TensorTable
}

extension Checkpoint {
    package var endTokens: [Int32] { [] }
    package func tensorsForGGUF() -> TensorTable { tensors }

    func fail(_ problem: String) -> CheckpointError { CheckpointError(file: path, problem) }

    /// The tokenizer; what is wrong with it is said with the name of the file it is in.
    package func tokenizer(spacePrefix: SpacePrefix? = nil) throws -> Tokenizer {
        let description = try tokenizerDescription()
        do throws(TokenizerError) {
            return try Tokenizer(description, spacePrefix: spacePrefix)
        } catch {
            throw error.withFile
        }
    }
}

/// Opens a checkpoint of any form: a GGUF file, the first part of a split one, or a folder with
/// config.json and safetensors.
///
/// Headers are checked completely; weights are mapped and not read.
package func openCheckpoint(path: String) throws -> any Checkpoint {
    FileSystem.isFolder(path)
        ? try FolderCheckpoint(path: path) : try GGUFCheckpoint(path: path)
}
