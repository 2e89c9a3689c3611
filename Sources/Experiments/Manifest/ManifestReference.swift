import Basics

/// Every key that a manifest may have, with its place, type, default and meaning.
///
/// `billion explain` prints it; the tables are those of the reader and the catalog.
package struct ManifestReference: Sendable {
    package struct Entry: Hashable, Sendable {
        /// `matrix.model`, `models.NAME.path`, `tasks.speed.n_prompt`; capitals stand for the
        /// user's own names.
        package let path: String
        /// The end of a sentence that starts with "must be".
        package let wanted: String
        /// nil where there is none or the summary says it.
        package let defaultValue: String?
        package let isRequired: Bool
        package let summary: String
    }

    package let entries: [Entry]

    package init(_ catalog: Catalog) {
        var entries: [Entry] = []
        func add(_ key: ManifestKey, below parent: String = "") {
            entries.append(
                Entry(
                    path: parent + key.name, wanted: Self.wanted(key.value), defaultValue: nil,
                    isRequired: key.isRequired, summary: key.summary))
        }
        func add(_ settings: [Catalog.Setting], below parent: String) {
            for setting in settings {
                entries.append(
                    Entry(
                        path: parent + setting.key, wanted: setting.wanted,
                        defaultValue: setting.defaultValue.plainText, isRequired: false,
                        summary: setting.summary))
            }
        }
        for key in ManifestKeys.top {
            add(key)
            switch key.value {
            case .matrix: for key in ManifestKeys.matrix { add(key, below: "matrix.") }
            case .models:
                for key in ManifestKeys.allOrigins { add(key, below: "models.NAME.") }
            case .tasks:
                add(ManifestKeys.taskKind, below: "tasks.NAME.")
                for task in catalog.tasks { add(task.settings, below: "tasks.\(task.kind).") }
            case .hardware:
                add(ManifestKeys.hardwareKind, below: "hardware.NAME.")
                for backend in catalog.backends {
                    add(backend.settings, below: "hardware.\(backend.name).")
                }
            case .text, .quantity, .integer, .names, .entries: break
            }
        }
        self.entries = entries
    }

    /// The entries of a path, of its last part, or of a part before; empty when none is called so.
    ///
    /// A name of the user's own may stand in the path or be left out: `models.path` and
    /// `models.mine.path` are `models.NAME.path`.
    package func entries(named name: String) -> [Entry] {
        let exact = entries.filter { $0.path == name || $0.path.hasSuffix("." + name) }
        // A mapping is explained with what is in it.
        let inside = entries.filter { entry in
            entry.path.hasPrefix(name + ".") || entry.path.contains("." + name + ".")
        }
        let found = exact + inside.filter { !exact.contains($0) }
        if !found.isEmpty { return found }
        let words = name.split(separator: ".", omittingEmptySubsequences: false)
        return words.count < 2 ? [] : entries.filter { Self.matches($0.path, words) }
    }

    /// Whether the words are the path, its second word being the user's own or left out.
    private static func matches(_ path: String, _ words: [Substring]) -> Bool {
        let parts = path.split(separator: ".")
        guard parts.count == 3, words[0] == parts[0], words.last == parts.last else { return false }
        return words.count == 2 || (words.count == 3 && !words[1].isEmpty)
    }

    /// Everything that `entries(named:)` can be asked for.
    package var names: [String] {
        var names: [String] = []
        for entry in entries {
            for part in entry.path.split(separator: ".").map(String.init)
            where part != "NAME" && !names.contains(part) {
                names.append(part)
            }
        }
        return names
    }

    private static func wanted(_ value: ManifestKey.Value) -> String {
        switch value {
        case .text: "a text"
        case .quantity(let wanted): wanted
        case .integer(let range): "an integer from \(range.lowerBound) to \(range.upperBound)"
        case .names: "a name or a list of names"
        case .entries: "a list of entries"
        case .matrix, .models, .tasks, .hardware: "a mapping"
        }
    }
}
