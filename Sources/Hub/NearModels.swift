import Basics

/// Models whose names are near to that of a file that is not there.
package enum NearModels {
    /// The model in the same folder that was probably meant.
    package static func beside(_ path: String) -> String? {
        let folder = FileSystem.folder(of: path)
        let names = ((try? FileSystem.names(in: folder)) ?? []).filter { name in
            name.hasSuffix(suffix)
                || FileSystem.isFile(
                    FileSystem.join(FileSystem.join(folder, name), "config.json"))
        }
        guard let name = nearest(to: FileSystem.name(of: path), among: names) else { return nil }
        return path.contains("/") ? FileSystem.join(folder, name) : name
    }

    /// The nearest of the names; the ending that they share does not count.
    package static func nearest(to name: String, among names: [String]) -> String? {
        let stems = Dictionary(names.map { (stem($0), $0) }) { first, _ in first }
        return Suggestion.nearest(to: stem(name), among: stems.keys.sorted()).flatMap { stems[$0] }
    }

    private static let suffix = ".gguf"

    private static func stem(_ name: String) -> String {
        name.hasSuffix(suffix) ? String(name.dropLast(suffix.count)) : name
    }
}
