import Basics

/// What the environment says about the hub, by the names and rules of its own client.
struct HubSettings: Sendable {
    let environment: [String: String]
    let endpoint: HubAddress
    /// The folder that the hub's own client keeps repositories in.
    let cache: String
    let isOffline: Bool
    let token: Token?
    /// How files are cut and how patient we are; tests have smaller pieces and no patience.
    var pace = HubPace()

    struct Token: Sendable, Hashable {
        let text: String
        /// How messages name the place it is from.
        let origin: String
    }

    init(environment: [String: String]) throws(HubError) {
        self.environment = environment
        var text = environment["HF_ENDPOINT"] ?? ""
        while text.hasSuffix("/") { text.removeLast() }
        guard let endpoint = HubAddress(text.isEmpty ? "https://huggingface.co" : text) else {
            throw .badSource("HF_ENDPOINT: expected an http or https address, found '\(text)'.")
        }
        self.endpoint = endpoint
        let home: String
        if let folder = try Self.folder(["HF_HOME"], environment) {
            home = folder
        } else {
            home = try Self.userCache(environment, "huggingface")
        }
        cache =
            try Self.folder(["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"], environment)
            ?? FileSystem.join(home, "hub")
        isOffline =
            Self.isSet("HF_HUB_OFFLINE", environment)
            || Self.isSet("TRANSFORMERS_OFFLINE", environment)
        let tokenFile =
            try Self.folder(["HF_TOKEN_PATH"], environment) ?? FileSystem.join(home, "token")
        token = Self.token(environment, file: tokenFile)
    }

    private static func isSet(_ name: String, _ environment: [String: String]) -> Bool {
        ["1", "ON", "YES", "TRUE"].contains((environment[name] ?? "").uppercased())
    }

    private static func token(_ environment: [String: String], file: String) -> Token? {
        func clean(_ text: String) -> String? {
            // What cannot stand in a header line would only confuse the other side.
            let kept = text.filter { !$0.isWhitespace && !$0.isNewline && $0.isASCII }
            return kept.isEmpty ? nil : kept
        }
        for name in ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"] {
            if let text = environment[name].flatMap(clean) {
                return Token(text: text, origin: name)
            }
        }
        if isSet("HF_HUB_DISABLE_IMPLICIT_TOKEN", environment) { return nil }
        guard let bytes = try? FileSystem.read(file),
            let text = clean(String(decoding: bytes, as: UTF8.self))
        else { return nil }
        return Token(text: text, origin: "the hub's token file")
    }

    /// The first of these variables with a value, `~` and `$NAME` replaced as the hub's client
    /// does; relative ones are relative to the working folder.
    private static func folder(_ names: [String], _ environment: [String: String])
        throws(HubError) -> String?
    {
        for name in names {
            guard let value = environment[name], !value.isEmpty else { continue }
            let path = expanded(value, environment)
            if path.hasPrefix("/") { return path }
            return try hub(in: path) { FileSystem.join(try Paths.workingFolder(), path) }
        }
        return nil
    }

    private static func userCache(_ environment: [String: String], _ name: String)
        throws(HubError) -> String
    {
        if let value = environment["XDG_CACHE_HOME"], value.hasPrefix("/") {
            return FileSystem.join(value, name)
        }
        guard let home = environment["HOME"], home.hasPrefix("/") else {
            throw .badSource("HOME: not set to a folder, and neither is HF_HOME. Set one of them.")
        }
        return FileSystem.join(FileSystem.join(home, ".cache"), name)
    }

    /// `~/x`, `$NAME` and `${NAME}`; what is not set stays as it is written.
    private static func expanded(_ text: String, _ environment: [String: String]) -> String {
        var rest = Substring(text)
        var result = ""
        if rest == "~" || rest.hasPrefix("~/"), let home = environment["HOME"] {
            result = home
            rest = rest.dropFirst()
        }
        while let mark = rest.firstIndex(of: "$") {
            result += rest[..<mark]
            rest = rest[mark...].dropFirst()
            let isBraced = rest.hasPrefix("{")
            let body = isBraced ? rest.dropFirst() : rest
            let name = body.prefix { $0.isASCIIAlphanumeric || $0 == "_" }
            let after = body[name.endIndex...]
            if let value = environment[String(name)], !isBraced || after.hasPrefix("}") {
                result += value
                rest = isBraced ? after.dropFirst() : after
            } else {
                result += "$"
            }
        }
        return result + rest
    }
}

/// Sizes and pauses of a download.
struct HubPace: Sendable, Hashable {
    /// A file is cut into sixteen pieces, unless those would be smaller or larger than this.
    var smallestPiece: Int64 = 1 << 20
    var largestPiece: Int64 = 64 << 20
    /// Pieces that are fetched at a time.
    var connections = 4
    /// Attempts in a row that bring nothing, until we give up.
    var attempts = 6
    /// Before the second attempt; doubles with each one after.
    var firstPause = Duration.seconds(1)
    var longestPause = Duration.seconds(60)

    func pieceBytes(ofFile size: Int64) -> Int64 {
        min(max(size / 16, smallestPiece), largestPiece)
    }
}
