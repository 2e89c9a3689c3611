import Basics
import Experiments
import Hub
import LanguageModels

/// Whether the models of a plan can be opened, as far as names and folders tell.
///
/// Nothing is fetched, and no file is read whole. `validate` says what it finds, and `plan` and
/// `run` say the same of the jobs.
struct ModelCheck {
    /// Models that are not there, and why; each once, in the plan's order.
    private(set) var faults: [(model: String, reason: String)] = []
    /// Jobs that need one of them.
    private(set) var jobs = 0
    /// What `run` fetches first.
    private(set) var toPull: [ModelLocation] = []

    init(_ cells: [Cell], _ resolver: JobResolver) {
        var reasons: [Key: String?] = [:]
        for cell in cells {
            let others = cell.otherModels.sorted { $0.key < $1.key }.map { cell.with($0.value) }
            var isWhole = true
            for opened in [cell] + others {
                let key = Key(source: opened.source, adapter: opened.adapter)
                if reasons[key] == nil {
                    let reason = fault(of: opened, resolver)
                    reasons[key] = .some(reason)
                    if let reason { faults.append((opened.model, reason)) }
                }
                if reasons[key] != .some(nil) { isWhole = false }
            }
            if !isWhole { jobs += 1 }
        }
    }

    private struct Key: Hashable {
        let source: ModelSource
        let adapter: String?
    }

    private mutating func fault(of cell: Cell, _ resolver: JobResolver) -> String? {
        if case .path(let text) = cell.source, let reason = resolver.missing(text) { return reason }
        do {
            if let adapter = resolver.adapter(of: cell) { _ = try AdapterFiles.paths(of: adapter) }
            if let location = resolver.location(of: cell),
                try resolver.access.locate(location) == nil,
                !toPull.contains(location)
            {
                toPull.append(location)
            }
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// `smollm2-135m-instruct (92.9 MB)`; nil when all is here.
    func pulls(_ store: ModelStore) -> String? {
        guard !toPull.isEmpty else { return nil }
        let sizes = toPull.map { store.downloadNeed(of: $0).bytes }
        let known = sizes.compactMap(\.self)
        let names = toPull.map(\.name).joined(separator: ", ")
        guard known.count == sizes.count else { return names }
        return "\(names) (\(ByteCount.text(known.reduce(0, +))))"
    }
}

extension JobResolver {
    /// Why there is no model at a path of the manifest, with what was probably meant; nil where
    /// there is one.
    func missing(_ text: String) -> String? {
        let path = path(text)
        guard !FileSystem.exists(path) else { return nil }
        return "\(path): no such model file."
            + (hint(for: text) ?? " Put it there, or change 'path'.")
    }

    private func hint(for text: String) -> String? {
        let name = FileSystem.name(of: text)
        let files = FoundModels.files(in: project.folder)
        func written(_ file: String) -> String? {
            try? Paths.relative(FileSystem.join(project.folder, file), to: manifest.folder)
        }
        // The file itself, counted from another folder.
        if let file = files.first(where: { FileSystem.name(of: $0) == name }).flatMap(written) {
            return " Did you mean '\(file)'? Paths start at the manifest's folder."
        }
        if let near = NearModels.beside(path(text)) {
            let sibling = FileSystem.name(of: near)
            let folder = FileSystem.folder(of: text)
            return
                " Did you mean '\(text.contains("/") ? FileSystem.join(folder, sibling) : sibling)'?"
        }
        let names = files.map { FileSystem.name(of: $0) }
        guard let near = NearModels.nearest(to: name, among: names),
            let file = files.first(where: { FileSystem.name(of: $0) == near }).flatMap(written)
        else { return nil }
        return " Did you mean '\(file)'?"
    }
}
