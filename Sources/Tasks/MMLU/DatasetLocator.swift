import Basics

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Finds datasets by name: the first search folder that holds a dataset of the name wins.
///
///     let locator = DatasetLocator(projectRoot: ".", environmentFolder: nil)
///     let dataset = try locator.load("mini-mmlu")
package struct DatasetLocator: Sendable {
    package struct SearchFolder: Hashable, Sendable {
        package var path: String
        /// How messages name it: `datasets`, `$BILLION_DATASETS`.
        package var label: String

        package init(path: String, label: String) {
            self.path = path
            self.label = label
        }
    }

    package struct Location: Hashable, Sendable {
        package var name: String
        package var path: String
        /// `datasets/mini-mmlu`, `$BILLION_DATASETS/mmlu`: the place, without a path of the machine.
        package var label: String
    }

    /// One line of `billion datasets list`.
    package struct Entry: Sendable {
        package enum State: Sendable {
            case present(Location, subjects: Int, questions: Int, digest: String)
            case unreadable(Location, DatasetError)
            case absent
        }

        package var name: String
        /// What it is, for the names that this program knows.
        package var summary: String?
        package var state: State
    }

    private static let known = [
        "mini-mmlu": "ten subjects written for this project (not MMLU)",
        "mmlu": "MMLU, 57 subjects (Hendrycks et al.); see datasets/README.md",
    ]

    package let searchFolders: [SearchFolder]

    package init(searchFolders: [SearchFolder]) { self.searchFolders = searchFolders }

    /// The folder `datasets` of the project, then that of the checkout that the program was built
    /// in, where it is another one, then the folder that `BILLION_DATASETS` names.
    ///
    /// What `billion datasets pull` has brought (`pulled`) comes last.
    package init(
        projectRoot: String, checkout: String? = nil, environmentFolder: String?,
        pulled: String? = nil
    ) {
        var folders = [SearchFolder(path: projectRoot + "/datasets", label: "datasets")]
        if let checkout, !checkout.isEmpty, checkout != projectRoot {
            folders.append(
                SearchFolder(path: checkout + "/datasets", label: "the program's datasets"))
        }
        if let path = environmentFolder, !path.isEmpty {
            folders.append(SearchFolder(path: path, label: "$BILLION_DATASETS"))
        }
        if let pulled { folders.append(SearchFolder(path: pulled, label: "the cache")) }
        searchFolders = folders
    }

    /// Where a dataset lies; throws with the places that were looked at.
    package func locate(_ name: String) throws(DatasetError) -> Location {
        if let location = find(name) { return location }
        let places = searchFolders.map { "\($0.label)/\(name)" }.joined(separator: " and ")
        throw DatasetError(
            "dataset '\(name)'",
            "looked for its folders dev and test in \(places), found none." + advice(for: name))
    }

    package func load(_ name: String) throws(DatasetError) -> MMLUDataset {
        try MMLUDataset.load(folder: try locate(name).path, name: name)
    }

    /// The datasets that this program knows and those that the search folders hold, by name.
    ///
    /// Reads every dataset whole, for the counts and the digest.
    package func list() -> [Entry] {
        Set(Self.known.keys).union(present).sorted().map { name in
            let state: Entry.State
            if let location = find(name) {
                do throws(DatasetError) {
                    let dataset = try MMLUDataset.load(folder: location.path, name: name)
                    state = .present(
                        location, subjects: dataset.subjects.count,
                        questions: dataset.questionCount, digest: dataset.digest)
                } catch {
                    state = .unreadable(location, error)
                }
            } else {
                state = .absent
            }
            return Entry(name: name, summary: Self.known[name], state: state)
        }
    }

    private func find(_ name: String) -> Location? {
        // A name is one folder's name: anything else would reach outside the search folders.
        guard !name.isEmpty, !name.contains("/"), !name.hasPrefix(".") else { return nil }
        return searchFolders.lazy.map { folder in
            Location(
                name: name, path: "\(folder.path)/\(name)", label: "\(folder.label)/\(name)")
        }.first { MMLUDataset.root(of: $0.path) != nil }
    }

    private var present: [String] {
        searchFolders.flatMap { folder in
            let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
            return (names ?? []).filter { find($0) != nil }
        }
    }

    private func advice(for name: String) -> String {
        if name == "mmlu" {
            return " Run: billion datasets pull mmlu (or put the authors' CSV folder there or set "
                + "BILLION_DATASETS; datasets/README.md says how)."
        }
        if Self.known[name] != nil {
            return " It is in the datasets folder of billion: run there, or install it again."
        }
        return Suggestion.sentence(for: name, among: Set(Self.known.keys).union(present))
    }
}

extension [DatasetLocator.SearchFolder] {
    /// The one file with such an ending in the folder of a name; nil where there is none.
    ///
    /// - Parameter wanted: what several are said to be too many for.
    func onlyFile(of name: String, endings: [String], wanted: String) throws(DatasetError)
        -> String?
    {
        // A name is one folder's name: anything else would reach outside the search folders.
        for folder in self where !name.isEmpty && !name.hasPrefix(".") && !name.contains("/") {
            let path = FileSystem.join(folder.path, name)
            let files = ((try? FileSystem.names(in: path)) ?? [])
                .filter { file in endings.contains { file.hasSuffix($0) } }.sorted()
            if files.count > 1 {
                throw DatasetError(
                    "\(folder.label)/\(name)",
                    "wanted \(wanted), found \(files.joined(separator: " and ")).")
            }
            if let file = files.first { return FileSystem.join(path, file) }
        }
        return nil
    }
}
