/// The formats of this program.
///
/// Adding one is a file beside this one and a line here.
package enum QuantizationRegistry {
    /// Every format that can be read.
    package static let all: [any QuantizationFormat.Type] = [
        BF16.self, F16.self, F32.self,
        Q2_K.self, Q3_K.self,
        Q4_0.self, Q4_1.self, Q4_K.self, Q5_0.self, Q5_1.self, Q5_K.self, Q6_K.self, Q8_0.self,
    ]

    /// Those that can be quantized to as well.
    package static let writable = all.compactMap { $0 as? any WritableQuantizationFormat.Type }

    package static var names: [String] { all.map { $0.name } }

    /// The format to quantize to that a caller names.
    ///
    /// Throws with the nearest names.
    package static func format(named name: String) throws(QuantizationError)
        -> any WritableQuantizationFormat.Type
    {
        if let format = writable.first(where: { $0.name == name }) { return format }
        throw QuantizationError.noTarget(named: name, available: writable.map { $0.name })
    }

    /// The format of a tensor in a file, by ggml's number.
    package static func format(ggmlType id: UInt32) throws(QuantizationError)
        -> any QuantizationFormat.Type
    {
        if let format = all.first(where: { $0.ggmlType == id }) { return format }
        guard let type = GGMLType.withID(id) else {
            throw QuantizationError(description: "there is no tensor type with number \(id).")
        }
        throw QuantizationError(
            description: "quantization '\(type)' is not supported yet. "
                + "Available: \(names.joined(separator: ", ")).")
    }
}
