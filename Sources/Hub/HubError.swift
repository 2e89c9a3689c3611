import Basics

/// Why a model is not to be had, with what to do next.
package enum HubError: Error, Sendable, Hashable, CustomStringConvertible {
    case unknownModel(String)
    case noFile(path: String, near: String?)
    /// A source in a manifest that cannot be: the text is the whole sentence.
    case badSource(String)
    case notPulled(name: String)
    case programMissing(String)
    case pipMissing(python: String)
    case offline(source: String, reason: String)
    case noSuchPackage(requirement: String, available: String, warning: String)
    case noSuchMember(package: String, file: String, available: [String])
    case badArchive(package: String, reason: String)
    case wrongDigest(path: String, expected: String, found: String)
    case diskFull(folder: String, needed: Int64?, free: Int64)
    /// The owner must grant access first.
    case gated(repository: String, page: String, token: String?)
    /// The hub does not know the token; `token` names where it is from.
    case badToken(repository: String, token: String)
    /// The hub says no and not why: 401, 403.
    case noAccess(repository: String, page: String, status: Int, token: String?)
    /// 404: the repository, the revision or the file.
    case notOnHub(
        repository: String, file: String, revision: String, missing: String, hasToken: Bool)
    /// An answer that the hub itself would not give.
    case badAnswer(source: String, String)
    /// A file that could run code.
    case unsafeFile(source: String, kind: String)
    /// A repository without all that a model needs.
    case unusableRepository(repository: String, revision: String, String)
    case tooManyRequests(source: String, hasToken: Bool)
    case server(source: String, status: Int)
    case offlineByChoice(source: String)
    case incomplete(source: String, received: Int64, expected: Int64?)
    case toolFailed(command: String, ending: String, lastWords: String)
    case system(BasicsError)

    package var description: String {
        switch self {
        case .unknownModel(let name):
            ModelCatalog.complaint(about: name, among: ModelCatalog.models)
        case .noFile(let path, let near):
            "\(path): no such model file." + (near.map { " Did you mean '\($0)'?" } ?? "")
        case .badSource(let sentence):
            sentence
        case .notPulled(let name):
            "\(name): not in the cache yet. Run: billion models pull \(name)"
        case .programMissing(let program):
            "\(program): no such program on PATH; models are downloaded with it. Run: "
                + InstallCommand.text(for: program)
        case .pipMissing(let python):
            "\(python): has no pip, which downloads models. Run: "
                + InstallCommand.text(for: "pip") + "   (or: python3 -m ensurepip)"
        case .offline(let source, let reason):
            "\(source): cannot be reached (\(reason)). Check the network and the proxy settings, "
                + "then run the same command again."
        case .noSuchPackage(let requirement, let available, let warning):
            "\(requirement): pip finds no such package version as a wheel (available: "
                + "\(available.isEmpty ? "none" : available)). Check the name, the version and "
                + "`python3 -m pip config list`."
                + (warning.isEmpty ? "" : " pip warns: \(warning)")
        case .noSuchMember(let package, let file, let available):
            "\(package): the wheel holds no file '\(file)'."
                + Suggestion.sentence(for: file, among: available.prefix(10))
        case .badArchive(let package, let reason):
            "\(package): the downloaded wheel cannot be read (\(reason)). "
                + "Run the same command again."
        case .wrongDigest(let path, let expected, let found):
            "\(path): expected \(expected.utf8.count == 40 ? "git SHA-1" : "SHA-256") "
                + "\(expected), found \(found). The file is damaged or not the one that was meant; pull it again, and if that does not help, check the "
                + "digest with the source."
        case .diskFull(let folder, let needed, let free):
            "\(folder): not enough space, "
                + (needed.map { "\(ByteCount.text($0)) needed and " } ?? "")
                + "\(ByteCount.text(free)) free. Make room, or set XDG_CACHE_HOME to a folder on "
                + "a larger disk."
        case .gated(let repository, let page, let token):
            "\(repository): gated: its owner gives access on request. "
                + (token.map { "The token in \($0) belongs to an account without it: ask" } ?? "Ask")
                + " for access at \(page)"
                + (token == nil
                    ? ", make a token for that account at https://huggingface.co/settings/tokens, "
                        + "set HF_TOKEN to it and run the same command again."
                    : " with that account and run the same command again.")
        case .badToken(let repository, let token):
            "\(repository): the hub does not accept the token in \(token). Make a new one at "
                + "https://huggingface.co/settings/tokens and set HF_TOKEN to it; public "
                + "repositories need none."
        case .noAccess(let repository, let page, let status, let token):
            "\(repository): not authorised (\(status)). "
                + (token.map { "The token in \($0) does not open it: ask for access at \(page)" }
                    ?? "It may be private, gated or misspelt: look at \(page), and set HF_TOKEN to "
                    + "a token of an account that may read it.")
        case .notOnHub(let repository, let file, let revision, let missing, let hasToken):
            switch missing {
            case "file":
                "\(repository): no file '\(file)' at revision '\(revision)'. "
                    + "Check the name on the repository's page."
            case "revision":
                "\(repository): no revision '\(revision)'. "
                    + "Use a branch, a tag or a commit; the default is 'main'."
            case "repository":
                "\(repository): no such repository on the hub. Check the name; a private one "
                    + (hasToken
                        ? "needs the token of an account that may read it."
                        : "is only seen with HF_TOKEN set.")
            default:
                "\(repository): nothing there for '\(file)' at revision '\(revision)' (404). "
                    + "Check the three names."
            }
        case .badAnswer(let source, let found):
            "\(source): the server does not answer as the model hub does: \(found). "
                + "Check HF_ENDPOINT and the proxy."
        case .unsafeFile(let source, let kind):
            "\(source): \(kind). Such files are not fetched; use one in .safetensors or .gguf."
        case .unusableRepository(let repository, let revision, let sentence):
            "\(repository) at revision '\(revision)': \(sentence) "
                + "Use another revision or repository, or a GGUF file of the model."
        case .tooManyRequests(let source, let hasToken):
            "\(source): too many requests (429). Wait some minutes and run the same command again"
                + (hasToken ? "." : "; with HF_TOKEN set the hub allows more.")
        case .server(let source, let status):
            "\(source): the server answered with status \(status). "
                + "Run the same command again later."
        case .offlineByChoice(let source):
            "\(source): not in the cache, and HF_HUB_OFFLINE forbids to download it. "
                + "Unset it (and TRANSFORMERS_OFFLINE) and run the same command again."
        case .incomplete(let source, let received, let expected):
            "\(source): the transfer broke off after \(received) bytes"
                + (expected.map { " of \($0)" } ?? "")
                + ". Run the same command again: it goes on from there."
        case .toolFailed(let command, let ending, let lastWords):
            "\(command): failed with \(ending)"
                + (lastWords.isEmpty ? "." : ": \(lastWords)")
        case .system(let error):
            error.description
        }
    }
}

/// Runs what may fail in the system's hands and gives the failure this module's type.
func hub<Value>(in folder: String, _ body: () throws -> Value) throws(HubError) -> Value {
    do {
        return try body()
    } catch let error as HubError {
        throw error
    } catch let error as BasicsError {
        if error.isDiskFull {
            let free = (try? FileSystem.freeBytes(at: folder)) ?? 0
            throw .diskFull(folder: folder, needed: nil, free: free)
        }
        if case .programMissing(let name) = error { throw .programMissing(name) }
        throw .system(error)
    } catch {
        throw .badSource("\(folder): \(error)")
    }
}
