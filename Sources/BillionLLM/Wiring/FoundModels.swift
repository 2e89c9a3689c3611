import Basics
import Hub

/// A model for a first manifest.
struct FoundModel: Hashable {
    let name: String
    /// Relative to the manifest's folder; nil for a model of the catalog.
    let path: String?
}

/// What a first manifest can name: GGUF files and folders of the project, and what of the catalog
/// has been pulled.
struct FoundModels {
    private(set) var models: [FoundModel] = []
    private let isFallback: Bool
    /// What else there is without a search: the catalog's smallest model, where it is not here.
    let pullable: String?

    /// More are hardly meant, and a matrix grows with each.
    private static let mostModels = 4
    /// The smallest model of the catalog, which needs no account.
    private static let fallback = "smollm2-135m-instruct"

    init(project: Project, manifestFolder: String) throws {
        var found: [FoundModel] = []
        for file in Self.files(in: project.folder) {
            let path = try Paths.relative(
                FileSystem.join(project.folder, file), to: manifestFolder)
            let name = Self.name(of: file, taken: found.map(\.name))
            found.append(FoundModel(name: name, path: path))
        }
        let store = try ModelAccess.standard().store
        for listing in store.list() where listing.path != nil {
            found.append(FoundModel(name: listing.model.name, path: nil))
        }
        models = Array(found.prefix(Self.mostModels))
        isFallback = found.isEmpty
        let isHere = found.contains { $0.path == nil && $0.name == Self.fallback }
        pullable = isFallback || isHere ? nil : Self.pull(Self.fallback, from: store)
        if isFallback { models = [FoundModel(name: Self.fallback, path: nil)] }
    }

    /// What was found, for the line that the command prints.
    var sentence: String {
        let names = models.map(\.name).joined(separator: ", ")
        return isFallback
            ? "no model is here yet, so it names \(names) (93 MB, fetched by 'run')."
            : "written for \(names)."
    }

    /// `smollm2-135m-instruct (92.9 MB)`.
    private static func pull(_ name: String, from store: ModelStore) -> String {
        let bytes = store.downloadNeed(of: .catalog(name)).bytes
        return name + (bytes.map { " (\(ByteCount.text($0)))" } ?? "")
    }

    /// GGUF files and Hugging Face folders at the top and one folder below.
    static func files(in folder: String) -> [String] {
        func models(in folder: String, prefix: String) -> [String] {
            let names = ((try? FileSystem.names(in: folder)) ?? []).sorted()
            return names.filter { $0.hasSuffix(".gguf") && isFirstPart($0) }.map { prefix + $0 }
        }
        var found = models(in: folder, prefix: "")
        for name in ((try? FileSystem.names(in: folder)) ?? []).sorted()
        where !name.hasPrefix(".") {
            let below = FileSystem.join(folder, name)
            guard FileSystem.isFolder(below) else { continue }
            found += models(in: below, prefix: name + "/")
            let weights = ["model.safetensors", "model.safetensors.index.json"]
            if FileSystem.isFile(FileSystem.join(below, "config.json")),
                weights.contains(where: { FileSystem.isFile(FileSystem.join(below, $0)) })
            {
                found.append(name)
            }
        }
        return found
    }

    /// Of a split file the first part stands for all.
    private static func isFirstPart(_ name: String) -> Bool {
        !name.contains("-of-") || name.contains("-00001-of-")
    }

    /// The file's name as one of a manifest, not one that is taken.
    private static func name(of file: String, taken: [String]) -> String {
        let last = FileSystem.name(of: file)
        let stem = last.hasSuffix(".gguf") ? String(last.dropLast(5)) : last
        let kept = stem.map { character -> Character in
            let isPlain = character.isASCII && (character.isLetter || character.isNumber)
            return isPlain || "._-+".contains(character) ? character : "-"
        }
        var name = String(kept.drop { !($0.isLetter || $0.isNumber) }.prefix(60))
        if name.isEmpty { name = "model" }
        let isKnown = taken.contains(name) || ModelCatalog.model(named: name) != nil
        return isKnown ? "\(name)-\(taken.count + 2)" : name
    }
}
