/// A repository of the Hugging Face hub, its name checked: it becomes part of addresses and paths.
struct HubRepository: Hashable, Sendable {
    enum Kind: String, Sendable {
        case models, datasets
    }

    let kind: Kind
    /// `organisation/repository`.
    let name: String

    init(_ name: String, kind: Kind = .models) throws(HubError) {
        let parts = Self.parts(name)
        guard parts.count == 2, parts.allSatisfy(Self.isPlain) else {
            throw .badSource("hf '\(name)': expected ORGANISATION/REPOSITORY.")
        }
        self.name = name
        self.kind = kind
    }

    /// Whether this can be a branch, a tag or a commit.
    static func isRevision(_ text: String) -> Bool { parts(text).allSatisfy(isPlain) }

    static func isCommit(_ text: String) -> Bool {
        text.utf8.count == 40 && text.allSatisfy { $0.isASCII && $0.isHexDigit }
    }

    /// `models--org--repo`: its folder in the hub's cache.
    var folderName: String {
        ([kind.rawValue] + Self.parts(name).map(String.init)).joined(separator: "--")
    }

    /// Its path on the hub: `org/repo`, `datasets/org/repo`.
    var addressPath: String { kind == .models ? name : "\(kind.rawValue)/\(name)" }

    /// What the hub knows of a revision: commit and file names.
    func informationPath(revision: String) -> String {
        "api/\(kind.rawValue)/\(name)/revision/\(HubAddress.escaped(revision))"
    }

    fileprivate static func parts(_ text: String) -> [Substring] {
        text.split(separator: "/", omittingEmptySubsequences: false)
    }

    private static func isPlain(_ part: Substring) -> Bool {
        part != "." && part != ".." && !part.isEmpty
            && part.allSatisfy { $0.isASCIIAlphanumeric || "._-".contains($0) }
    }
}

/// A file of a repository, its names checked.
struct HubFile: Hashable, Sendable {
    let repository: HubRepository
    /// With slashes: a path inside the repository.
    let path: String
    let revision: String

    init(repository: HubRepository, path: String, revision: String) throws(HubError) {
        guard HubRepository.isRevision(revision) else {
            throw .badSource(
                "revision '\(revision)' of \(repository.name): expected a branch, a tag or a "
                    + "commit.")
        }
        let isPath = HubRepository.parts(path).allSatisfy { part in
            part != "." && part != ".." && !part.isEmpty
                && part.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f }
        }
        guard isPath else {
            throw .badSource(
                "file '\(path)' of \(repository.name): expected a path inside the repository.")
        }
        if let danger = SnapshotFiles.danger(of: path) {
            throw .unsafeFile(source: "\(repository.name)/\(path)", kind: danger.rawValue)
        }
        self.repository = repository
        self.path = path
        self.revision = revision
    }

    /// For messages.
    var source: String { "\(repository.name)/\(path)" }

    func address(at endpoint: HubAddress, revision: String) -> HubAddress {
        endpoint.appending(
            "\(repository.addressPath)/resolve/\(HubAddress.escaped(revision))/"
                + HubAddress.escaped(path, keeping: "/"))
    }
}
