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
        if let file = try folders.onlyFile(
            of: name, endings: [".txt"], wanted: "one .txt file")
        {
            return file
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
