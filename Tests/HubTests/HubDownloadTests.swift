import Basics
import Hub
import TestSupport
import Testing

/// Downloads over curl from a server of the test's own.
@Suite(
    .enabled(if: realPython != nil, needsPython),
    .enabled(if: Subprocess.find("curl") != nil, "curl is not here"), .timeLimit(.minutes(2)))
struct HubDownloadTests {
    private let server: HubServer
    private let home: TemporaryFolder

    init() throws {
        server = try HubServer()
        home = try TemporaryFolder()
    }

    /// A store whose hub behaves in one way.
    private func store(_ behaviour: String, _ variables: [String: String] = [:]) throws
        -> ModelStore
    {
        var environment = ["HOME": home.path, "PATH": "/usr/local/bin:/usr/bin:/bin"]
        environment["HF_ENDPOINT"] = server.address + "/" + behaviour + "/"
        environment.merge(variables) { $1 }
        return ModelStore(paths: try Paths(environment: environment), environment: environment)
    }

    private let location = ModelLocation.huggingFace(
        repository: "org/repo", file: "sub folder/model.gguf", revision: "refs/pr/1")

    private var place: String {
        home[".cache/billion-llm/models/hf/org--repo/refs--pr--1/sub folder/model.gguf"]
    }

    private func names() throws -> [String] {
        try FileSystem.names(in: FileSystem.folder(of: place))
    }

    @Test(arguments: ["plain", "linked"])
    func aFileComesWholeAndChecked(behaviour: String) throws {
        let store = try store(behaviour)
        var steps: [PullProgress] = []
        #expect(try store.pull(location) { steps.append($0) } == place)
        #expect(try FileSystem.read(place) == HubServer.content)
        #expect(try names() == ["model.gguf", "model.gguf.lock", "model.gguf.sha256"])
        #expect(steps.contains(.downloading(300_000, of: 300_000)))
        #expect(steps.last == .checking(300_000, of: 300_000))
        #expect(
            try server.log().first
                == "HEAD /\(behaviour)/org/repo/resolve/refs%2Fpr%2F1/sub%20folder/model.gguf - -")
        let requests = try server.log().count
        #expect(try store.pull(location) == place)
        #expect(try store.verify(location).isKnown)
        #expect(try server.log().count == requests, "what is here is not asked for again")
    }

    @Test func aFileWithoutADigestIsTakenByItsSize() throws {
        let store = try store("small")
        #expect(try store.pull(location) == place)
        #expect(try store.verify(location).isKnown == false)
    }

    @Test func aBrokenTransferGoesOnWhereItStopped() throws {
        _ = try store("breaks").pull(location)
        #expect(try FileSystem.read(place) == HubServer.content)
        let ranges = try server.log().filter { $0.hasPrefix("GET") }
            .compactMap { $0.split(separator: " ").dropFirst(2).first }
        #expect(ranges == ["-", "bytes=100000-", "bytes=200000-"])
    }

    @Test func theNextPullGoesOnAfterOneThatFailed() throws {
        let store = try store("stuck")
        let error = #expect(throws: HubError.self) { try store.pull(location) }
        #expect(
            error?.description
                == "org/repo/sub folder/model.gguf: the transfer broke off after 50000 bytes of "
                + "300000. Run the same command again: it goes on from there.")
        #expect(try FileSystem.size(of: place + ".part") == 50_000)
        #expect(try store.locate(location) == nil)
        try server.folder.write("plain", to: "mode")
        #expect(try store.pull(location) == place)
        #expect(try server.log().last?.contains(" bytes=50000- ") == true)
        #expect(try FileSystem.read(place) == HubServer.content)
    }

    @Test func partsOfAnotherVersionAreDropped() throws {
        try FileSystem.write([UInt8](repeating: 1, count: 1000), atomicallyTo: place + ".part")
        try FileSystem.write(Array("another".utf8), atomicallyTo: place + ".part.tag")
        _ = try store("plain").pull(location)
        #expect(try FileSystem.read(place) == HubServer.content)
    }

    @Test func aServerThatCannotContinueStartsAgain() throws {
        let tag = Array(SHA256.hex(of: HubServer.content).utf8)
        try FileSystem.write(Array(HubServer.content[..<1000]), atomicallyTo: place + ".part")
        try FileSystem.write(tag, atomicallyTo: place + ".part.tag")
        _ = try store("norange").pull(location)
        #expect(try FileSystem.read(place) == HubServer.content)
    }

    @Test func wrongBytesAreRefusedAndNotKept() throws {
        let error = #expect(throws: HubError.self) { try store("wrong").pull(location) }
        #expect(error?.description.contains("expected SHA-256 bbbb") == true)
        #expect(try names() == ["model.gguf.lock", "model.gguf.part.tag"])
    }

    @Test func aFlippedByteIsCaught() throws {
        let store = try store("plain")
        _ = try store.pull(location)
        var bytes = HubServer.content
        bytes[200_000] ^= 128
        try FileSystem.write(bytes, atomicallyTo: place)
        #expect(throws: HubError.self) { try store.verify(location) }
        #expect(try store.locate(location) == nil)
        #expect(try store.pull(location) == place)
        #expect(try FileSystem.read(place) == HubServer.content)
    }

    @Test(arguments: [
        (
            "401", false,
            "refuses access (401). It may be gated, private or misspelt: ask for access at"
        ),
        ("401", true, "refuses access (401). The token in HF_TOKEN does not open it"),
        ("403", true, "refuses access (403). The token in HF_TOKEN does not open it"),
        (
            "404", false,
            "org/repo: nothing there for 'sub folder/model.gguf' at revision 'refs/pr/1' (404)."
        ),
        ("noentry", false, "org/repo: no file 'sub folder/model.gguf' at revision 'refs/pr/1'."),
        ("norevision", false, "org/repo: no revision 'refs/pr/1'."),
        (
            "429", false,
            "too many requests (429). Wait some minutes and run the same command again; with HF_TOKEN"
        ),
        ("429", true, "too many requests (429). Wait some minutes and run the same command again."),
        ("503", false, "the server answered with status 503."),
        ("never", false, "the transfer broke off after 0 bytes of 300000."),
    ])
    func whatTheHubSays(behaviour: String, hasToken: Bool, expected: String) throws {
        let store = try store(behaviour, hasToken ? ["HF_TOKEN": "hf_secret"] : [:])
        let error = #expect(throws: HubError.self) { try store.pull(location) }
        let sentence = error?.description ?? ""
        #expect(sentence.contains(expected))
        #expect(!sentence.contains("hf_secret"))
        #expect(!FileSystem.exists(place))
    }

    @Test func theTokenIsSentAndNotShown() throws {
        _ = try store("plain", ["HF_TOKEN": " hf_\"se\\cret\n"]).pull(location)
        #expect(try server.log().allSatisfy { $0.hasSuffix(" Bearer hf_\"se\\cret") })
    }

    @Test func offline() throws {
        // A port that nobody listens on any more.
        let store = try store("plain", ["HF_ENDPOINT": "http://127.0.0.1:1"])
        let error = #expect(throws: HubError.self) { try store.pull(location) }
        #expect(error?.description.contains("cannot be reached (curl: (7) ") == true)
        #expect(error?.description.contains("Check the network") == true)
    }

    @Test func offlineByChoice() throws {
        let store = try store("plain", ["HF_HUB_OFFLINE": "1"])
        #expect(throws: HubError.offlineByChoice(source: "org/repo/sub folder/model.gguf")) {
            try store.pull(location)
        }
        #expect(try server.log().isEmpty)
        // What is in the cache needs no network.
        _ = try self.store("plain").pull(location)
        #expect(try store.pull(location) == place)
    }

    @Test func withoutCurlTheSentenceNamesTheCommand() throws {
        let store = try store("plain", ["PATH": home["empty"]])
        let error = #expect(throws: HubError.programMissing("curl")) { try store.pull(location) }
        #expect(error?.description.contains("install curl") == true)
    }
}

extension SHA256 {
    fileprivate static func hex(of bytes: [UInt8]) -> String {
        var hash = SHA256()
        hash.update(bytes)
        return hash.hexDigest()
    }
}
