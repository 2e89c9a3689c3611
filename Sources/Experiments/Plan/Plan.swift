import Basics

/// The cells of a manifest's matrix in the order in which they will run.
///
/// A pure function of the manifest and the names that this build knows: no file is opened and
/// nothing is measured. Every name is resolved and every setting has a value.
package struct Plan: Sendable {
    package let cells: [Cell]

    /// More cells than this are taken for a mistake.
    package static let cellLimit = 10_000

    /// Throws everything that is wrong with the manifest, `manifest.issues` included.
    package init(manifest: Manifest, catalog: Catalog) throws(ManifestError) {
        var planner = Planner(manifest: manifest, catalog: catalog)
        let cells = planner.cells()
        guard planner.issues.isEmpty else {
            throw ManifestError(
                file: manifest.file, issues: planner.issues, source: manifest.source)
        }
        self.cells = cells
    }
}

/// Expands the matrix: the product of the axes, less `exclude`, and then `include`.
///
/// The rules are those of GitHub Actions, except that an entry which would make a cell without
/// one of the axes is a fault:
/// - an `exclude` entry removes the cells that agree with all the axes it names;
/// - an `include` entry that agrees with cells of the matrix changes the settings of their task;
/// - an `include` entry that names every axis and agrees with no cell of the matrix adds one.
struct Planner {
    private let manifest: Manifest
    private var names: NameTable
    private(set) var issues: [ManifestError.Issue]

    init(manifest: Manifest, catalog: Catalog) {
        self.manifest = manifest
        names = NameTable(manifest: manifest, catalog: catalog)
        issues = manifest.issues + names.issues
    }

    /// A cell before its names are looked up.
    private struct Draft {
        var names: [Manifest.Axis: String] = [:]
        /// Settings from `include`; the last one wins.
        var changes: [String: JSONValue] = [:]

        func agrees(with other: [Manifest.Axis: String]) -> Bool {
            other.allSatisfy { names[$0.key] == $0.value }
        }

        var title: String {
            Manifest.Axis.allCases.compactMap { names[$0] }.joined(separator: " ")
        }
    }

    mutating func cells() -> [Cell] {
        let axes = axes()
        let excluded = manifest.matrix.exclude.compactMap { selection($0) }
        let included = manifest.matrix.include.compactMap { entry in
            selection(entry).map { (entry: entry, names: $0) }
        }
        // With an axis missing nothing agrees with anything, which is no second fault.
        let isWhole = axes.count == Manifest.Axis.allCases.count || manifest.matrix.axes.isEmpty
        guard isWhole, axes.allSatisfy({ !$0.names.isEmpty }) else { return [] }

        guard var drafts = product(axes) else { return [] }
        let productCount = drafts.count
        for selection in excluded {
            checkPresence(of: selection, in: axes)
            let choices = selection.mapValues { Set($0.map(\.value)) }
            drafts.removeAll { draft in
                choices.allSatisfy { axis, names in draft.names[axis].map(names.contains) ?? false }
            }
        }
        include(included, in: &drafts, order: axes.map(\.axis))
        if drafts.isEmpty && issues.isEmpty {
            report(
                at: manifest.matrix.exclude.first?.mark ?? manifest.matrix.mark,
                "the matrix is empty: 'exclude' removes all \(productCount) cells.")
        }
        return issues.isEmpty ? drafts.flatMap(cells) : []
    }

    // MARK: - Axes and exclude

    private typealias AxisNames = (axis: Manifest.Axis, names: [Marked<String>])

    /// The axes with canonical names, each once.
    ///
    /// Unknown ones stay, for entries to agree with.
    private mutating func axes() -> [AxisNames] {
        manifest.matrix.axes.map { axis, written in
            var first: [String: Marked<String>] = [:]
            let unique = written.filter { name in
                let canonical = canonical(name, axis)
                guard let other = first[canonical] else {
                    first[canonical] = name
                    return true
                }
                let isSpelledAlike = other.value == name.value
                report(
                    at: name.mark,
                    "duplicate \(axis) \(quoted(name.value)): "
                        + (isSpelledAlike ? "it" : "the same under the name '\(other.value)'")
                        + " is on line \(other.mark.line) already.")
                return false
            }
            return (axis, unique.map { Marked(names.canonical($0.value, axis), at: $0.mark) })
        }
    }

    /// The canonical name; an unknown one is reported.
    private mutating func canonical(_ name: Marked<String>, _ axis: Manifest.Axis) -> String {
        if let message = names.complaint(about: name.value, axis) {
            report(at: name.mark, message)
        }
        return names.canonical(name.value, axis)
    }

    /// What an entry selects; nil when a name in it is at fault.
    private mutating func selection(_ entry: Manifest.Entry) -> [Manifest.Axis: [Marked<String>]]? {
        let count = issues.count
        var selection: [Manifest.Axis: [Marked<String>]] = [:]
        for (axis, written) in entry.names {
            selection[axis] = written.map { Marked(canonical($0, axis), at: $0.mark) }
        }
        let isFaulty = issues.count > count || selection.values.contains { $0.isEmpty }
        return isFaulty ? nil : selection
    }

    private mutating func product(_ axes: [AxisNames]) -> [Draft]? {
        if axes.isEmpty { return [] }
        guard let count = cellCount(axes.map(\.names.count)) else {
            report(
                at: manifest.matrix.mark,
                "the matrix has more than \(Plan.cellLimit) cells. Use several manifests.")
            return nil
        }
        var drafts = [Draft()]
        drafts.reserveCapacity(count)
        for (axis, names) in axes {
            drafts = drafts.flatMap { draft in
                names.map { name in
                    var longer = draft
                    longer.names[axis] = name.value
                    return longer
                }
            }
        }
        return drafts
    }

    /// The product of the counts, nil above the limit.
    private func cellCount(_ counts: [Int]) -> Int? {
        var product = 1
        for count in counts {
            let (next, overflows) = product.multipliedReportingOverflow(by: count)
            guard !overflows, next <= Plan.cellLimit else { return nil }
            product = next
        }
        return product
    }

    private mutating func checkPresence(
        of selection: [Manifest.Axis: [Marked<String>]], in axes: [AxisNames]
    ) {
        for (axis, selected) in selection {
            let present = axes.first { $0.axis == axis }?.names.map(\.value) ?? []
            for name in selected where !present.contains(name.value) {
                report(
                    at: name.mark,
                    "this 'exclude' entry matches nothing: the matrix has no \(axis) "
                        + "\(quoted(name.value)) (it has \(present.joined(separator: ", "))).")
            }
        }
    }

    // MARK: - Include

    private mutating func include(
        _ entries: [(entry: Manifest.Entry, names: [Manifest.Axis: [Marked<String>]])],
        in drafts: inout [Draft], order: [Manifest.Axis]
    ) {
        // Entries agree with cells of the matrix only, not with those that others have added.
        let originalCount = drafts.count
        let order = order.isEmpty ? Manifest.Axis.allCases : order
        for (entry, selection) in entries {
            let axes = order.compactMap { axis in selection[axis].map { (axis, $0) } }
            guard let combinations = product(axes) else { continue }
            for combination in combinations {
                let matching = drafts.indices.prefix(originalCount).filter {
                    drafts[$0].agrees(with: combination.names)
                }
                if matching.isEmpty {
                    add(combination, from: entry, to: &drafts, after: originalCount)
                } else {
                    change(matching, of: &drafts, by: entry)
                }
            }
        }
        if drafts.count > Plan.cellLimit {
            report(
                at: manifest.matrix.mark,
                "the matrix has more than \(Plan.cellLimit) cells. Use several manifests.")
        }
    }

    private mutating func add(
        _ combination: Draft, from entry: Manifest.Entry, to drafts: inout [Draft],
        after originalCount: Int
    ) {
        let missing = Manifest.Axis.allCases.filter { combination.names[$0] == nil }
        guard missing.isEmpty else {
            report(
                at: entry.mark,
                "this 'include' entry matches no cell, and cannot add one without "
                    + "\(missing.map { "'\($0)'" }.joined(separator: ", ")).")
            return
        }
        if drafts.dropFirst(originalCount).contains(where: { $0.names == combination.names }) {
            report(
                at: entry.mark,
                "an 'include' entry above adds the cell '\(combination.title)' already.")
            return
        }
        var added = combination
        added.changes = changes(entry, task: combination.names[.task] ?? "")
        drafts.append(added)
    }

    private mutating func change(
        _ matching: [Int], of drafts: inout [Draft], by entry: Manifest.Entry
    ) {
        if entry.settings.isEmpty {
            let isWhole = entry.names.count == Manifest.Axis.allCases.count
            let title = matching.first.map { drafts[$0].title } ?? ""
            report(
                at: entry.mark,
                isWhole
                    ? "the matrix has the cell '\(title)' already."
                    : "this 'include' entry changes nothing: it names no setting for the "
                        + "\(matching.count) cell\(matching.count == 1 ? "" : "s") that it matches."
            )
            return
        }
        var known: [String: [String: JSONValue]] = [:]
        for index in matching {
            let task = drafts[index].names[.task] ?? ""
            let changes = known[task] ?? self.changes(entry, task: task)
            known[task] = changes
            drafts[index].changes.merge(changes) { $1 }
        }
    }

    private mutating func changes(_ entry: Manifest.Entry, task: String) -> [String: JSONValue] {
        var changes: [String: JSONValue] = [:]
        for setting in entry.settings {
            switch names.setting(setting, ofTask: task, isTaskNamed: entry.names[.task] != nil) {
            case .success(let value): changes[setting.key.value] = value
            case .failure(let issue): issues.append(issue)
            case nil: break
            }
        }
        return changes
    }

    // MARK: - Cells

    /// One cell, or one for each value where a setting has a list of them.
    private func cells(_ draft: Draft) -> [Cell] {
        guard let model = draft.names[.model], let source = names.source(ofModel: model),
            let quantization = draft.names[.quantization],
            let task = draft.names[.task], let taskMeaning = names.task(task),
            let hardware = draft.names[.hardware], let hardwareMeaning = names.hardware(hardware)
        else { return [] }
        let settings = taskMeaning.settings.merging(draft.changes) { $1 }
        return names.expanded(settings, ofKind: taskMeaning.kind).map { variant in
            var cell = Cell(
                experiment: manifest.name, model: model, source: source,
                adapter: names.adapter(ofModel: model), quantization: quantization,
                task: task + variant.suffix,
                taskKind: taskMeaning.kind, taskSettings: variant.settings,
                hardware: hardware, backend: hardwareMeaning.kind,
                hardwareSettings: hardwareMeaning.settings, seed: manifest.seed)
            cell.otherModels = names.otherModels(of: cell)
            return cell
        }
    }

    private mutating func report(at mark: SourceMark, _ message: String) {
        issues.append(.init(at: mark, message))
    }
}
