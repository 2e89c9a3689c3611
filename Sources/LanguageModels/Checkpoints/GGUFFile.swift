import Basics
import Tensors

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
    package let tensors: [GGUFTensor]
    private let map: MappedFile
    private let indexByName: [String: Int]

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
        tensors = header.tensors
        indexByName = Dictionary(
            tensors.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
        self.map = map
    }

    /// The path as it was given.
    package var path: String { map.path }
    package var byteCount: Int { map.count }

    /// `general.architecture`, such as `llama`.
    package var architecture: String {
        get throws(CheckpointError) { try metadata.string("general.architecture") }
    }
}

// MARK: - Tensors

extension GGUFFile {
    package func contains(_ name: String) -> Bool { indexByName[name] != nil }

    package func tensorIfPresent(named name: String) -> GGUFTensor? {
        indexByName[name].map { tensors[$0] }
    }

    /// The tensor of this name and, where given, of these dimensions (innermost first).
    package func tensor(named name: String, dimensions: [Int]? = nil) throws(CheckpointError)
        -> GGUFTensor
    {
        guard let tensor = tensorIfPresent(named: name) else {
            let nearest = Suggestion.nearest(to: name, among: tensors.lazy.map(\.name))
            let hint = nearest.map { " The nearest is \(quoted($0))." } ?? ""
            throw fail("there is no tensor \(quoted(name)), which this model needs.\(hint)")
        }
        if let dimensions, tensor.dimensions != dimensions {
            throw fail(
                "tensor \(quoted(name)): expected \(GGUFTensor.shape(dimensions)), "
                    + "checkpoint has \(tensor.shape).")
        }
        return tensor
    }

    /// How the tensor's bytes are to be read.
    ///
    /// Throws for types that are not supported yet.
    package func format(of tensor: GGUFTensor) throws(CheckpointError)
        -> any QuantizationFormat.Type
    {
        do throws(QuantizationError) {
            return try QuantizationRegistry.format(ggmlType: tensor.type.id)
        } catch {
            throw fail("tensor \(quoted(tensor.name)): \(error)")
        }
    }

    /// Lends the tensor's bytes for the length of the call.
    package func withBytes<Value, Failure: Error>(
        of tensor: GGUFTensor, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        defer { withExtendedLifetime(self) {} }
        return try body(bytes(of: tensor))
    }

    /// The tensor's bytes in the mapping, for owners that keep this object: good while it is alive.
    package func bytes(of tensor: GGUFTensor) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: map.bytes[tensor.byteRange])
    }

    /// The tensor's values, dequantized, in the order of the file.
    package func floats(of tensor: GGUFTensor) throws(CheckpointError) -> [Float] {
        let format = try format(of: tensor)
        let count = tensor.elementCount
        return withBytes(of: tensor) { source in
            [Float](unsafeUninitializedCapacity: count) { buffer, filled in
                if let from = source.baseAddress, let into = buffer.baseAddress {
                    format.dequantize(from, count: count, into: into)
                }
                filled = count
            }
        }
    }

    /// Asks the system to read the tensor's bytes ahead.
    package func prefetch(_ tensor: GGUFTensor) { map.prefetch(tensor.byteRange) }

    /// Lets the tensor's pages go; they are read again when touched.
    package func release(_ tensor: GGUFTensor) { map.release(tensor.byteRange) }

    func fail(_ problem: String) -> CheckpointError { CheckpointError(file: path, problem) }
}

extension GGUFFile: PagedMemory {
    package func release(_ range: UnsafeRawBufferPointer) {
        guard let base = map.bytes.baseAddress, let start = range.baseAddress else { return }
        map.release(start - base..<start - base + range.count)
    }
}
