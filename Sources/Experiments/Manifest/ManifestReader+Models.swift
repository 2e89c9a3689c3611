/// The ways to say where an own model comes from. Their texts reach programs and
/// addresses (pip, a download), so only what such a text can look like is let through.
extension ManifestReader {
    mutating func modelSource(_ entry: YAMLNode.Entry) -> ModelSource? {
        let what = "'models.\(entry.key.value)'"
        guard let fields = fields(of: entry.value, as: what, allowed: nil) else { return nil }
        let origins = ManifestKeys.origins.map { $0[0].name }.filter { fields[$0] != nil }
        guard let origin = origins.first, origins.count == 1 else {
            report(
                at: entry.value.mark,
                origins.isEmpty
                    ? "\(what) needs one of the keys 'path', 'hf', 'pypi' or 'random'."
                    : "\(what) has \(origins.map { "'\($0)'" }.joined(separator: " and ")); "
                        + "a model comes from one of them.")
            return nil
        }
        switch origin {
        case "path": return path(entry.value, what)
        case "hf": return huggingFace(entry.value, what)
        case "random": return random(entry.value, what)
        default: return pypi(entry.value, what)
        }
    }

    private static func keys(of origin: String) -> [String]? {
        ManifestKeys.origins.first { $0[0].name == origin }?.map(\.name)
    }

    private mutating func path(_ node: YAMLNode, _ what: String) -> ModelSource? {
        guard let fields = fields(of: node, as: what, allowed: Self.keys(of: "path")),
            let path = text("path", in: fields, of: what)
        else { return nil }
        return .path(path.value)
    }

    /// The name is looked up with the others, in the catalog.
    private mutating func random(_ node: YAMLNode, _ what: String) -> ModelSource? {
        guard let fields = fields(of: node, as: what, allowed: Self.keys(of: "random")),
            let name = text("random", in: fields, of: what)
        else { return nil }
        return .random(shapeOf: name.value)
    }

    private mutating func huggingFace(_ node: YAMLNode, _ what: String) -> ModelSource? {
        guard let fields = fields(of: node, as: what, allowed: Self.keys(of: "hf"))
        else { return nil }
        let repository = text("hf", in: fields, of: what)
        let file = relativeFile(in: fields, of: what)
        let revision = optionalText(fields["revision"], key: "revision")
        if let repository {
            let parts = repository.value.split(separator: "/", omittingEmptySubsequences: false)
            if parts.count != 2 || !parts.allSatisfy({ Self.isWord($0) }) {
                report(
                    at: repository.mark,
                    "'hf' must be 'organisation/repository', found \(quoted(repository.value)).")
            }
        }
        if let revision,
            !revision.value.split(separator: "/", omittingEmptySubsequences: false)
                .allSatisfy({ Self.isWord($0) })
        {
            report(
                at: revision.mark,
                "'revision' must be a branch, tag or commit, found \(quoted(revision.value)).")
        }
        guard let repository, let file else { return nil }
        return .huggingFace(
            repository: repository.value, file: file.value, revision: revision?.value ?? "main")
    }

    private mutating func pypi(_ node: YAMLNode, _ what: String) -> ModelSource? {
        guard let fields = fields(of: node, as: what, allowed: Self.keys(of: "pypi"))
        else { return nil }
        let requirement = text("pypi", in: fields, of: what)
        let file = relativeFile(in: fields, of: what)
        let digest = text("sha256", in: fields, of: what)
        if let requirement {
            let parts = requirement.value.split(separator: "=", omittingEmptySubsequences: false)
            let words = [parts.first, parts.last].compactMap { $0 }
            if parts.count != 3 || !parts[1].isEmpty
                || !words.allSatisfy({ Self.isWord($0, more: "+!") })
            {
                report(
                    at: requirement.mark,
                    "'pypi' must be 'package==version', found \(quoted(requirement.value)).")
            }
        }
        if let digest {
            let isDigest =
                digest.value.utf8.count == 64
                && digest.value.allSatisfy { "0123456789abcdefABCDEF".contains($0) }
            if !isDigest {
                report(
                    at: digest.mark,
                    "'sha256' must be 64 hexadecimal digits, found \(quoted(digest.value)).")
            }
        }
        guard let requirement, let file, let digest else { return nil }
        return .pypi(
            requirement: requirement.value, file: file.value, sha256: digest.value.lowercased())
    }

    /// A file inside a repository or wheel: never one outside of it.
    private mutating func relativeFile(in fields: Fields, of what: String) -> Marked<String>? {
        guard let file = text("file", in: fields, of: what) else { return nil }
        let parts = file.value.split(separator: "/", omittingEmptySubsequences: false)
        let isPrintable = file.value.unicodeScalars.allSatisfy {
            SourceText.printable($0) == $0 && $0 != "\t"
        }
        if !isPrintable || parts.contains(where: { ["", ".", ".."].contains($0) }) {
            report(
                at: file.mark,
                "'file' must be a path inside the package, such as 'model.gguf', "
                    + "found \(quoted(file.value)).")
        }
        return file
    }

    /// Letters, digits, `.`, `_`, `-`; it cannot be taken for an option of a program.
    private static func isWord(_ text: Substring, more: String = "") -> Bool {
        guard let first = text.first, first != "-", first != "." else { return false }
        return text.allSatisfy {
            $0.isASCII && ($0.isLetter || $0.isNumber) || ("._-" + more).contains($0)
        }
    }
}
