import Basics

/// Which files of a model's repository are fetched: what describes the model, and its weights in
/// safetensors.
///
/// Code and pickle files never are. A pickle file can run code when it is read, so none is ever
/// brought to this machine.
enum SnapshotFiles {
    static let configuration = "config.json"
    /// One of these must be there.
    static let tokenizers = ["tokenizer.json", "tokenizer.model"]
    private static let optional = [
        "generation_config.json", "tokenizer_config.json", "special_tokens_map.json",
        "added_tokens.json", "chat_template.jinja",
    ]
    private static let singleWeights = "model.safetensors"
    private static let index = "model.safetensors.index.json"

    /// The files to fetch out of all that a repository has, small ones first.
    ///
    /// - Throws: `HubError.unusableRepository` when there is no whole set.
    static func selection(
        of names: [String], repository: String, revision: String
    ) throws(HubError) -> [String] {
        func lack(_ sentence: String) -> HubError {
            .unusableRepository(repository: repository, revision: revision, sentence)
        }
        let present = Set(names)
        guard present.contains(configuration) else { throw lack("there is no config.json.") }
        guard tokenizers.contains(where: present.contains) else {
            throw lack("there is neither tokenizer.json nor tokenizer.model.")
        }
        let small = ([configuration] + tokenizers + optional).filter(present.contains)
        if present.contains(singleWeights) { return small + [singleWeights] }
        let shards = names.filter { shard($0) != nil }.sorted()
        if present.contains(index), let count = shards.first.flatMap(shard)?.count,
            shards == (1...count).map({ shardName($0, of: count) })
        {
            return small + [index] + shards
        }
        guard shards.isEmpty else { throw lack("some parts of its weights are missing.") }
        if names.contains(where: { danger(of: $0) == .pickle }) {
            throw lack(
                "its weights are there as pickle files only. Reading those can run code, so they "
                    + "are not fetched.")
        }
        throw lack("there are no weights in safetensors.")
    }

    /// The model files of a folder by name: what makes this model another one than its neighbour.
    static func parts(ofModelIn folder: String) throws -> [String] {
        let described = Set([configuration, index] + tokenizers + optional)
        return try FileSystem.names(in: folder).filter { name in
            (described.contains(name) || name.hasSuffix(".safetensors"))
                && FileSystem.isFile(FileSystem.join(folder, name))
        }
    }

    /// Whether the names are a whole set, as in a snapshot that something else has fetched.
    static func isComplete(_ names: [String]) -> Bool {
        (try? selection(of: names, repository: "", revision: "")) != nil
    }

    /// The 2 and 5 of `model-00002-of-00005.safetensors`.
    static func shard(_ name: String) -> (number: Int, count: Int)? {
        guard name.hasPrefix("model-"), name.hasSuffix(".safetensors") else { return nil }
        let parts = name.dropFirst(6).dropLast(12).split(
            separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[1] == "of", parts[0].count == 5, parts[2].count == 5,
            let number = Int(parts[0]), let count = Int(parts[2]), (1...count).contains(number)
        else { return nil }
        return (number, count)
    }

    private static func shardName(_ number: Int, of count: Int) -> String {
        func five(_ number: Int) -> String {
            String(repeating: "0", count: max(0, 5 - "\(number)".count)) + "\(number)"
        }
        return "model-\(five(number))-of-\(five(count)).safetensors"
    }

    /// Why a file is never fetched.
    enum Danger: String, Sendable {
        case pickle = "a pickle file (or the like) can run code when it is read"
        case code = "this is code"
    }

    static func danger(of path: String) -> Danger? {
        let name = FileSystem.name(of: path)
        let ending = name.lastIndex(of: ".").map { name[name.index(after: $0)...].lowercased() }
        return switch ending {
        case "bin", "pt", "pth", "pkl", "pickle", "ckpt", "joblib", "dill", "h5", "msgpack", "mar":
            .pickle
        case "py", "pyc", "ipynb", "sh", "so", "dll", "dylib", "js", "wasm", "exe": .code
        default: nil
        }
    }
}
