import Basics

/// Settings that name another model for the job to open.
extension NameTable {
    /// The value of a setting, with names of models looked up and canonical.
    func checkedOther(
        _ value: Result<JSONValue, ManifestError.Issue>?, _ setting: Catalog.Setting,
        words: [String], _ node: YAMLNode
    ) -> Result<JSONValue, ManifestError.Issue>? {
        guard case .success(.string(let text))? = value, !words.contains(text) else { return value }
        let parts = OtherModelName(text, catalog)
        if let model = parts.model, let complaint = complaint(about: model, .model) {
            return .failure(.init(at: node.mark, "'\(setting.key)': \(complaint)"))
        }
        if let quantization = parts.quantization,
            let complaint = complaint(about: quantization, .quantization)
        {
            return .failure(.init(at: node.mark, "'\(setting.key)': \(complaint)"))
        }
        return .success(.string(parts.text { canonical($0, .model) }))
    }

    /// The models that a cell's settings name, by the setting's key.
    func otherModels(of cell: Cell) -> [String: OtherModel] {
        let settings = catalog.tasks.first { $0.kind == cell.taskKind }?.settings ?? []
        var others: [String: OtherModel] = [:]
        for setting in settings {
            guard case .otherModel(let words) = setting.kind,
                case .string(let text)? = cell.taskSettings[setting.key], !words.contains(text)
            else { continue }
            let parts = OtherModelName(text, catalog)
            let model = parts.model ?? cell.model
            // Names were checked where they stand.
            guard let source = parts.model.map(source(ofModel:)) ?? cell.source else { continue }
            others[setting.key] = OtherModel(
                model: model, source: source,
                quantization: parts.quantization ?? catalog.quantizations[0],
                adapter: parts.model == nil ? cell.adapter : adapter(ofModel: model))
        }
        return others
    }
}

/// `f32`, `smollm2` or `smollm2:f16`, taken apart.
struct OtherModelName {
    var model: String?
    var quantization: String?

    init(_ text: String, _ catalog: Catalog) {
        if catalog.quantizations.contains(text) {
            quantization = text
            return
        }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        model = String(parts[0])
        if parts.count == 2 { quantization = String(parts[1]) }
    }

    /// The name that a node of a manifest gives, also as a mapping.
    static func text(of node: YAMLNode) -> String? {
        guard case .mapping(let entries) = node.content else { return node.text }
        var parts: [String: String] = [:]
        for entry in entries { parts[entry.key.value] = entry.value.text }
        guard let model = parts.removeValue(forKey: "model"),
            parts.count == entries.count - 1
        else { return nil }
        let quantization = parts.removeValue(forKey: "quantization")
        guard parts.isEmpty else { return nil }
        return [model, quantization].compactMap { $0 }.joined(separator: ":")
    }

    func text(canonical: (String) -> String) -> String {
        [model.map(canonical), quantization].compactMap { $0 }.joined(separator: ":")
    }
}
