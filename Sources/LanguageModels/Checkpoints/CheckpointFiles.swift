import Basics

/// Which files a checkpoint consists of, found without opening its weights.
package enum CheckpointFiles {
    /// All files that decide what a model computes, in an order that depends on nothing else.
    ///
    /// One path for a GGUF file, all shards of a split one, configuration, weights and tokenizer of
    /// a folder. Throws when one of them is missing.
    package static func paths(of path: String) throws -> [String] {
        if FileSystem.isFolder(path) { return try Folder(path).all }
        return try GGUFShards.paths(of: path) ?? [path]
    }

    /// The files of a Hugging Face folder.
    struct Folder: Sendable {
        let configuration: String
        let generation: String?
        /// Nil when the weights are in one file.
        let index: SafetensorsIndex?
        let weights: [String]
        let tokenizer: [String]

        private static let single = "model.safetensors"
        private static let tokenizerNames = [
            "added_tokens.json", "chat_template.jinja", "special_tokens_map.json",
            "tokenizer.json", "tokenizer.model", "tokenizer_config.json",
        ]

        init(_ path: String) throws {
            func file(_ name: String) -> String? {
                let file = FileSystem.join(path, name)
                return FileSystem.isFile(file) ? file : nil
            }
            func fail(_ problem: String) -> CheckpointError {
                CheckpointError(file: path, problem)
            }
            guard let configuration = file("config.json") else {
                let names = ((try? FileSystem.names(in: path)) ?? []).sorted()
                let gguf = names.first { $0.hasSuffix(".gguf") }
                throw fail(
                    "the folder has no config.json"
                        + (gguf.map { ". For a GGUF file name the file itself: \(quoted($0))." }
                            ?? "; wanted a folder with config.json and safetensors."))
            }
            self.configuration = configuration
            generation = file("generation_config.json")
            tokenizer = Self.tokenizerNames.compactMap(file)
            if let single = file(Self.single) {
                (index, weights) = (nil, [single])
                return
            }
            guard let indexPath = file(SafetensorsIndex.fileName) else {
                throw fail(Self.missingWeights(in: path))
            }
            let index = try SafetensorsIndex(path: indexPath)
            weights = try index.shards.map { shard in
                guard let path = file(shard) else {
                    throw fail(
                        "\(quoted(shard)), which \(SafetensorsIndex.fileName) names, is missing. "
                            + "Fetch it again.")
                }
                return path
            }
            self.index = index
        }

        /// Weights last, so that what is small is looked at first.
        var all: [String] {
            var paths = [configuration]
            if let generation { paths.append(generation) }
            if index != nil {
                paths.append(
                    FileSystem.join(
                        FileSystem.folder(of: configuration), SafetensorsIndex.fileName))
            }
            return paths + tokenizer + weights
        }

        private static func missingWeights(in path: String) -> String {
            let names = ((try? FileSystem.names(in: path)) ?? []).sorted()
            let isPickle = { (name: String) in
                [".bin", ".pt", ".pth", ".ckpt", ".pkl"].contains(where: name.hasSuffix)
            }
            guard let pickle = names.first(where: isPickle) else {
                return "the folder has no \(single) and no \(SafetensorsIndex.fileName)."
            }
            return "its weights are in \(quoted(pickle)), a pickle file, which may run code when "
                + "it is read and is never opened. Wanted \(single): fetch the repository's "
                + "safetensors, or convert the file where you trust it."
        }
    }
}
