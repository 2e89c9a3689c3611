import Basics

/// The second model of a cell: one that guesses ahead of the cell's own.
package struct DraftCell: Hashable, Sendable, Codable {
    /// Its name in the manifest, or the catalog's.
    package var model: String
    package var source: ModelSource
    package var quantization: String

    /// What stands for the file as it is, as on the axis `quantization`.
    static let asStored = "as-stored"

    package init(model: String, source: ModelSource, quantization: String) {
        self.model = model
        self.source = source
        self.quantization = quantization
    }

    /// A setting's value: a word, or an object of names that are still to be checked.
    static func value(of node: YAMLNode, words: [String]) -> JSONValue? {
        if let text = node.text {
            return words.contains(text) ? .string(text) : object(model: text, asStored)
        }
        guard case .mapping(let entries) = node.content,
            entries.allSatisfy({ ["model", "quantization"].contains($0.key.value) }),
            let model = entries.first(where: { $0.key.value == "model" })?.value.text
        else { return nil }
        guard let quantization = entries.first(where: { $0.key.value == "quantization" }) else {
            return object(model: model, asStored)
        }
        return quantization.value.text.map { object(model: model, $0) }
    }

    static func object(model: String, _ quantization: String) -> JSONValue {
        .object(["model": .string(model), "quantization": .string(quantization)])
    }

    /// The names in a value of that form; nil for a word.
    static func names(in value: JSONValue?) -> (model: String, quantization: String)? {
        guard case .object(let fields)? = value, case .string(let model)? = fields["model"],
            case .string(let quantization)? = fields["quantization"]
        else { return nil }
        return (model, quantization)
    }
}
