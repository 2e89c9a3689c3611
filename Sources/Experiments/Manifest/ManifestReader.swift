import Basics

/// Turns the tree of a YAML file into a `Manifest`; what is wrong is noted and read past.
struct ManifestReader {
    private(set) var issues: [ManifestError.Issue]

    init(issues: [ManifestError.Issue]) { self.issues = issues }

    mutating func manifest(
        _ root: YAMLNode, source: SourceText, folder: String, digest: String
    ) -> Manifest {
        let fields = fields(
            of: root, as: "a manifest", allowed: ManifestKeys.top.map(\.name))
        let name = fields.flatMap { text("name", in: $0, of: "a manifest") }
        if let name { checkTitle(name) }
        let description = optionalText(fields?["description"], key: "description")
        let matrix = matrix(fields?["matrix"], parent: fields)
        let models = models(fields?["models"])
        let tasks = variants(
            fields?["tasks"], section: "tasks", kindKey: ManifestKeys.taskKind.name)
        let hardware = variants(
            fields?["hardware"], section: "hardware", kindKey: ManifestKeys.hardwareKind.name)
        return Manifest(
            name: name?.value ?? "", description: description?.value,
            seed: seed(fields?["seed"]),
            timeLimitSeconds: quantity(
                fields?["timeout"], "timeout", wanted: Quantity.timeExample, Quantity.seconds),
            memoryLimitBytes: quantity(
                fields?["memory_limit"], "memory_limit", wanted: Quantity.sizeExample,
                Quantity.bytes),
            matrix: matrix, models: models, tasks: tasks,
            hardware: hardware, file: source.file, folder: folder, digest: digest,
            issues: issues, source: source)
    }

    private mutating func seed(_ node: YAMLNode?) -> UInt64 {
        guard let node else { return Manifest.defaultSeed }
        if let value = node.integer, Manifest.seedRange.contains(value) { return UInt64(value) }
        let range = Manifest.seedRange
        wrongType(
            "'seed'", wanted: "an integer from \(range.lowerBound) to \(range.upperBound)", node)
        return Manifest.defaultSeed
    }

    private mutating func quantity<Value>(
        _ node: YAMLNode?, _ key: String, wanted: String, _ read: (String) -> Value?
    ) -> Value? {
        guard let text = optionalText(node, key: key), let node else { return nil }
        if let value = read(text.value) { return value }
        wrongType("'\(key)'", wanted: wanted, node)
        return nil
    }

    /// A name that is only shown may have spaces, on one line.
    private mutating func checkTitle(_ name: Marked<String>) {
        let scalars = name.value.unicodeScalars
        guard
            scalars.count > 100 || scalars.contains(where: { SourceText.printable($0) != $0 })
                || scalars.contains("\t")
        else { return }
        report(at: name.mark, "'name' must be one line of at most 100 characters.")
    }

    // MARK: - The matrix

    private mutating func matrix(_ node: YAMLNode?, parent: Fields?) -> Manifest.Matrix {
        guard let node,
            let fields = fields(
                of: node, as: "'matrix'", allowed: ManifestKeys.matrix.map(\.name))
        else {
            if node == nil, let parent {
                report(at: parent.mark, "a manifest needs a key 'matrix'.")
            }
            return Manifest.Matrix(
                mark: node?.mark ?? SourceMark(file: "", line: 1, column: 1), axes: [],
                exclude: [], include: [])
        }
        let exclude = entries(fields["exclude"], section: "exclude")
        let include = entries(fields["include"], section: "include")
        var axes: [(axis: Manifest.Axis, names: [Marked<String>])] = []
        for entry in fields.entries {
            guard let axis = Manifest.Axis(rawValue: entry.key.value) else { continue }
            axes.append((axis, names(entry.value, axis: axis)))
        }
        let missing = Manifest.Axis.allCases.filter { axis in !axes.contains { $0.axis == axis } }
        let hasInclude = fields["include"].map { !Self.isEmpty($0) } ?? false
        if axes.isEmpty && !hasInclude {
            report(
                at: node.mark,
                "the matrix is empty. Give it the axes model, quantization, task and hardware.")
        } else if !axes.isEmpty {
            // At the key itself: the axes that are there are not at fault.
            let key = parent?.entries.first { $0.key.value == "matrix" }?.key.mark
            for axis in missing {
                report(at: key ?? node.mark, "the matrix needs an axis '\(axis.rawValue)'.")
            }
        }
        return Manifest.Matrix(mark: node.mark, axes: axes, exclude: exclude, include: include)
    }

    private static func isEmpty(_ node: YAMLNode) -> Bool {
        if case .sequence(let items) = node.content { return items.isEmpty }
        return node.isNull
    }

    /// One name or a list of names; an empty list is a fault.
    private mutating func names(_ node: YAMLNode, axis: Manifest.Axis) -> [Marked<String>] {
        let key = axis.rawValue
        if Self.isEmpty(node) {
            report(at: node.mark, "'\(key)' is empty. Name at least one \(key).")
            return []
        }
        let items: [YAMLNode]
        switch node.content {
        case .sequence(let list): items = list
        case .mapping:
            wrongType("'\(key)'", wanted: "a name or a list of names", node)
            return []
        case .scalar, .invalid: items = [node]
        }
        return items.compactMap { item in
            if let name = item.text { return Marked(name, at: item.mark) }
            wrongType("each \(key)", wanted: "a name", item)
            return nil
        }
    }

    private mutating func entries(_ node: YAMLNode?, section: String) -> [Manifest.Entry] {
        guard let node, !node.isNull, !node.isInvalid else { return [] }
        guard case .sequence(let items) = node.content else {
            wrongType("'\(section)'", wanted: "a list of entries", node)
            return []
        }
        return items.compactMap { entry($0, section: section) }
    }

    private mutating func entry(_ node: YAMLNode, section: String) -> Manifest.Entry? {
        let axisNames = Manifest.Axis.allCases.map(\.rawValue)
        // An include entry may hold settings, whose names only the catalog knows.
        let allowed = section == "exclude" ? axisNames : nil
        let what = "an '\(section)' entry"
        guard let fields = fields(of: node, as: what, allowed: allowed) else { return nil }
        var named: [Manifest.Axis: [Marked<String>]] = [:]
        var settings: [YAMLNode.Entry] = []
        for entry in fields.entries {
            if let axis = Manifest.Axis(rawValue: entry.key.value) {
                named[axis] = names(entry.value, axis: axis)
            } else {
                settings.append(entry)
            }
        }
        guard !named.isEmpty else {
            // Unknown keys of an exclude entry have been reported; that is enough.
            if fields.entries.isEmpty || section == "include" {
                report(
                    at: node.mark,
                    "\(what) must name at least one axis (\(axisNames.joined(separator: ", "))).")
            }
            return nil
        }
        return Manifest.Entry(
            mark: node.mark, names: named, settings: settings)
    }

    // MARK: - Models, tasks, hardware

    private mutating func models(_ node: YAMLNode?) -> [Manifest.Model] {
        guard let node, !node.isNull, let fields = fields(of: node, as: "'models'", allowed: nil)
        else { return [] }
        return fields.entries.map { entry in
            checkName(entry.key, of: "model")
            return Manifest.Model(
                name: entry.key, source: modelSource(entry), adapter: adapter(entry))
        }
    }

    private mutating func variants(_ node: YAMLNode?, section: String, kindKey: String)
        -> [Manifest.Variant]
    {
        guard let node, !node.isNull,
            let fields = fields(of: node, as: "'\(section)'", allowed: nil)
        else { return [] }
        return fields.entries.compactMap { entry in
            checkName(entry.key, of: section == "tasks" ? "task" : section)
            let name = entry.key
            if entry.value.isNull { return Manifest.Variant(name: name, kind: nil, settings: []) }
            let what = "'\(section).\(name.value)'"
            guard let own = self.fields(of: entry.value, as: what, allowed: nil) else {
                return nil
            }
            let kind = own[kindKey].flatMap { optionalText($0, key: kindKey) }
            let settings = own.entries.filter { $0.key.value != kindKey }
            return Manifest.Variant(name: name, kind: kind, settings: settings)
        }
    }

    /// Names appear in titles and tables: no spaces; and no slash, which would mean a path.
    private mutating func checkName(_ name: Marked<String>, of what: String) {
        func isPlain(_ character: Character) -> Bool {
            character.isASCII && (character.isLetter || character.isNumber)
        }
        let text = name.value
        guard text.count <= 64, let first = text.first, isPlain(first),
            text.allSatisfy({ isPlain($0) || "._-+".contains($0) })
        else {
            report(
                at: name.mark,
                "the \(what) name \(quoted(text)) must be at most 64 letters, digits, '.', '_', "
                    + "'-' or '+', the first a letter or digit.")
            return
        }
    }
}

extension ManifestReader {
    /// The entries of a mapping whose keys have been checked.
    struct Fields {
        let mark: SourceMark
        let entries: [YAMLNode.Entry]

        subscript(key: String) -> YAMLNode? { entries.first { $0.key.value == key }?.value }
    }

    mutating func report(at mark: SourceMark, _ message: String) {
        issues.append(.init(at: mark, message))
    }

    mutating func wrongType(_ what: String, wanted: String, _ node: YAMLNode) {
        guard !node.isInvalid else { return }
        report(at: node.mark, "\(what) must be \(wanted), found \(node.found).")
    }

    /// - Parameter allowed: nil where every key is.
    mutating func fields(of node: YAMLNode, as what: String, allowed: [String]?) -> Fields? {
        guard case .mapping(let entries) = node.content else {
            wrongType(what, wanted: "a mapping", node)
            return nil
        }
        if let allowed {
            for entry in entries where !allowed.contains(entry.key.value) {
                let name = entry.key.value
                let hint = suggestion(for: name, among: allowed)
                report(at: entry.key.mark, "unknown key \(quoted(name)) in \(what).\(hint)")
            }
        }
        return Fields(mark: node.mark, entries: entries)
    }

    /// A text that must be there.
    mutating func text(_ key: String, in fields: Fields, of what: String) -> Marked<String>? {
        guard let node = fields[key] else {
            report(at: fields.mark, "\(what) needs a key '\(key)'.")
            return nil
        }
        guard let text = node.text, !text.isEmpty else {
            wrongType("'\(key)'", wanted: "a text", node)
            return nil
        }
        return Marked(text, at: node.mark)
    }

    mutating func optionalText(_ node: YAMLNode?, key: String) -> Marked<String>? {
        guard let node, !node.isNull else { return nil }
        guard let text = node.text else {
            wrongType("'\(key)'", wanted: "a text", node)
            return nil
        }
        return Marked(text, at: node.mark)
    }
}
