import Basics

/// One repository in the hub's own cache layout, shared with every program of the hub.
///
///     models--org--name/refs/main                  the commit that a branch was at
///     models--org--name/blobs/DIGEST               a file's bytes
///     models--org--name/snapshots/COMMIT/FILE      a relative link to its blob
///     .locks/models--org--name/DIGEST.lock         held while a blob is made
///
/// A blob's name is what its bytes hash to: SHA-256 for large files, git's SHA-1 for the others.
struct HubCache: Sendable {
    let folder: String
    let repository: HubRepository

    private var root: String { FileSystem.join(folder, repository.folderName) }

    /// Removes what processes that were killed have left beside a file that is whole by now.
    func removeRemains(of digest: BlobDigest) throws {
        let prefix = digest.text + ".billion."
        for name in try FileSystem.names(in: "\(root)/blobs") where name.hasPrefix(prefix) {
            try FileSystem.remove("\(root)/blobs/\(name)")
        }
    }

    func blob(_ digest: BlobDigest) -> String { "\(root)/blobs/\(digest.text)" }

    /// Bytes on the way: beside the blob, under a name that nothing else uses.
    func unfinished(_ digest: BlobDigest) -> UnfinishedFile.Paths {
        UnfinishedFile.Paths(
            data: blob(digest) + ".billion.incomplete",
            journal: blob(digest) + ".billion.journal")
    }

    func lock(_ digest: BlobDigest) -> String {
        "\(folder)/.locks/\(repository.folderName)/\(digest.text).lock"
    }

    func snapshot(_ commit: String) -> String { "\(root)/snapshots/\(commit)" }

    /// The commit of a revision as it was last fetched; nil when it never was.
    func commit(of revision: String) -> String? {
        if HubRepository.isCommit(revision) { return revision }
        guard let bytes = try? FileSystem.read("\(root)/refs/\(revision)") else { return nil }
        let text = String(decoding: bytes.prefix(100), as: UTF8.self).filter { !$0.isWhitespace }
        return HubRepository.isCommit(text) ? text : nil
    }

    /// The file's place in the snapshot of its revision; nil when it is not there.
    func path(of file: HubFile) -> String? {
        guard let commit = commit(of: file.revision) else { return nil }
        let path = FileSystem.join(snapshot(commit), file.path)
        return FileSystem.isFile(path) ? path : nil
    }

    /// The snapshot's folder, when everything a model needs is in it.
    func completeSnapshot(of revision: String) -> String? {
        guard let commit = commit(of: revision),
            let names = try? FileSystem.names(in: snapshot(commit)),
            SnapshotFiles.isComplete(
                names.filter { FileSystem.isFile(FileSystem.join(snapshot(commit), $0)) })
        else { return nil }
        return snapshot(commit)
    }

    /// Makes a blob visible as a file of a commit, and the commit as that of its revision.
    func publish(_ digest: BlobDigest, as file: HubFile, commit: String) throws(BasicsError) {
        let up = String(repeating: "../", count: file.path.split(separator: "/").count + 1)
        try FileSystem.link(
            to: "\(up)blobs/\(digest.text)", at: FileSystem.join(snapshot(commit), file.path))
        if file.revision != commit, self.commit(of: file.revision) != commit {
            try FileSystem.write(
                Array(commit.utf8), atomicallyTo: "\(root)/refs/\(file.revision)")
        }
    }

    /// The digest that a file of a snapshot must have; nil where it is no link to a blob.
    static func digest(ofFileAt path: String) -> BlobDigest? {
        FileSystem.target(ofLink: path).flatMap { BlobDigest(FileSystem.name(of: $0)) }
    }
}

/// What a blob's bytes must hash to.
struct BlobDigest: Hashable, Sendable {
    enum Kind: Sendable {
        /// Files in large file storage.
        case sha256
        /// Files that git itself keeps.
        case gitBlob
    }

    let kind: Kind
    /// Lower-case hexadecimal digits.
    let text: String

    /// From an entity tag: `"abc"`, `W/"abc"`, or bare.
    ///
    /// nil when it is no digest.
    init?(_ tag: String) {
        let bare = (tag.hasPrefix("W/") ? tag.dropFirst(2) : tag[...]).filter { $0 != "\"" }
        guard bare.allSatisfy({ $0.isASCII && $0.isHexDigit }) else { return nil }
        switch bare.utf8.count {
        case 64: kind = .sha256
        case 40: kind = .gitBlob
        default: return nil
        }
        text = bare.lowercased()
    }

    /// How messages name the kind.
    var name: String { kind == .sha256 ? "SHA-256" : "git SHA-1" }

    /// The digest of a file, in the same kind.
    func found(at path: String, progress: (Int64) -> Void = { _ in }) throws(BasicsError)
        -> String
    {
        switch kind {
        case .sha256: try FileSystem.sha256(of: path, progress: progress)
        case .gitBlob: try FileSystem.gitBlobSHA1(of: path)
        }
    }
}
