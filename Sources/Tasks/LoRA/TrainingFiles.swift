import Basics

/// Where a `lora` job finds and leaves files.
enum TrainingFiles {
    /// A name means a folder in a search folder; what has a slash or the ending of a file is a path
    /// from the project's folder.
    static func dataset(_ name: String, in locator: DatasetLocator) throws(DatasetError) -> String {
        if name.contains("/") || name.hasSuffix(".json") || name.hasSuffix(".jsonl") {
            let project = locator.searchFolders.first.map { FileSystem.folder(of: $0.path) } ?? "."
            let path = name.hasPrefix("/") ? name : FileSystem.join(project, name)
            guard FileSystem.exists(path) else {
                throw DatasetError(
                    "dataset '\(name)'", "there is no such file or folder in the project's folder.")
            }
            return path
        }
        let paths = locator.searchFolders.map { FileSystem.join($0.path, name) }
        let found = paths.first { folder in
            InstructionDataset.files(of: folder).contains(where: FileSystem.isFile)
        }
        guard let found else {
            let places = locator.searchFolders.map { "\($0.label)/\(name)" }
            throw DatasetError(
                "dataset '\(name)'",
                "looked for train.jsonl or train.json in \(places.joined(separator: " and ")), "
                    + "found none.")
        }
        return found
    }

    static func digest(of path: String, name: String) throws(DatasetError) -> String {
        var hash = SHA256()
        do {
            for file in InstructionDataset.files(of: path) {
                let bytes = try FileSystem.read(file)
                hash.update("\(bytes.count)\n")
                hash.update(bytes)
            }
        } catch {
            throw DatasetError("dataset '\(name)'", "\(error)")
        }
        return hash.hexDigest()
    }

    /// The folder that the adapter is written to, made where it is missing.
    static func outputFolder(_ context: TaskContext) throws -> String {
        let folder =
            try context.resources["output_dir"] ?? jobFolder("adapters", context)
        try FileSystem.makeFolder(folder)
        return folder
    }

    /// The checkpoint of an unfinished job.
    static func checkpoint(_ context: TaskContext) throws -> String {
        let folder = FileSystem.join(try state(context), "training")
        try FileSystem.makeFolder(folder)
        return FileSystem.join(folder, context.job.id.text)
    }

    private static func jobFolder(_ name: String, _ context: TaskContext) throws -> String {
        FileSystem.join(FileSystem.join(try state(context), name), context.job.id.text)
    }

    private static func state(_ context: TaskContext) throws -> String {
        try context.resources["state"] ?? Paths().state
    }
}
