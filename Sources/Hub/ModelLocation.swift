/// Where a model's file, or the folder of its files, comes from.
package enum ModelLocation: Hashable, Sendable {
    /// A name or an alias of the `ModelCatalog`, with a revision after `@` where one is wanted.
    case catalog(String)
    /// A file or folder on this machine.
    case path(String)
    /// A file of a repository on the Hugging Face hub.
    case huggingFace(repository: String, file: String, revision: String)
    /// A file inside a wheel of the Python package index, with the digest it must have.
    case pypi(requirement: String, file: String, sha256: String)
}

extension ModelLocation {
    /// What people call it.
    package var name: String {
        switch self {
        case .catalog(let name), .path(let name): name
        case .huggingFace(let repository, let file, _): "\(repository)/\(file)"
        case .pypi(let requirement, let file, _): "\(requirement)/\(lastPart(of: file))"
        }
    }

    private func lastPart(of path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }
}
