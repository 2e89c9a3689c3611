import Basics

/// What the hub says of a file before its bytes are fetched.
struct HubFacts: Hashable, Sendable {
    let commit: String
    let digest: BlobDigest
    let size: Int64
}

/// Brings files of one repository into the hub's cache.
struct HubFetch: Sendable {
    let settings: HubSettings
    let repository: HubRepository

    private var connection: HubConnection { HubConnection(settings: settings) }
    var cache: HubCache { HubCache(folder: settings.cache, repository: repository) }

    /// Fetches one file; the result is its place in the snapshot.
    func file(_ file: HubFile, _ progress: (PullProgress) -> Void) throws -> String {
        try checkOnline(file.source)
        let facts = try facts(of: file)
        try bring([(file, facts)], progress)
        return FileSystem.join(cache.snapshot(facts.commit), file.path)
    }

    /// Fetches what a model needs; the result is the snapshot's folder.
    func snapshot(revision: String, _ progress: (PullProgress) -> Void) throws -> String {
        try checkOnline(repository.name)
        progress(.asking)
        let probe = try HubFile(
            repository: repository, path: SnapshotFiles.configuration, revision: revision)
        let information = try information(revision: revision, probe)
        let names = try SnapshotFiles.selection(
            of: information.siblings.map(\.rfilename), repository: repository.name,
            revision: revision)
        let files = try names.map { name in
            let file = try HubFile(repository: repository, path: name, revision: revision)
            return (file, try facts(of: file, at: information.sha))
        }
        try bring(files, progress)
        return cache.snapshot(information.sha)
    }

    /// Says no before anything touches the network.
    private func checkOnline(_ source: String) throws {
        if settings.isOffline { throw HubError.offlineByChoice(source: source) }
    }

    // MARK: - Bytes

    private func bring(_ files: [(HubFile, HubFacts)], _ progress: (PullProgress) -> Void) throws {
        let total = files.reduce(0) { $0 + $1.1.size }
        try checkSpace(files)
        var done: Int64 = 0
        for (file, facts) in files {
            try bring(file, facts) { step in
                switch step {
                case .downloading(let bytes, _): progress(.downloading(done + bytes, of: total))
                default: progress(step)
                }
            }
            done += facts.size
        }
    }

    private func bring(
        _ file: HubFile, _ facts: HubFacts, _ progress: (PullProgress) -> Void
    ) throws {
        let blob = cache.blob(facts.digest)
        let lock = try FileLock(cache.lock(facts.digest)) { progress(.waiting) }
        defer { withExtendedLifetime(lock) {} }
        if try !isWhole(blob, facts, progress) {
            try BlobDownload(connection: connection, cache: cache, file: file, facts: facts)
                .run { step in
                    switch step {
                    case .received(let bytes): progress(.downloading(bytes, of: facts.size))
                    case .checked(let bytes): progress(.checking(bytes, of: facts.size))
                    }
                }
        }
        try cache.removeRemains(of: facts.digest)
        try cache.publish(facts.digest, as: file, commit: facts.commit)
    }

    /// Whether a blob that is there can be used: by size at once, by digest after reading it.
    private func isWhole(
        _ blob: String, _ facts: HubFacts, _ progress: (PullProgress) -> Void
    ) throws -> Bool {
        guard FileSystem.isFile(blob) else { return false }
        guard try FileSystem.size(of: blob) == facts.size,
            try facts.digest.found(
                at: blob, progress: { progress(.checking($0, of: facts.size)) })
                == facts.digest.text
        else {
            progress(.replacing(path: blob))
            return false
        }
        return true
    }

    private func checkSpace(_ files: [(HubFile, HubFacts)]) throws {
        var needed: Int64 = 0
        for (file, facts) in files where !FileSystem.isFile(cache.blob(facts.digest)) {
            let download = BlobDownload(
                connection: connection, cache: cache, file: file, facts: facts)
            needed += facts.size - download.present
        }
        guard needed > 0 else { return }
        let free = try FileSystem.freeBytes(at: settings.cache)
        // Some room is left for everybody else.
        guard free - needed >= Self.spareBytes else {
            throw HubError.diskFull(folder: settings.cache, needed: needed, free: free)
        }
    }

    private static let spareBytes: Int64 = 64 << 20

    // MARK: - Questions

    /// - Parameter commit: where it is known; else the file's revision is asked for.
    private func facts(of file: HubFile, at commit: String? = nil) throws -> HubFacts {
        let address = file.address(at: settings.endpoint, revision: commit ?? file.revision)
        let answer = try patiently(file) { try connection.head(address) }
        if let failure = accepted(answer) ? nil : connection.failure(answer, file: file) {
            throw failure
        }
        guard let commit = commit ?? answer["x-repo-commit"], HubRepository.isCommit(commit) else {
            throw HubError.badAnswer(source: file.source, "no commit (X-Repo-Commit)")
        }
        guard let digest = (answer["x-linked-etag"] ?? answer["etag"]).flatMap(BlobDigest.init)
        else { throw HubError.badAnswer(source: file.source, "no digest (ETag)") }
        let isHere = (200..<300).contains(answer.status)
        guard
            let size = (answer["x-linked-size"] ?? (isHere ? answer["content-length"] : nil))
                .flatMap({ Int64($0) }), size >= 0
        else { throw HubError.badAnswer(source: file.source, "no size") }
        return HubFacts(commit: commit, digest: digest, size: size)
    }

    /// A redirect that carries the facts is as good as the bytes themselves.
    private func accepted(_ answer: HubConnection.Answer) -> Bool {
        (300..<400).contains(answer.status) && answer["x-linked-etag"] != nil
    }

    private struct Information: Decodable {
        struct Sibling: Decodable {
            let rfilename: String
        }

        /// The commit.
        let sha: String
        let siblings: [Sibling]
    }

    private static let longestInformation = 64 << 20

    private func information(revision: String, _ probe: HubFile) throws -> Information {
        let address = settings.endpoint.appending(repository.informationPath(revision: revision))
        var body: [UInt8] = []
        let answer = try patiently(probe) {
            body = []
            return try connection.get(
                address, onHead: { $0.status == 200 },
                onBody: { bytes in
                    body += bytes
                    guard body.count <= Self.longestInformation else {
                        throw HubError.badAnswer(source: repository.name, "an endless list")
                    }
                })
        }
        if let failure = connection.failure(answer, file: probe) { throw failure }
        let text = String(decoding: body, as: UTF8.self)
        guard let information = try? JSON.decode(Information.self, from: text),
            HubRepository.isCommit(information.sha)
        else { throw HubError.badAnswer(source: repository.name, "no list of its files") }
        return information
    }

    /// Asks again when a server is busy; a network that is not there is said at once.
    private func patiently(_ file: HubFile, _ ask: () throws -> HubConnection.Answer) throws
        -> HubConnection.Answer
    {
        var patience = Patience(settings.pace)
        while true {
            let answer = try ask()
            let cut = answer.status == 200 && answer.ending != .exited(0)
            guard cut || connection.failure(answer, file: file)?.isPassing == true,
                answer.status != 0, let pause = patience.next(after: answer)
            else { return answer }
            Pause.wait(pause)
        }
    }
}
