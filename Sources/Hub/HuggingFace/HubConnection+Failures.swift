import Basics

extension HubConnection {
    /// What an answer without the wanted bytes means; nil for one that is fine so far.
    func failure(_ answer: Answer, file: HubFile) -> HubError? {
        let repository = file.repository.name
        let page = settings.endpoint.appending(file.repository.addressPath).description
        let token = settings.token?.origin
        switch (answer.status, answer["x-error-code"]) {
        case (200, _), (206, _):
            return nil
        case (0, _):
            return transportFailure(answer, source: file.source)
        case (_, "GatedRepo"):
            return .gated(repository: repository, page: page, token: token)
        case (_, "RevisionNotFound"):
            return missing(file, "revision")
        case (_, "EntryNotFound"):
            return missing(file, "file")
        case (_, "RepoNotFound") where token == nil:
            return missing(file, "repository")
        case (401, _), (403, _):
            if answer["x-error-message"]?.hasPrefix("Invalid credentials") == true, let token {
                return .badToken(repository: repository, token: token)
            }
            return .noAccess(
                repository: repository, page: page, status: answer.status, token: token)
        case (_, "RepoNotFound"):
            return missing(file, "repository")
        case (404, _):
            return missing(file, "")
        case (429, _):
            return .tooManyRequests(source: file.source, hasToken: token != nil)
        default:
            return .server(source: file.source, status: answer.status)
        }
    }

    private func missing(_ file: HubFile, _ part: String) -> HubError {
        .notOnHub(
            repository: file.repository.name, file: file.path, revision: file.revision,
            missing: part, hasToken: settings.token != nil)
    }

    /// curl's own exit codes.
    private func transportFailure(_ answer: Answer, source: String) -> HubError {
        switch answer.ending {
        case .exited(5), .exited(6), .exited(7), .exited(16), .exited(18), .exited(28),
            .exited(35), .exited(52), .exited(55), .exited(56), .exited(60), .exited(92),
            .exited(97):
            .offline(
                source: "\(settings.endpoint.origin) (\(source))", reason: answer.words)
        default:
            .toolFailed(
                command: "curl", ending: answer.ending.description, lastWords: answer.words)
        }
    }
}

extension HubError {
    /// Whether the same request may well succeed a little later.
    var isPassing: Bool {
        switch self {
        case .offline, .tooManyRequests, .incomplete: true
        case .server(_, let status): status == 408 || status >= 500
        default: false
        }
    }
}

/// How long to wait before the next attempt, and when to give up.
struct Patience {
    private let pace: HubPace
    private var failures = 0

    init(_ pace: HubPace) { self.pace = pace }

    /// nil when it is enough.
    ///
    /// A server that says `Retry-After` is listened to, within reason.
    mutating func next(after answer: HubConnection.Answer) -> Duration? {
        failures += 1
        guard failures < pace.attempts else { return nil }
        let doubled = pace.firstPause * (1 << min(failures - 1, 16))
        let asked = answer["retry-after"].flatMap { Int($0) }.map { Duration.seconds(max(0, $0)) }
        return min(max(doubled, asked ?? .zero), pace.longestPause)
    }
}
