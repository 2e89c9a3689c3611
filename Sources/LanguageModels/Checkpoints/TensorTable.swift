import Basics
import Tensors

/// The tensors of a checkpoint, in the order of its files and by name.
package struct TensorTable: Sendable {
    /// The checkpoint's path, for messages.
    let file: String
    private let tensors: [CheckpointTensor]
    private let indexByName: [String: Int]

    /// What a tensor that is missing would be called in the file.
    private let fileName: @Sendable (String) -> String

    /// - Parameter tensors: of different names; the caller has checked that.
    init(
        _ tensors: [CheckpointTensor], of file: String,
        fileName: @escaping @Sendable (String) -> String = { $0 }
    ) {
        self.file = file
        self.tensors = tensors
        self.fileName = fileName
        indexByName = Dictionary(
            tensors.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    package subscript(name: String) -> CheckpointTensor? { indexByName[name].map { tensors[$0] } }

    package func contains(_ name: String) -> Bool { indexByName[name] != nil }

    /// The tensor of this name and, where given, of these dimensions (innermost first).
    package func tensor(named name: String, dimensions: [Int]? = nil) throws(CheckpointError)
        -> CheckpointTensor
    {
        guard let tensor = self[name] else {
            let wanted = fileName(name)
            let nearest = Suggestion.nearest(to: wanted, among: tensors.lazy.map(\.label.name))
            let hint = nearest.map { " The nearest is \(quoted($0))." } ?? ""
            throw CheckpointError(
                file: file,
                "there is no tensor \(quoted(wanted)), which this model needs.\(hint)")
        }
        if let dimensions, tensor.dimensions != dimensions {
            throw tensor.fail(
                "expected \(tensor.shape(dimensions)), checkpoint has \(tensor.shape).")
        }
        return tensor
    }
}

extension TensorTable {
    /// The same table with some tensors changed and some added at the end.
    func replacing(
        adding added: [CheckpointTensor] = [], _ change: (CheckpointTensor) -> CheckpointTensor
    ) -> TensorTable {
        TensorTable(tensors.map(change) + added, of: file, fileName: fileName)
    }
}

extension TensorTable: RandomAccessCollection {
    package var startIndex: Int { 0 }
    package var endIndex: Int { tensors.count }
    package subscript(position: Int) -> CheckpointTensor { tensors[position] }
}

// MARK: - Sums

extension TensorTable {
    /// Stored size of all tensors.
    package var byteCount: Int { reduce(0) { $0 + $1.byteRange.count } }

    /// Elements of all tensors; tied embeddings count once.
    package var elementCount: Int { reduce(0) { $0 + $1.elementCount } }

    /// `q4_1 210, f32 61, q8_0 1`: tensors by format, the most frequent first.
    package var storedFormats: String {
        let counts = Dictionary(grouping: self) { $0.type.name }
            .map { (name: $0.key, count: $0.value.count) }
            .sorted { ($1.count, $0.name) < ($0.count, $1.name) }
        return counts.map { "\($0.name) \($0.count)" }.joined(separator: ", ")
    }

    /// The type that most weights of the layers are stored in; nil without matrices.
    ///
    /// Layers only, where there are any: a large vocabulary kept at higher precision does not make
    /// a 4-bit model an 8-bit one.
    package var dominantType: GGMLType? {
        let matrices = filter { $0.rank >= 2 }
        let layers = matrices.filter { $0.name.hasPrefix("blk.") }
        var elements: [GGMLType: Int] = [:]
        for tensor in layers.isEmpty ? matrices : layers {
            elements[tensor.type, default: 0] += tensor.elementCount
        }
        return elements.max { ($0.value, $1.key.id) < ($1.value, $0.key.id) }?.key
    }
}
