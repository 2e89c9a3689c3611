import Basics

/// The formats of this program.
///
/// Adding one is a file beside this one and a line here.
package enum QuantizationRegistry {
    package static let all: [any QuantizationFormat.Type] = [
        BF16.self, F16.self, F32.self,
        Q4_0.self, Q4_1.self, Q5_0.self, Q5_1.self, Q6_K.self, Q8_0.self,
    ]

    package static var names: [String] { all.map { $0.name } }

    /// The format a manifest or a command names.
    ///
    /// Throws with the nearest names.
    package static func format(named name: String) throws(QuantizationError)
        -> any QuantizationFormat.Type
    {
        if let format = all.first(where: { $0.name == name }) { return format }
        if let type = GGMLType.all.first(where: { $0.name == name }) {
            throw unsupported(type)
        }
        let hint = Suggestion.sentence(for: name, among: names)
        throw QuantizationError(description: "unknown quantization '\(name)'.\(hint)")
    }

    /// The format of a tensor in a file, by ggml's number.
    package static func format(ggmlType id: UInt32) throws(QuantizationError)
        -> any QuantizationFormat.Type
    {
        if let format = all.first(where: { $0.ggmlType == id }) { return format }
        guard let type = GGMLType.withID(id) else {
            throw QuantizationError(description: "there is no tensor type with number \(id).")
        }
        throw unsupported(type)
    }

    private static func unsupported(_ type: GGMLType) -> QuantizationError {
        QuantizationError(
            description: "quantization '\(type)' is not supported yet. "
                + "Available: \(names.joined(separator: ", ")).")
    }
}
