import Basics

/// A text that models are measured on, found by name in the folders where datasets are.
package struct TextFile: Sendable {
    package let text: String
    /// SHA-256 of the file's bytes.
    package let digest: String

    private static let longest = 64 << 20

    /// The one `.txt` file in the folder of this name.
    package static func locate(_ name: String, in folders: [DatasetLocator.SearchFolder]) throws
        -> String
    {
        // A name is one folder's name: anything else would reach outside the search folders.
        for folder in folders where !name.isEmpty && !name.hasPrefix(".") && !name.contains("/") {
            let path = FileSystem.join(folder.path, name)
            let files = ((try? FileSystem.names(in: path)) ?? []).filter { $0.hasSuffix(".txt") }
            if files.count > 1 {
                throw DatasetError(
                    "\(folder.label)/\(name)",
                    "wanted one .txt file, found \(files.sorted().joined(separator: " and ")).")
            }
            if let file = files.first { return FileSystem.join(path, file) }
        }
        let places = folders.map { "\($0.label)/\(name)" }.joined(separator: " and ")
        throw DatasetError(
            "text '\(name)'",
            "looked for a folder with a .txt file in it at \(places), found none. Put the text "
                + "there, or set text: none.")
    }

    /// - Parameter name: how messages call it.
    package init(path: String, name: String) throws {
        let bytes = try FileSystem.read(path)
        guard bytes.count <= Self.longest else {
            throw DatasetError(
                "text '\(name)'",
                "wanted at most \(ByteCount.text(Int64(Self.longest))), found "
                    + "\(ByteCount.text(Int64(bytes.count))). Take a part of it.")
        }
        guard var text = String(validating: bytes, as: UTF8.self) else {
            throw DatasetError("text '\(name)'", "the file is not UTF-8. Convert it.")
        }
        var hash = SHA256()
        hash.update(bytes)
        digest = hash.hexDigest()
        // llama-perplexity takes one newline off the end of its file.
        if text.utf8.last == UInt8(ascii: "\n") { text.unicodeScalars.removeLast() }
        self.text = text
    }
}
