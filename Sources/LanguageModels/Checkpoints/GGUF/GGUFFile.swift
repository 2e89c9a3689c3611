import Basics

/// A model file in GGUF, version 2 or 3, mapped into memory.
///
/// Opening checks the whole header, so that everything handed out afterwards lies inside the file;
/// tensor data is not touched. Complexity of opening: the size of the header.
package final class GGUFFile: Sendable {
    package let version: UInt32
    /// Tensor data starts at multiples of this.
    package let alignment: Int
    package let metadata: GGUFMetadata
    /// In the order of the file.
    package let tensors: TensorTable
    private let map: MappedFile

    /// Opens a file.
    ///
    /// With `copying` it is read into memory, safe against others changing it.
    ///
    /// Throws `BasicsError` or `CheckpointError`.
    package convenience init(path: String, copying: Bool = false) throws {
        try self.init(MappedFile(path: path, copying: copying))
    }

    package init(_ map: MappedFile) throws(CheckpointError) {
        let header = try GGUFHeader(map)
        version = header.version
        alignment = header.alignment
        metadata = header.metadata
        tensors = TensorTable(header.tensors, of: map.path)
        self.map = map
    }

    /// The path as it was given.
    package var path: String { map.path }
    package var byteCount: Int { map.count }

    /// `general.architecture`, such as `llama`.
    package var architecture: String {
        get throws(CheckpointError) { try metadata.string("general.architecture") }
    }

    func fail(_ problem: String) -> CheckpointError { CheckpointError(file: path, problem) }
}
