import Basics

/// Asks the hub with curl, one process a request.
///
/// Redirects are followed here and not by curl: the token goes to the hub's own origin and to no
/// other, whatever curl's version does. It travels over standard input, because the arguments of a
/// process are for all to see. Nothing of the user's own curl configuration is read; curl itself
/// honours the proxy variables.
struct HubConnection: Sendable {
    let settings: HubSettings

    enum Method {
        case head, get
    }

    /// The head of an answer that is not followed further.
    struct Answer: Sendable {
        let status: Int
        let headers: [String: String]
        /// How the transfer itself ended; `.exited(0)` when the whole answer came.
        var ending: Subprocess.Ending = .exited(0)
        /// curl's own words, when it had any.
        var words = ""

        subscript(name: String) -> String? { headers[name] }

        /// The first byte and the whole size of `Content-Range: bytes 100-199/300`.
        var range: (start: Int64, total: Int64?)? {
            guard let text = self["content-range"], text.lowercased().hasPrefix("bytes ") else {
                return nil
            }
            let parts = text.dropFirst(6).split(whereSeparator: { "-/".contains($0) })
            guard parts.count == 3, let start = Int64(parts[0]) else { return nil }
            return (start, Int64(parts[2]))
        }
    }

    private static let longestChain = 10

    /// The hub's own answer, before it sends us on to where the bytes are.
    ///
    /// A redirect within the hub (a repository that has a new name) is followed.
    func head(_ address: HubAddress) throws -> Answer {
        try follow(address) { address throws in
            let answer = try once(.head, address)
            let next =
                answer["x-linked-etag"] == nil ? Self.next(after: answer, from: address) : nil
            return (answer, next?.origin == settings.endpoint.origin ? next : nil)
        }
    }

    /// The bytes at an address, wherever it leads.
    ///
    /// - Parameters:
    ///   - onHead: sees the final answer's head; false ends the transfer there.
    ///   - onBody: gets the bytes as they come. An error it throws ends the transfer.
    func get(
        _ address: HubAddress, range: ClosedRange<Int64>? = nil, onHead: (Answer) throws -> Bool,
        onBody: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Answer {
        try follow(address) { address throws in
            let answer = try once(
                .get, address, range: range,
                onHead: { try Self.next(after: $0, from: address) == nil && onHead($0) },
                onBody: onBody)
            return (answer, Self.next(after: answer, from: address))
        }
    }

    private func follow(
        _ address: HubAddress, _ step: (HubAddress) throws -> (Answer, HubAddress?)
    ) throws -> Answer {
        var address = address
        for _ in 0...Self.longestChain {
            let (answer, next) = try step(address)
            guard let next else { return answer }
            guard next.scheme == "https" || address.scheme == "http" else {
                throw HubError.badSource(
                    "\(address.origin): sends us on to an address without encryption. "
                        + "Check HF_ENDPOINT and the network.")
            }
            address = next
        }
        throw HubError.badSource(
            "\(settings.endpoint): more than \(Self.longestChain) redirects. Check HF_ENDPOINT.")
    }

    private static func next(after answer: Answer, from address: HubAddress) -> HubAddress? {
        guard [301, 302, 303, 307, 308].contains(answer.status) else { return nil }
        return answer["location"].flatMap { address.following($0) }
    }

    private func once(
        _ method: Method, _ address: HubAddress, range: ClosedRange<Int64>? = nil,
        onHead: (Answer) throws -> Bool = { _ in false },
        onBody: (UnsafeRawBufferPointer) throws -> Void = { _ in }
    ) throws -> Answer {
        var parser = AnswerHead()
        var wantsBody = false
        do {
            let outcome = try command(method, address, range: range).run(onOutput: { piece in
                var piece = piece[...]
                if !parser.isComplete {
                    piece = parser.take(piece)
                    guard parser.isComplete else { return }
                    guard method == .get else { return }
                    wantsBody = try onHead(parser.answer)
                    // curl dies at its next write.
                    if !wantsBody { throw Enough() }
                }
                if wantsBody, !piece.isEmpty {
                    try onBody(UnsafeRawBufferPointer(rebasing: piece))
                }
            })
            var answer = parser.answer
            answer.ending = outcome.ending
            answer.words =
                outcome.errorText.split(whereSeparator: \.isNewline).last.map(String.init) ?? ""
            return answer
        } catch is Enough {
            return parser.answer
        }
    }

    /// The rest of an answer is of no use.
    private struct Enough: Error {}

    private func command(
        _ method: Method, _ address: HubAddress, range: ClosedRange<Int64>?
    ) -> Subprocess {
        var configuration = "user-agent = \"billion-llm\"\n"
        if let token = settings.token, address.origin == settings.endpoint.origin {
            let quoted = token.text.map { "\"\\".contains($0) ? "\\\($0)" : "\($0)" }.joined()
            configuration += "header = \"Authorization: Bearer \(quoted)\"\n"
        }
        var options = [
            "--disable", "--silent", "--show-error", "--proto", "=https,http",
            "--suppress-connect-headers", "--connect-timeout", "20", "--config", "-",
        ]
        switch method {
        case .head: options += ["--head", "--max-time", "60"]
        case .get: options += ["--include", "--speed-limit", "1", "--speed-time", "60"]
        }
        if let range { options += ["--range", "\(range.lowerBound)-\(range.upperBound)"] }
        // What a pipe gets is written at once, so that a broken transfer keeps all that came.
        return Subprocess(
            "curl", options + ["--no-buffer", "--globoff", "--url", address.description],
            environment: settings.environment, input: .bytes(Array(configuration.utf8)))
    }
}

/// Reads status and header lines from the beginning of curl's output.
///
/// Answers on the way to the real one (100, 103) are passed over.
struct AnswerHead {
    private var bytes: [UInt8] = []
    private var lines: [String] = []
    private(set) var isComplete = false

    private static let limit = 1 << 18

    /// Takes what belongs to the head and returns the rest.
    mutating func take(_ piece: Slice<UnsafeRawBufferPointer>) -> Slice<UnsafeRawBufferPointer> {
        var rest = piece
        while !isComplete, let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            bytes += rest[..<end]
            rest = rest[(end + 1)...]
            if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
            line(String(decoding: bytes, as: UTF8.self))
            bytes.removeAll()
        }
        if !isComplete {
            bytes += rest
            rest = rest[rest.endIndex...]
            if bytes.count > Self.limit { bytes.removeAll() }
        }
        return rest
    }

    private mutating func line(_ text: String) {
        if !text.isEmpty {
            if lines.count < 1000 { lines.append(text) }
        } else if (100..<200).contains(status) || lines.isEmpty {
            lines = []
        } else {
            isComplete = true
        }
    }

    /// 0 while there is none.
    private var status: Int {
        let words = lines.first?.split(separator: " ") ?? []
        return words.count > 1 && words[0].hasPrefix("HTTP/") ? Int(words[1]) ?? 0 : 0
    }

    /// Of equal names the first counts.
    var answer: HubConnection.Answer {
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let name = line[..<colon].lowercased()
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            if headers[name] == nil { headers[name] = String(value) }
        }
        return HubConnection.Answer(status: status, headers: headers)
    }
}
