import Basics

/// What each name of a manifest means: the catalog's names and the manifest's own together.
struct NameTable {
    let catalog: Catalog
    private var models: [String: ModelSource?] = [:]
    private var adapters: [String: String] = [:]
    private var aliases: [String: String] = [:]
    private var tasks: [String: Meaning?]
    private var hardware: [String: Meaning?]
    /// Faults of the definitions, used or not.
    private(set) var issues: [ManifestError.Issue] = []

    /// A task's or hardware's kind, and a value for each of its settings.
    struct Meaning {
        let kind: String
        var settings: [String: JSONValue]
    }

    /// One of the two sections with named groups of settings, in the words of its messages.
    private struct Section {
        let noun: String
        /// What a kind is called, and the key that names it.
        let kindNoun: String
        let kindKey: String
        /// Settings by kind.
        let kinds: [String: [Catalog.Setting]]
    }

    init(manifest: Manifest, catalog: Catalog) {
        self.catalog = catalog
        let taskSection = Section(
            noun: "task", kindNoun: "task kind", kindKey: "kind",
            kinds: Dictionary(catalog.tasks.map { ($0.kind, $0.settings) }) { first, _ in first })
        let hardwareSection = Section(
            noun: "hardware", kindNoun: "backend", kindKey: "backend",
            kinds: Dictionary(catalog.backends.map { ($0.name, $0.settings) }) { first, _ in first }
        )
        tasks = Self.defaults(of: taskSection)
        hardware = Self.defaults(of: hardwareSection)
        for model in catalog.models {
            models[model.name] = .catalog(model.name)
            for alias in model.aliases { aliases[alias] = model.name }
        }
        let known = Set(models.keys).union(aliases.keys)
        for model in manifest.models {
            if known.contains(model.name.value) {
                report(
                    at: model.name.mark,
                    "the catalog has a model \(quoted(model.name.value)) already. "
                        + "Choose another name.")
            } else {
                models[model.name.value] = resolved(model)
                adapters[model.name.value] = model.adapter
            }
        }
        for variant in manifest.tasks {
            tasks[variant.name.value] = meaning(of: variant, in: taskSection)
        }
        for variant in manifest.hardware {
            hardware[variant.name.value] = meaning(of: variant, in: hardwareSection)
        }
    }

    /// An own model's source with the catalog's name for a model; an unknown one is reported.
    private mutating func resolved(_ model: Manifest.Model) -> ModelSource? {
        let names = catalog.models.map(\.name)
        let (key, written): (String, String)
        switch model.source {
        case .random(let shape)?:
            if let name = names.first(where: { $0 == shape }) ?? aliases[shape] {
                return .random(shapeOf: name)
            }
            (key, written) = ("random", shape)
        case .catalog(let name)?:
            if let name = names.first(where: { $0 == name }) ?? aliases[name] {
                return .catalog(name)
            }
            if let revised = revised(name), revised.complaint == nil {
                return .catalog(revised.canonical)
            }
            (key, written) = ("model", name)
        default: return model.source
        }
        report(
            at: model.name.mark,
            "'\(key)' of model \(quoted(model.name.value)) names the unknown model "
                + "\(quoted(written))." + suggestion(for: written, among: names + aliases.keys))
        return nil
    }

    private static func defaults(of section: Section) -> [String: Meaning?] {
        var meanings: [String: Meaning?] = [:]
        for (kind, settings) in section.kinds {
            let values = settings.map { ($0.key, $0.defaultValue) }
            meanings[kind] = Meaning(
                kind: kind, settings: Dictionary(values) { first, _ in first })
        }
        return meanings
    }

    /// nil, wrapped, where the variant is at fault: its name is then known and means nothing.
    private mutating func meaning(of variant: Manifest.Variant, in section: Section) -> Meaning?? {
        let name = variant.name
        let kind = variant.kind ?? name
        guard let settings = section.kinds[kind.value] else {
            let hint = suggestion(for: kind.value, among: section.kinds.keys)
            report(
                at: kind.mark,
                variant.kind == nil
                    ? "\(section.noun) \(quoted(name.value)) needs a key '\(section.kindKey)'.\(hint)"
                    : "unknown \(section.kindNoun) \(quoted(kind.value)).\(hint)")
            return .some(nil)
        }
        if kind.value != name.value, section.kinds[name.value] != nil {
            report(
                at: name.mark,
                "\(quoted(name.value)) is a \(section.kindNoun) itself and cannot stand for "
                    + "\(quoted(kind.value)). Choose another name.")
        }
        var values = Dictionary(settings.map { ($0.key, $0.defaultValue) }) { first, _ in first }
        for entry in variant.settings {
            guard let setting = settings.first(where: { $0.key == entry.key.value }) else {
                let known = settings.map(\.key) + [section.kindKey]
                report(
                    at: entry.key.mark,
                    "unknown setting \(quoted(entry.key.value)) of \(section.noun) "
                        + "\(quoted(name.value))."
                        + suggestion(for: entry.key.value, among: known))
                continue
            }
            switch checked(setting, entry.value) {
            case .success(let value): values[setting.key] = value
            case .failure(let issue): issues.append(issue)
            case nil: break
            }
        }
        return Meaning(kind: kind.value, settings: values)
    }

    /// A setting's value whose names are known, aliases as the catalog's names.
    private func checked(_ setting: Catalog.Setting, _ node: YAMLNode)
        -> Result<JSONValue, ManifestError.Issue>?
    {
        let value = setting.value(of: node)
        if case .otherModel(let words) = setting.kind {
            return checkedOther(value, setting, words: words, node)
        }
        return value
    }

    private mutating func report(at mark: SourceMark, _ message: String) {
        issues.append(.init(at: mark, message))
    }
}

extension NameTable {
    func source(ofModel name: String) -> ModelSource? {
        if let source = models[name] ?? nil { return source }
        return revised(name).flatMap { $0.complaint == nil ? .catalog($0.canonical) : nil }
    }
    /// The folder of the adapter that a model of the manifest is used with.
    func adapter(ofModel name: String) -> String? { adapters[name] }
    func task(_ name: String) -> Meaning? { tasks[name] ?? nil }
    func hardware(_ name: String) -> Meaning? { hardware[name] ?? nil }

    /// Settings of which each has one value where they have lists, in order, and what to call each.
    func expanded(_ settings: [String: JSONValue], ofKind kind: String)
        -> [(suffix: String, settings: [String: JSONValue])]
    {
        var variants = [(suffix: "", settings: settings)]
        for setting in settingsOfTask(kind) {
            guard case .integersOrAuto = setting.kind,
                case .array(let values)? = settings[setting.key]
            else { continue }
            variants = variants.flatMap { variant in
                values.map { value in
                    var one = variant
                    one.settings[setting.key] = value
                    one.suffix += "-\(setting.key)\(value == .string("auto") ? "-" : "")"
                    one.suffix += value.plainText
                    return one
                }
            }
        }
        return variants
    }

    private func settingsOfTask(_ kind: String) -> [Catalog.Setting] {
        catalog.tasks.first { $0.kind == kind }?.settings ?? []
    }

    /// A model's alias becomes its name in the catalog, so that one model has one name in rows.
    func canonical(_ name: String, _ axis: Manifest.Axis) -> String {
        guard axis == .model else { return name }
        return aliases[name] ?? revised(name)?.canonical ?? name
    }

    /// A catalog model with a revision: `pythia-1b@step1000`; nil for any other name.
    private func revised(_ name: String) -> (canonical: String, complaint: String?)? {
        let parts = name.split(separator: "@", maxSplits: 1).map(String.init)
        guard parts.count == 2,
            let model = catalog.models.first(where: { model in
                model.name == parts[0] || model.aliases.contains(parts[0])
            })
        else { return nil }
        let canonical = "\(model.name)@\(parts[1])"
        guard let revisions = model.revisions else {
            return (canonical, "the model \(quoted(model.name)) has one version only.")
        }
        if revisions.isEmpty || revisions.contains(parts[1]) { return (canonical, nil) }
        let hint = Suggestion.nearest(to: parts[1], among: revisions)
            .map { " Did you mean '\(model.name)@\($0)'?" }
        return (
            canonical,
            "the model \(quoted(model.name)) has no revision \(quoted(parts[1])).\(hint ?? "")"
        )
    }

    /// Why a name cannot be used; nil for a known one, or one reported where it is defined.
    func complaint(about name: String, _ axis: Manifest.Axis) -> String? {
        let isKnown: Bool
        switch axis {
        case .model: isKnown = models[name] != nil || aliases[name] != nil
        case .quantization: isKnown = catalog.quantizations.contains(name)
        case .task: isKnown = tasks[name] != nil
        case .hardware: isKnown = hardware[name] != nil
        }
        if isKnown { return nil }
        if axis == .model, let revised = revised(name) { return revised.complaint }
        let isPath = axis == .model && (name.contains("/") || name.hasSuffix(".gguf"))
        let hint =
            isPath
            ? " A file needs a name: put 'my-model: {path: ...}' under 'models:'."
            : suggestion(for: name, among: candidates(axis))
        return "unknown \(axis) \(quoted(name)).\(hint)"
    }

    private func candidates(_ axis: Manifest.Axis) -> [String] {
        switch axis {
        case .model: Array(models.keys) + Array(aliases.keys)
        case .quantization: catalog.quantizations
        case .task: Array(tasks.keys)
        case .hardware: Array(hardware.keys)
        }
    }

    /// The value of a setting in an `include` entry; nil where the task's own fault is known.
    ///
    /// - Parameter isTaskNamed: whether the entry says which task it is meant for.
    func setting(_ entry: YAMLNode.Entry, ofTask name: String, isTaskNamed: Bool)
        -> Result<JSONValue, ManifestError.Issue>?
    {
        guard let kind = task(name)?.kind,
            let settings = catalog.tasks.first(where: { $0.kind == kind })?.settings
        else { return nil }
        let key = entry.key.value
        if let setting = settings.first(where: { $0.key == key }) {
            return checked(setting, entry.value)
        }
        func have(_ settings: [[Catalog.Setting]]) -> Bool {
            settings.joined().contains { $0.key == key }
        }
        let hint: String
        if have(catalog.backends.map(\.settings)) {
            hint = " Set it under 'hardware:'."
        } else if !isTaskNamed && have(catalog.tasks.map(\.settings)) {
            hint = " Name the task that it is meant for."
        } else {
            hint = suggestion(
                for: key, among: settings.map(\.key) + Manifest.Axis.allCases.map(\.rawValue))
        }
        return .failure(
            .init(
                at: entry.key.mark,
                "\(quoted(key)) is neither an axis nor a setting of task \(quoted(name)).\(hint)"))
    }
}
