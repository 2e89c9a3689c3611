import Basics

/// A file of a repository on the Hugging Face hub, its names checked.
struct HubFile: Hashable, Sendable {
    let repository: String
    let file: String
    let revision: String

    init(repository: String, file: String, revision: String) throws(HubError) {
        func parts(_ text: String) -> [Substring] {
            text.split(separator: "/", omittingEmptySubsequences: false)
        }
        func isPlain(_ part: Substring) -> Bool {
            part != "." && part != ".." && !part.isEmpty
                && part.allSatisfy { $0.isASCIIAlphanumeric || "._-".contains($0) }
        }
        guard parts(repository).count == 2, parts(repository).allSatisfy(isPlain) else {
            throw .badSource("hf '\(repository)': expected ORGANISATION/REPOSITORY.")
        }
        guard parts(revision).allSatisfy(isPlain) else {
            throw .badSource(
                "revision '\(revision)' of \(repository): expected a branch, a tag or a commit.")
        }
        let isPath = parts(file).allSatisfy { part in
            part != "." && part != ".." && !part.isEmpty
                && part.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f }
        }
        guard isPath else {
            throw .badSource(
                "file '\(file)' of \(repository): expected a path inside the repository.")
        }
        self.repository = repository
        self.file = file
        self.revision = revision
    }

    /// `org--repo`, revision, file: the place below the cache's `hf`.
    var cacheParts: [String] {
        func flat(_ text: String) -> String {
            text.split(separator: "/").joined(separator: "--")
        }
        return [flat(repository), flat(revision), file]
    }

    func address(at endpoint: String) -> String {
        "\(endpoint)/\(repository)/resolve/\(Self.escaped(revision))/\(Self.escaped(file, "/"))"
    }

    /// Percent-encodes everything but unreserved characters and `kept`.
    private static func escaped(_ text: String, _ kept: String = "") -> String {
        var result = ""
        for byte in text.utf8 {
            let character = Character(Unicode.Scalar(byte))
            if character.isASCIIAlphanumeric || "-._~".contains(character)
                || kept.contains(character)
            {
                result.append(character)
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                result += "%" + (digits.count == 1 ? "0" : "") + digits
            }
        }
        return result
    }
}

/// Fetches a file of the hub with curl; a broken transfer goes on where it stopped.
///
/// Bytes go to `FILE.part`, with the version they belong to in `FILE.part.tag`. The digest that the
/// hub gives for large files is kept in `FILE.sha256`. The caller holds the lock.
struct HubDownload {
    let file: HubFile
    let destination: String
    let environment: [String: String]

    private var part: String { destination + ".part" }
    private var tagFile: String { destination + ".part.tag" }
    private static func digestFile(_ path: String) -> String { path + ".sha256" }

    private var source: String { "\(file.repository)/\(file.file)" }
    private var endpoint: String {
        var text = environment["HF_ENDPOINT"] ?? ""
        while text.hasSuffix("/") { text.removeLast() }
        return text.isEmpty ? "https://huggingface.co" : text
    }
    private var token: String? {
        let text = (environment["HF_TOKEN"] ?? "").filter { !$0.isWhitespace && !$0.isNewline }
        return text.isEmpty ? nil : text
    }

    /// The digest that came with a file when it was fetched.
    static func recordedDigest(of path: String) -> String? {
        guard let bytes = try? FileSystem.read(digestFile(path)) else { return nil }
        let text = String(decoding: bytes.prefix(64), as: UTF8.self)
        return isDigest(text) ? text : nil
    }

    func run(_ progress: (PullProgress) -> Void) throws {
        let wish = (environment["HF_HUB_OFFLINE"] ?? "").uppercased()
        if ["1", "ON", "YES", "TRUE"].contains(wish) {
            throw HubError.offlineByChoice(source: source)
        }
        let facts = try ask()
        try dropPartOfAnotherVersion(facts.tag)
        let present = (try? FileSystem.size(of: part)) ?? 0
        if let size = facts.size {
            let needed = size - present + size / 10
            let free = try FileSystem.freeBytes(at: part)
            guard free >= needed else {
                throw HubError.diskFull(
                    folder: FileSystem.folder(of: destination), needed: needed, free: free)
            }
        }
        try fetch(facts, progress)
        try finish(facts, progress)
    }

    /// What the hub says of the file before it is fetched.
    struct Facts: Hashable {
        var size: Int64?
        /// Names this version of the file.
        var tag: String?
        var sha256: String?
    }

    private func ask() throws -> Facts {
        let outcome = try curl(["--head", "--write-out", "\n%{http_code}"]).run()
        let lines = outcome.outputText.split(whereSeparator: \.isNewline).map(String.init)
        let headers = Headers(lines.dropLast())
        let status = lines.last.flatMap { Int($0) } ?? 0
        guard outcome.succeeded, status == 200 else {
            throw failure(outcome, status: status, missing: headers["x-error-code"])
        }
        // On the hub's own answer, before it sends us on to where the bytes are.
        let tag = (headers["x-linked-etag"] ?? headers["etag"]).map(Self.bareTag)
        let size = (headers["x-linked-size"] ?? headers["content-length"]).flatMap { Int64($0) }
        return Facts(
            size: size.flatMap { $0 >= 0 ? $0 : nil }, tag: tag,
            sha256: tag.flatMap { Self.isDigest($0) ? $0 : nil })
    }

    /// `W/"abc"` and `"abc"` are `abc`.
    private static func bareTag(_ text: String) -> String {
        String(text.hasPrefix("W/") ? text.dropFirst(2) : text[...]).filter { $0 != "\"" }
            .lowercased()
    }

    private static func isDigest(_ text: String) -> Bool {
        text.utf8.count == 64 && text.allSatisfy { $0.isASCII && $0.isHexDigit }
    }

    private func dropPartOfAnotherVersion(_ tag: String?) throws {
        let known = (try? FileSystem.read(tagFile)).map { String(decoding: $0, as: UTF8.self) }
        if tag == nil || known != tag { try FileSystem.remove(part) }
        if let tag { try FileSystem.write(Array(tag.utf8), atomicallyTo: tagFile) }
    }

    /// Gets the bytes that are missing; after a break, as long as each attempt brings some.
    private func fetch(_ facts: Facts, _ progress: (PullProgress) -> Void) throws {
        while true {
            let start = (try? FileSystem.size(of: part)) ?? 0
            if let size = facts.size {
                if start == size { return }
                if start > size { try FileSystem.remove(part) }
            }
            let outcome = try transfer(facts, progress)
            let reached = (try? FileSystem.size(of: part)) ?? 0
            if outcome.succeeded {
                guard let size = facts.size, reached < size else { return }
            }
            switch outcome.ending {
            case .exited(33) where start > 0:
                // The server cannot continue a file: from the start then.
                try FileSystem.remove(part)
            case .exited(0), .exited(18), .exited(28), .exited(52), .exited(55), .exited(56),
                .exited(92):
                if reached > start { continue }
                throw HubError.incomplete(source: source, received: reached, expected: facts.size)
            default:
                throw failure(outcome, status: Self.status(in: outcome.errorText), missing: nil)
            }
        }
    }

    private func transfer(_ facts: Facts, _ progress: (PullProgress) -> Void) throws
        -> Subprocess.Outcome
    {
        let writer = try StreamWriter(part, appending: true)
        defer { writer.close() }
        var options = ["--fail", "--speed-limit", "1", "--speed-time", "60"]
        if writer.byteCount > 0 { options += ["--continue-at", "\(writer.byteCount)"] }
        progress(.downloading(writer.byteCount, of: facts.size))
        // Through a pipe: when this process is killed, curl ends at its next write.
        return try curl(options).run(onOutput: { piece in
            try writer.write(piece)
            progress(.downloading(writer.byteCount, of: facts.size))
            if let size = facts.size, writer.byteCount > size {
                throw HubError.badSource(
                    "\(source): more bytes than the \(size) that were announced. Run it again.")
            }
        })
    }

    private func finish(_ facts: Facts, _ progress: (PullProgress) -> Void) throws {
        if let expected = facts.sha256 {
            let size = try FileSystem.size(of: part)
            let found = try FileSystem.sha256(of: part) { progress(.checking($0, of: size)) }
            guard found == expected else {
                try FileSystem.remove(part)
                throw HubError.wrongDigest(path: source, expected: expected, found: found)
            }
            try FileSystem.write(
                Array((expected + "\n").utf8), atomicallyTo: Self.digestFile(destination))
        } else {
            try FileSystem.remove(Self.digestFile(destination))
        }
        try FileSystem.place(part, at: destination)
        try FileSystem.remove(tagFile)
    }
}

extension HubDownload {
    /// curl with what every request needs.
    ///
    /// The token goes over standard input: the arguments of a process are for all to see. On a
    /// redirect to another host curl leaves it out.
    private func curl(_ options: [String]) -> Subprocess {
        var configuration = "user-agent = \"billion-llm\"\n"
        if let token {
            let quoted = token.map { "\"\\".contains($0) ? "\\\($0)" : "\($0)" }.joined()
            configuration += "header = \"Authorization: Bearer \(quoted)\"\n"
        }
        return Subprocess(
            "curl",
            [
                "--disable", "--silent", "--show-error", "--location", "--max-redirs", "10",
                "--proto", "=https,http", "--connect-timeout", "20", "--config", "-",
            ] + options + ["--url", file.address(at: endpoint)],
            environment: environment, input: .bytes(Array(configuration.utf8)))
    }

    /// The 404 of `curl: (22) The requested URL returned error: 404`.
    private static func status(in text: String) -> Int {
        let words = text.split { !$0.isASCIIAlphanumeric }
        return words.lazy.compactMap { Int($0) }.first { (400...599).contains($0) } ?? 0
    }

    private func failure(_ outcome: Subprocess.Outcome, status: Int, missing: String?) -> HubError {
        let words = outcome.errorText.split(whereSeparator: \.isNewline).last.map(String.init) ?? ""
        switch status {
        case 401, 403:
            if missing == "RepoNotFound", token != nil { break }
            return .noAccess(
                repository: file.repository, page: "\(endpoint)/\(file.repository)",
                status: status, hasToken: token != nil)
        case 404:
            let part =
                switch missing {
                case "EntryNotFound": "file"
                case "RevisionNotFound": "revision"
                default: ""
                }
            return .notOnHub(
                repository: file.repository, file: file.file, revision: file.revision,
                missing: part)
        case 429:
            return .tooManyRequests(source: source, hasToken: token != nil)
        case 400...:
            return .server(source: source, status: status)
        default:
            break
        }
        switch outcome.ending {
        case .exited(5), .exited(6), .exited(7), .exited(28), .exited(35), .exited(52),
            .exited(56), .exited(60), .exited(97):
            return .offline(source: "\(endpoint) (\(source))", reason: words)
        default:
            return .toolFailed(
                command: "curl", ending: outcome.ending.description, lastWords: words)
        }
    }
}

/// The header lines of all answers on the way; of equal names the first with a value counts for
/// what the hub itself says (`x-...`), the last for what belongs to the bytes.
private struct Headers {
    private var values: [String: [String]] = [:]

    init(_ lines: some Sequence<String>) {
        for line in lines {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let name = line[..<colon].lowercased()
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            values[name, default: []].append(String(value))
        }
    }

    subscript(name: String) -> String? {
        name.hasPrefix("x-") ? values[name]?.first : values[name]?.last
    }
}
