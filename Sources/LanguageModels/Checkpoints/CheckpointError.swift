/// What is wrong with a model file: which file, what was wanted, what was found.
package struct CheckpointError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file's path as it was given.
    package let file: String
    /// The rest of the sentence, free of paths.
    package let problem: String

    package init(file: String, _ problem: String) {
        self.file = file
        self.problem = problem
    }

    package var description: String { "\(file): \(problem)" }

    /// The sentence with the file's bare name, for places that must not tell where files lie.
    package var descriptionWithoutFolders: String {
        "\(file.split(separator: "/").last.map(String.init) ?? file): \(problem)"
    }
}

/// A name out of a file as it may stand in a message: in quotes, control characters escaped, cut short.
func quoted(_ name: String) -> String {
    var text = ""
    for scalar in name.unicodeScalars.prefix(80) {
        let isControl = scalar.properties.generalCategory == .control || scalar == "\u{2028}"
        text += isControl ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
    }
    return "'\(text)\(name.unicodeScalars.count > 80 ? "..." : "")'"
}
