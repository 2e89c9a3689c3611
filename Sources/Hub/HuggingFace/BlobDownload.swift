import Basics

/// Fetches the bytes of one file of the hub in parallel pieces, checks them, and puts them in
/// place.
///
/// A broken transfer goes on where it stopped, in this run and in the next one. The caller holds
/// the blob's lock.
struct BlobDownload: Sendable {
    let connection: HubConnection
    let cache: HubCache
    let file: HubFile
    let facts: HubFacts

    private var pace: HubPace { connection.settings.pace }

    /// - Parameter progress: told what is done, in bytes of this file.
    func run(_ progress: (BlobProgress) -> Void) throws {
        let paths = cache.unfinished(facts.digest)
        let inherited = try fetch(paths, progress)
        var found = try digest(paths, progress)
        if found != facts.digest.text {
            try paths.remove()
            // What an earlier process left may have been damaged since; what came just now may not.
            if inherited > 0 {
                _ = try fetch(paths, progress)
                found = try digest(paths, progress)
            }
        }
        guard found == facts.digest.text else {
            try paths.remove()
            throw HubError.wrongDigest(
                path: file.source, expected: facts.digest.text, found: found)
        }
        try FileSystem.place(paths.data, at: cache.blob(facts.digest))
        try FileSystem.remove(paths.journal)
    }

    enum BlobProgress: Hashable, Sendable {
        case received(Int64)
        case checked(Int64)
    }

    /// Bytes that the next run has no need to fetch.
    var present: Int64 {
        let paths = cache.unfinished(facts.digest)
        guard FileSystem.exists(paths.data) else { return 0 }
        return (try? unfinished(paths).received) ?? 0
    }

    private func unfinished(_ paths: UnfinishedFile.Paths) throws(BasicsError) -> UnfinishedFile {
        try UnfinishedFile(
            paths, size: facts.size, pieceBytes: pace.pieceBytes(ofFile: facts.size))
    }

    /// Brings the unfinished file to its full size; the result is what was there at first.
    private func fetch(_ paths: UnfinishedFile.Paths, _ progress: (BlobProgress) -> Void) throws
        -> Int64
    {
        let unfinished = try unfinished(paths)
        let inherited = unfinished.received
        do {
            try fetch(unfinished, progress)
        } catch is RangesIgnored {
            // One piece then, from start to end.
            try fetch(
                try UnfinishedFile(paths, size: facts.size, pieceBytes: max(1, facts.size)),
                progress)
        }
        return inherited
    }

    private func fetch(_ unfinished: UnfinishedFile, _ progress: (BlobProgress) -> Void) throws {
        let pieces = Int((unfinished.size + unfinished.pieceBytes - 1) / unfinished.pieceBytes)
        try TransferCrew().run(
            threads: min(pace.connections, pieces),
            { crew in
                while let piece = unfinished.claim() { try fetch(piece, of: unfinished, crew) }
            },
            onTick: { progress(.received(unfinished.received)) })
    }

    /// Fetches one piece, in as many attempts as bring something.
    private func fetch(_ piece: Int, of unfinished: UnfinishedFile, _ crew: TransferCrew) throws {
        var patience = Patience(pace)
        var best = unfinished.received(of: piece)
        while let range = unfinished.missing(of: piece) {
            let answer = try transfer(piece, range, of: unfinished, crew)
            guard unfinished.missing(of: piece) != nil else { return }
            let failure = connection.failure(answer, file: file)
            guard failure?.isPassing ?? true else { throw failure ?? incomplete(unfinished) }
            let reached = unfinished.received(of: piece)
            if reached > best {
                best = reached
                patience = Patience(pace)
            }
            guard let pause = patience.next(after: answer) else {
                throw failure ?? incomplete(unfinished)
            }
            try crew.wait(pause)
        }
    }

    private func incomplete(_ unfinished: UnfinishedFile) -> HubError {
        .incomplete(
            source: file.source, received: unfinished.received, expected: unfinished.size)
    }

    /// The server sends the whole file whatever part is asked for.
    private struct RangesIgnored: Error {}

    private func transfer(
        _ piece: Int, _ range: ClosedRange<Int64>, of unfinished: UnfinishedFile,
        _ crew: TransferCrew
    ) throws -> HubConnection.Answer {
        let isWhole = range == 0...max(0, facts.size - 1)
        // The commit, not the branch: that may move while we are at it.
        let address = file.address(at: connection.settings.endpoint, revision: facts.commit)
        return try connection.get(
            address, range: isWhole ? nil : range,
            onHead: { answer in
                switch answer.status {
                case 206:
                    guard let found = answer.range, found.start == range.lowerBound,
                        found.total ?? facts.size == facts.size
                    else { throw HubError.badAnswer(source: file.source, "another part") }
                    return true
                case 200 where isWhole:
                    return true
                case 200:
                    guard unfinished.pieceBytes >= facts.size else { throw RangesIgnored() }
                    try unfinished.restart(piece)
                    return true
                default:
                    return false
                }
            },
            onBody: { bytes in
                try crew.checkStop()
                guard try unfinished.append(bytes, to: piece) else {
                    throw HubError.badAnswer(
                        source: file.source, "more bytes than the \(facts.size) announced")
                }
            })
    }

    private func digest(_ paths: UnfinishedFile.Paths, _ progress: (BlobProgress) -> Void) throws
        -> String
    {
        try facts.digest.found(at: paths.data) { progress(.checked($0)) }
    }
}
