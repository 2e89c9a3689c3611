import Basics

/// A model that a job opens beside its own: the parent of a quantization, for example.
package struct OtherModel: Hashable, Sendable, Codable {
    /// The model's name in the manifest.
    package var model: String
    package var source: ModelSource
    package var quantization: String
    /// The folder of the adapter that it is used with, as in `Cell`.
    package var adapter: String?

    package init(
        model: String, source: ModelSource, quantization: String, adapter: String? = nil
    ) {
        self.model = model
        self.source = source
        self.quantization = quantization
        self.adapter = adapter
    }
}

extension Cell {
    /// The same measurement of another model: what the job asks of that one.
    package func with(_ other: OtherModel) -> Cell {
        var cell = self
        cell.model = other.model
        cell.source = other.source
        cell.quantization = other.quantization
        cell.adapter = other.adapter
        cell.otherModels = [:]
        return cell
    }

    /// What stands for "none" in settings that name a dataset or a text.
    package static let none = "none"

    /// The dataset that the task reads; nil when there is none.
    package var datasetName: String? { name(in: "dataset") }

    /// The text that the task reads; nil when there is none.
    package var textName: String? { name(in: "text") }

    private func name(in setting: String) -> String? {
        guard case .string(let name)? = taskSettings[setting], name != Self.none else { return nil }
        return name
    }
}
